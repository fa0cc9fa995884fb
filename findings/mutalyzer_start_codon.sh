#!/usr/bin/env bash
# mutalyzer-hgvs-parser 0.4.0 reads "consequence unknown" at a start codon as a repeat of the first amino acid.
#
# HGVS has p.(Met1?) for a variant of the start codon whose consequence for the protein is not known, and p.0? where
# there may be no protein; databases have many of them. p.Met1[?] would be a repeat, so many copies of methionine that
# nobody knows the number. The parser gives the same model for both, of type "repeat", without a warning. Who filters by
# the type of variants finds repeats among those that lose their start, and at position 0, which no protein has.
#
# biodir does not use mutalyzer-hgvs-parser. Exit status 0 as long as mutalyzer-hgvs-parser behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "mutalyzer-hgvs-parser==0.4.0"
cat > "$folder/read.py" <<'PYTHON'
from mutalyzer_hgvs_parser import to_model

for name in ("p.(Met1?)", "p.(Met1[?])", "p.0?"):
    (variant,) = to_model(f"NP_900001.1:{name}")["variants"]
    print(name, variant["type"], variant["location"]["position"], variant["inserted"])
PYTHON
found=$("$folder/venv/bin/python" "$folder/read.py")
expected="p.(Met1?) repeat 1 [{'length': {'uncertain': True, 'type': 'point'}}]
p.(Met1[?]) repeat 1 [{'length': {'uncertain': True, 'type': 'point'}}]
p.0? repeat 0 [{'length': {'uncertain': True, 'type': 'point'}}]"
echo "$found"
[ "$found" = "$expected" ] || { echo "mutalyzer-hgvs-parser now reads such variants in another way" >&2; exit 1; }
