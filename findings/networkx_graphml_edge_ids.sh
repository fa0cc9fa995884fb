#!/usr/bin/env bash
# networkx 3.6.1 gives all edges of a multigraph the id "0" in GraphML, unless they join the same two nodes.
#
# The key of an edge in a MultiDiGraph counts the edges between two nodes. networkx writes it as the id of the edge, which
# GraphML wants to be unique in the graph. networkx itself reads the file; a reader that stores edges by id keeps the
# last one or refuses the file.
#
# biodir numbers the edges itself. Seen with networkx 3.6.1. Exit status 0 as long as networkx behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "networkx==3.6.1"
cat > "$folder/write.py" <<'PYTHON'
import io
import re

import networkx

graph = networkx.MultiDiGraph()
for subject, target in (("D900001", "90001"), ("90001", "D900002"), ("90002", "D900002")):
    graph.add_edge(subject, target, relation="Bind")
written = io.BytesIO()
networkx.write_graphml(graph, written)
print(*re.findall(r'<edge [^>]*id="([^"]*)"', written.getvalue().decode()))
PYTHON
found=$("$folder/venv/bin/python" "$folder/write.py")
echo "$found"
[ "$found" = "0 0 0" ] || { echo "networkx now names edges in another way" >&2; exit 1; }
