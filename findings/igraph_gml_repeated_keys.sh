#!/usr/bin/env bash
# igraph 1.0.0 keeps one value of a key that stands more than once in a node or edge of a GML file.
#
# GML has no lists: a key that is repeated has several values, and networkx, which writes lists so, reads them as lists.
# igraph takes the last and drops the others, without a warning. Of the articles that state a relation one is left, and
# of the names of a gene one, by the order in which they were written; who counts articles counts one for each edge.
#
# biodir writes no GML. Seen with networkx 3.6.1. Exit status 0 as long as igraph behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "igraph==1.0.0" "networkx==3.6.1"
cat > "$folder/input.gml" <<'TEXT'
graph [
  directed 1
  node [
    id 0
    label "ferrolin"
  ]
  node [
    id 1
    label "ABCX1"
    synonym "ABCX-1"
    synonym "Abc-X"
  ]
  edge [
    source 0
    target 1
    pmid "7001"
    pmid "7002"
    pmid "7003"
  ]
]
TEXT
cat > "$folder/read.py" <<'PYTHON'
import sys

import igraph
import networkx

graph = networkx.read_gml(sys.argv[1])
print("networkx", graph.nodes["ABCX1"]["synonym"], *(values for _, _, values in graph.edges(data="pmid")))
graph = igraph.Graph.Read_GML(sys.argv[1])
print("igraph", graph.vs[1]["synonym"], *graph.es["pmid"])
PYTHON
found=$("$folder/venv/bin/python" "$folder/read.py" "$folder/input.gml" 2>&1)
expected="networkx ['ABCX-1', 'Abc-X'] ['7001', '7002', '7003']
igraph Abc-X 7003"
echo "$found"
[ "$found" = "$expected" ] || { echo "igraph now reads repeated keys in another way" >&2; exit 1; }
