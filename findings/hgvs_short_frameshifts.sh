#!/usr/bin/env bash
# hgvs 1.5.7 changes p.Arg97fs, the short form of a frameshift, into a name that HGVS does not have.
#
# HGVS has a long form of frameshifts, p.Arg97ProfsTer23, with the first new amino acid and the place of the new stop, and
# a short one, which says neither. hgvs reads both and writes the short one with "Ter" but without a number, or in its
# style of one letter as R97fs*. The variant that went in is not what comes out, a join of the two finds nothing, and
# mutalyzer-hgvs-parser 0.4.0, which reads the short form, refuses the other. The long form stays as it is.
#
# biodir does not use hgvs. Exit status 0 as long as hgvs behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "hgvs==1.5.7" "mutalyzer-hgvs-parser==0.4.0"
cat > "$folder/write.py" <<'PYTHON'
import hgvs.parser
from mutalyzer_hgvs_parser import to_model
from mutalyzer_hgvs_parser.exceptions import UnexpectedCharacter, UnexpectedEnd


def read_by_mutalyzer(name):
    try:
        return to_model(name)["variants"][0]["type"]
    except (UnexpectedCharacter, UnexpectedEnd) as error:
        return type(error).__name__


parser = hgvs.parser.Parser()
for name in ("NP_900001.1:p.Arg97ProfsTer23", "NP_900001.1:p.Arg97fs"):
    written = str(parser.parse_hgvs_variant(name))
    print(name, read_by_mutalyzer(name), written, read_by_mutalyzer(written))
PYTHON
found=$("$folder/venv/bin/python" "$folder/write.py")
expected="NP_900001.1:p.Arg97ProfsTer23 frame_shift NP_900001.1:p.Arg97ProfsTer23 frame_shift
NP_900001.1:p.Arg97fs frame_shift NP_900001.1:p.Arg97fsTer UnexpectedEnd"
echo "$found"
[ "$found" = "$expected" ] || { echo "hgvs now writes such frameshifts in another way" >&2; exit 1; }
