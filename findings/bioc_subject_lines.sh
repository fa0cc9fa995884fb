#!/usr/bin/env bash
# bioc 2.1 reads the direction lines of BioREDirect as relations.
#
# BioREDirect adds lines "PMID<tab>id1<tab>id2<tab>Subject:id" to PubTator, which name the subject of a pair. They have
# four columns, as relation lines of PubTator have. `bioc.pubtator.load` takes each for a relation whose type is the
# first identifier and whose second argument is "Subject:id", without a warning. So the pair counts twice, and one of
# the two has no type that exists. The novelty in the fifth column of a relation line is dropped, also without one.
#
# biodir therefore writes direction and novelty only where they were asked for (--dialect bioredirect).
# Seen with bioc 2.1. Exit status 0 as long as bioc behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "bioc==2.1"
cat > "$folder/input.pubtator" <<'TEXT'
7001|t|Ferrolin binds ABCX1.
7001|a|The binding was seen in serum.
7001	0	8	Ferrolin	ChemicalEntity	D900001
7001	15	20	ABCX1	GeneOrGeneProduct	90001
7001	Bind	D900001	90001	Novel
7001	D900001	90001	Subject:D900001

TEXT
cat > "$folder/read.py" <<'PYTHON'
import sys

from bioc import pubtator

with open(sys.argv[1], encoding="utf-8") as file:
    (document,) = pubtator.load(file)
for relation in document.relations:
    print(relation.type, relation.id1, relation.id2)
PYTHON
found=$("$folder/venv/bin/python" "$folder/read.py" "$folder/input.pubtator")
expected=$(printf 'Bind D900001 90001\nD900001 90001 Subject:D900001')
echo "$found"
[ "$found" = "$expected" ] || { echo "bioc now reads these lines in another way" >&2; exit 1; }
