#!/usr/bin/env bash
# igraph 1.0.0 gives the edges of a GraphML file the ids of its nodes.
#
# In GraphML nodes and edges may each have an XML attribute id. igraph makes an attribute "id" of both, but takes the
# values of the edges from the nodes: the first edge has the id of the first node, and so on; where there are more edges
# than nodes, the rest have an empty one. The ids of the edges are gone, without a warning. Whoever looks up a relation
# by its id finds none, and a table of relations that is joined by id gets the names of entities.
#
# biodir gives each edge an id in GraphML, so that is lost; all else of an edge is in properties, which igraph keeps.
# Exit status 0 as long as igraph behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "igraph==1.0.0"
cat > "$folder/input.graphml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <graph edgedefault="directed">
    <node id="D900001"/>
    <node id="90001"/>
    <edge id="R1" source="D900001" target="90001"/>
    <edge id="R2" source="90001" target="D900001"/>
    <edge id="R3" source="90001" target="90001"/>
  </graph>
</graphml>
XML
cat > "$folder/read.py" <<'PYTHON'
import sys

import igraph

graph = igraph.Graph.Read_GraphML(sys.argv[1])
print(graph.vs["id"], graph.es["id"])
PYTHON
found=$("$folder/venv/bin/python" "$folder/read.py" "$folder/input.graphml")
echo "$found"
[ "$found" = "['D900001', '90001'] ['D900001', '90001', '']" ] ||
  { echo "igraph now reads the ids of edges in another way" >&2; exit 1; }
