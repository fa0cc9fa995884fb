#!/usr/bin/env bash
# networkx 3.6.1 writes booleans into GraphML as Python does: True and False.
#
# The key declares attr.type="boolean", whose values are those of XML Schema: true, false, 1 and 0, in lower case.
# networkx reads its own file; readers that keep to the type refuse the file or drop the edge.
#
# biodir writes them in lower case. Seen with networkx 3.6.1. Exit status 0 as long as networkx behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "networkx==3.6.1"
cat > "$folder/write.py" <<'PYTHON'
import io

import networkx

graph = networkx.DiGraph()
graph.add_edge("D900001", "90001", directed=True)
written = io.BytesIO()
networkx.write_graphml(graph, written)
lines = written.getvalue().decode().replace("><", ">\n<").splitlines()
print(*(line.strip() for line in lines if "boolean" in line or "</data>" in line), sep="\n")
PYTHON
found=$("$folder/venv/bin/python" "$folder/write.py")
echo "$found"
grep -q 'attr.type="boolean"' <<< "$found" && grep -q '>True</data>' <<< "$found" ||
  { echo "networkx now writes booleans in another way" >&2; exit 1; }
