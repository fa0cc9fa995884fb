#!/usr/bin/env bash
# networkx 3.6.1 writes JSON for Cytoscape whose edges join nodes that are not there, if nodes have an attribute "id".
#
# In the JSON of Cytoscape and Cytoscape.js the source and target of an edge are ids of nodes. cytoscape_data takes the id
# of a node from its attribute "id" where it has one, and source and target from the nodes of the graph themselves. So
# graphs of names whose nodes keep their identifiers as "id" lose all edges where the file is read by its ids. networkx
# itself reads the file, because it looks at "value" in place of the id, and nothing warns.
#
# biodir writes no JSON of Cytoscape. Exit status 0 as long as networkx behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "networkx==3.6.1"
cat > "$folder/write.py" <<'PYTHON'
import networkx

for attribute in ("curie", "id"):
    graph = networkx.DiGraph()
    graph.add_node("ferrolin", **{attribute: "MESH:D900001"})
    graph.add_node("ABCX1", **{attribute: "NCBIGene:90001"})
    graph.add_edge("ferrolin", "ABCX1")
    elements = networkx.cytoscape_data(graph)["elements"]
    nodes, edges = ([element["data"] for element in elements[kind]] for kind in ("nodes", "edges"))
    print(attribute, *(node["id"] for node in nodes), *(f"{edge['source']}->{edge['target']}" for edge in edges))
PYTHON
found=$("$folder/venv/bin/python" "$folder/write.py")
expected="curie ferrolin ABCX1 ferrolin->ABCX1
id MESH:D900001 NCBIGene:90001 ferrolin->ABCX1"
echo "$found"
[ "$found" = "$expected" ] || { echo "networkx now writes these ids in another way" >&2; exit 1; }
