#!/usr/bin/env bash
# igraph 1.0.0 gives a direction to undirected edges of a GraphML file, or takes it from directed ones.
#
# In GraphML edgedefault says whether edges are directed, and directed="false" or "true" of an edge says otherwise for
# that edge. igraph has graphs of one kind only. It takes edgedefault for all edges and reads past the attribute without
# a warning: an association without a direction becomes a claim that one of the two acts on the other, and in a graph
# that is undirected by default those who act are gone. networkx 3.6.1 refuses either file.
#
# biodir's GraphML has no such attribute; its property "directed" says it. Exit status 0 as long as igraph behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "igraph==1.0.0" "networkx==3.6.1"
cat > "$folder/directed.graphml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <graph edgedefault="directed">
    <node id="D900001"/>
    <node id="90001"/>
    <node id="90002"/>
    <edge source="D900001" target="90001"/>
    <edge source="90002" target="90001" directed="false"/>
  </graph>
</graphml>
XML
sed 's/"false"/"true"/; s/edgedefault="/&un/' "$folder/directed.graphml" > "$folder/undirected.graphml"
cat > "$folder/read.py" <<'PYTHON'
import sys

import igraph
import networkx

for name in sys.argv[1:]:
    graph = igraph.Graph.Read_GraphML(name)
    print(graph.is_directed(), [(edge.source, edge.target) for edge in graph.es], graph.es.attributes())
    try:
        networkx.read_graphml(name)
    except networkx.NetworkXError as error:
        print(error)
PYTHON
found=$("$folder/venv/bin/python" "$folder/read.py" "$folder/directed.graphml" "$folder/undirected.graphml")
expected="True [(0, 1), (2, 1)] []
directed=false edge found in directed graph.
False [(0, 1), (1, 2)] []
directed=true edge found in undirected graph."
echo "$found"
[ "$found" = "$expected" ] || { echo "igraph now reads the direction of edges in another way" >&2; exit 1; }
