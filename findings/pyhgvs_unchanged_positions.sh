#!/usr/bin/env bash
# pyhgvs 0.11.1 takes the last digit of a position for a length: c.76= becomes c.7, with six unknown bases.
#
# HGVS writes "no change at this position" as c.76=, without the base, and g.1234= likewise. pyhgvs lets a number of bases
# stand before "=", and so reads digits of the position as that number. The variant is at another place of the gene then,
# and what is written is another name, without a warning. With the base, c.76A=, the position is right.
#
# biodir does not use pyhgvs. Exit status 0 as long as pyhgvs behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "pyhgvs==0.11.1"
cat > "$folder/read.py" <<'PYTHON'
import pyhgvs

for name in ("NM_900001.1:c.76A=", "NM_900001.1:c.76=", "NM_900001.1:c.123="):
    variant = pyhgvs.HGVSName(name)
    print(name, variant.cdna_start, variant.format())
PYTHON
found=$("$folder/venv/bin/python" "$folder/read.py")
expected="NM_900001.1:c.76A= 76 NM_900001.1:c.76A=
NM_900001.1:c.76= 7 NM_900001.1:c.7NNNNNN=
NM_900001.1:c.123= 12 NM_900001.1:c.12NNN="
echo "$found"
[ "$found" = "$expected" ] || { echo "pyhgvs now reads such names in another way" >&2; exit 1; }
