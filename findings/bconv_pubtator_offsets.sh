#!/usr/bin/env bash
# bconv 1.2.1 writes PubTator whose offsets in the abstract are one too high, from the usual BioC.
#
# In BioC a passage has the offset that it says, and between passages there may be a gap. PubTator's own BioC starts the
# abstract one after the end of the title, where PubTator has the line break. bconv writes the passages without the gap
# and adds one to the offsets for each line break that it writes, though these offsets have the gap in them already. The
# text of the mention in the line is right, so the error shows only where it is
# compared with the document.
#
# biodir refuses such a mention and says how far its offsets are off. Exit status 0 as long as bconv behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "bconv==1.2.1"
cat > "$folder/convert.py" <<'PYTHON'
import json
import sys

import bconv

TITLE, ABSTRACT = "Ferrolin binds ABCX1.", "The ABCX1 gene was known."


def passage(kind, offset, text):
    start = offset + text.index("ABCX1")
    infons, locations = {"type": "Gene", "cui": "90001"}, [{"offset": start, "length": 5}]
    annotation = {"id": kind, "infons": infons, "text": "ABCX1", "locations": locations}
    parts = {"sentences": [], "annotations": [annotation], "relations": []}
    return {"offset": offset, "infons": {"type": kind}, "text": text, **parts}


passages = [passage("title", 0, TITLE), passage("abstract", len(TITLE) + 1, ABSTRACT)]
document = {"id": "7001", "infons": {}, "passages": passages, "annotations": [], "relations": []}
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump({"source": "made up", "date": "", "key": "", "infons": {}, "documents": [document]}, file)
written = bconv.dumps(bconv.load(sys.argv[1], fmt="bioc_json"), fmt="pubtator")
lines = written.split("\n")
text = "\n".join(line.split("|", 2)[2] for line in lines[:2])
for line in filter(None, lines[2:]):
    _, start, end, mention, *_ = line.split("\t")
    print(start, end, repr(mention), repr(text[int(start) : int(end)]))
PYTHON
found=$("$folder/venv/bin/python" "$folder/convert.py" "$folder/input.json")
expected="15 20 'ABCX1' 'ABCX1'
27 32 'ABCX1' 'BCX1 '"
echo "$found"
[ "$found" = "$expected" ] || { echo "bconv now writes these offsets in another way" >&2; exit 1; }
