#!/usr/bin/env bash
# pronto 2.7.4 turns a relationship of OBO that holds in one species into one that holds always.
#
# A line of OBO may end with qualifiers in braces. gci_relation and gci_filler limit the relationship to the part of the
# class for which they hold, here that in mice. pronto reads the line without them, and what it writes is without them,
# with no warning. The relationship is then a claim that the ontology does not make.
#
# biodir reads no relationships of OBO. Exit status 0 as long as pronto behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "pronto==2.7.4"
cat > "$folder/input.obo" <<'TEXT'
format-version: 1.4
ontology: madeup

[Term]
id: X:0000001
name: liver

[Term]
id: X:0000002
name: ferrolin cell
relationship: part_of X:0000001 {gci_relation="part_of", gci_filler="NCBITaxon:10090"} ! liver

[Typedef]
id: part_of
name: part of
TEXT
cat > "$folder/convert.py" <<'PYTHON'
import sys

from pronto import Ontology

with open(sys.argv[2], "wb") as file:
    Ontology(sys.argv[1]).dump(file, format="obo")
PYTHON
"$folder/venv/bin/python" "$folder/convert.py" "$folder/input.obo" "$folder/output.obo"
found=$(grep '^relationship:' "$folder/output.obo")
echo "$found"
[ "$found" = "relationship: part_of X:0000001" ] || { echo "pronto now treats qualifiers in another way" >&2; exit 1; }
