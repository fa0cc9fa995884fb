#!/usr/bin/env bash
# obonet 1.3.0 cuts a quoted text of OBO at an exclamation mark, and with it the rest of its line.
#
# A line of OBO may end with a comment, which begins with "!". Within quotes the mark is text and needs no escape, and
# fastobo 0.14.2, which has the grammar of OBO 1.4, reads it so. obonet takes what follows the first " !" for the
# comment wherever it stands. A synonym becomes half a name in quotes that never close, without its scope, and a
# definition loses its end and its sources, without a warning. A dictionary made of it lacks the name, and a definition
# may say more than its authors did.
#
# biodir reads names and synonyms of OBO itself. Exit status 0 as long as obonet behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "obonet==1.3.0"
cat > "$folder/input.obo" <<'TEXT'
format-version: 1.4
ontology: madeup

[Term]
id: X:0000001
name: ferrolin
def: "A blocker of ABCX1 in mice !not in humans." [PMID:7001]
synonym: "ferrolin !A" EXACT []
synonym: "ferrolin B" EXACT [] ! a comment
TEXT
cat > "$folder/read.py" <<'PYTHON'
import sys

import obonet

term = obonet.read_obo(sys.argv[1]).nodes["X:0000001"]
print(term["def"], *term["synonym"], sep="\n")
PYTHON
found=$("$folder/venv/bin/python" "$folder/read.py" "$folder/input.obo")
expected='"A blocker of ABCX1 in mice
"ferrolin
"ferrolin B" EXACT []'
echo "$found"
[ "$found" = "$expected" ] || { echo "obonet now reads such lines in another way" >&2; exit 1; }
