#!/usr/bin/env bash
# abbreviations 0.2.5 finds no abbreviation in a line that has one bracket without a partner.
#
# Abstracts number their points as "1)" and "(2" often enough. The library compares the counts of opening and closing
# brackets of each line and, where they differ, leaves out the line with all its definitions; only a message of level
# debug says so. The same line without its number gives the abbreviation.
#
# biodir's finder looks at the brackets of one definition only. Exit status 0 as long as the library behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "abbreviations==0.2.5"
cat > "$folder/find.py" <<'PYTHON'
from abbreviations import schwartz_hearst

for text in ("We gave tumor necrosis factor (TNF).", "1) We gave tumor necrosis factor (TNF)."):
    print(schwartz_hearst.extract_abbreviation_definition_pairs(doc_text=text))
PYTHON
found=$("$folder/venv/bin/python" "$folder/find.py")
expected="{'TNF': 'tumor necrosis factor'}
{}"
echo "$found"
[ "$found" = "$expected" ] || { echo "abbreviations now treats such lines in another way" >&2; exit 1; }
