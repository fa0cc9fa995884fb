#!/usr/bin/env bash
# ndex2 3.12.0 drops the defaults false and 0 of CX2, so that edges lose the values that they have by default.
#
# In CX2 the declaration of a property may have a default, "v", which holds for each node or edge that has no value of
# its own. ndex2 fills in the default, unless it is false or 0: then the property is absent, without a warning. A
# default of true is filled in. So the relations without a direction have no property that says so, and a filter for
# those whose "directed" is false finds none of them; in a table made of the network they have no value.
#
# biodir's CX2 has no defaults: each node and edge has its values. Exit status 0 as long as ndex2 behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "ndex2==3.12.0"
cat > "$folder/input.cx2" <<'JSON'
[
  {"CXVersion": "2.0", "hasFragments": false},
  {"metaData": [{"name": "attributeDeclarations", "elementCount": 1}, {"name": "nodes", "elementCount": 2},
                {"name": "edges", "elementCount": 2}]},
  {"attributeDeclarations": [{
    "nodes": {"name": {"d": "string"}},
    "edges": {"directed": {"d": "boolean", "v": false}, "signed": {"d": "integer", "v": 0},
              "novel": {"d": "boolean", "v": true}}
  }]},
  {"nodes": [{"id": 1, "v": {"name": "ferrolin"}}, {"id": 2, "v": {"name": "ABCX1"}}]},
  {"edges": [{"id": 1, "s": 1, "t": 2, "v": {}}, {"id": 2, "s": 2, "t": 1, "v": {"directed": true}}]},
  {"status": [{"success": true, "error": ""}]}
]
JSON
cat > "$folder/read.py" <<'PYTHON'
import json
import sys

from ndex2.cx2 import RawCX2NetworkFactory

with open(sys.argv[1], encoding="utf-8") as file:
    network = RawCX2NetworkFactory().get_cx2network(json.load(file))
for edge in network.get_edges().values():
    print(edge["id"], dict(sorted(edge["v"].items())))
PYTHON
found=$("$folder/venv/bin/python" "$folder/read.py" "$folder/input.cx2")
expected="1 {'novel': True}
2 {'directed': True, 'novel': True}"
echo "$found"
[ "$found" = "$expected" ] || { echo "ndex2 now reads such defaults in another way" >&2; exit 1; }
