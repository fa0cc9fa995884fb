#!/usr/bin/env bash
# bioc 2.1 writes the roles of PubTator 3's relations into XML as the text of Python dicts.
#
# In the BioC JSON of PubTator 3 the infons role1 and role2 of a relation are mappings with identifier and type. BioC XML
# has only strings as infons. bioc writes str() of the mapping, with single quotes, and reads it back as that string:
# neither JSON nor an identifier, without a warning. Whoever takes the infon for an identifier finds no mention of it.
#
# biodir's reader of BioC parses such infons. Seen with bioc 2.1. Exit status 0 as long as bioc behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "bioc==2.1"
cat > "$folder/convert.py" <<'PYTHON'
import json

from bioc import biocjson, biocxml

passage = {"infons": {}, "offset": 0, "text": "Ferrolin binds ABCX1.", "sentences": [], "annotations": [], "relations": []}
roles = {
    "type": "Bind",
    "role1": {"identifier": "MESH:D900001", "type": "Chemical"},
    "role2": {"identifier": "90001", "type": "Gene"},
}
relation = {"id": "R1", "infons": roles, "nodes": []}
document = {"id": "7001", "infons": {}, "passages": [passage], "annotations": [], "relations": [relation]}
collection = {"source": "made up", "date": "", "key": "", "infons": {}, "documents": [document]}
written = biocxml.dumps(biocjson.loads(json.dumps(collection)))
infons = biocxml.loads(written).documents[0].relations[0].infons
print(infons["role1"])
PYTHON
found=$("$folder/venv/bin/python" "$folder/convert.py")
expected="{'identifier': 'MESH:D900001', 'type': 'Chemical'}"
echo "$found"
[ "$found" = "$expected" ] || { echo "bioc now writes these infons in another way" >&2; exit 1; }
