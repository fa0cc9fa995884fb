#!/usr/bin/env bash
# bioc 2.1 drops the identifiers of all entities when it reads brat.
#
# brat's standoff format has identifiers in lines of their own: "N1<tab>Reference T1 MESH:D900001<tab>name" links the
# mention T1 to an entry of a vocabulary. bioc reads lines of mentions, relations, events, attributes, equivalences and
# notes, and passes over those with N without a word; what it writes or turns into BioC is without identifiers. Whoever
# counts relations by identifiers finds none, though the file has them all.
#
# biodir reads brat itself, with these lines. Exit status 0 as long as bioc behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "bioc==2.1"
cat > "$folder/input.ann" <<'TEXT'
T1	Chemical 0 8	Ferrolin
N1	Reference T1 MESH:D900001	ferrolin
T2	Gene 15 20	ABCX1
N2	Reference T2 NCBIGene:90001	ABCX1
R1	Bind Arg1:T1 Arg2:T2
TEXT
cat > "$folder/convert.py" <<'PYTHON'
import sys

from bioc import brat

with open(sys.argv[1], encoding="utf-8") as file:
    print(brat.dumps_ann(brat.loads("Ferrolin binds ABCX1.", file.read(), "7001")).strip())
PYTHON
found=$("$folder/venv/bin/python" "$folder/convert.py" "$folder/input.ann")
expected=$(printf 'T1\tChemical 0 8\tFerrolin\nT2\tGene 15 20\tABCX1\nR1\tBind Arg1:T1 Arg2:T2')
echo "$found"
[ "$found" = "$expected" ] || { echo "bioc now reads these lines in another way" >&2; exit 1; }
