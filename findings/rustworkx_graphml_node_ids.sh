#!/usr/bin/env bash
# rustworkx 0.18.1 loses the identifiers of nodes if the GraphML file keeps them in a property named "id".
#
# In GraphML a key may have any name, as attr.name, and its values are apart from the XML attribute id of a node, which
# only links the edges. rustworkx puts both into one mapping under the name "id": the XML attribute wins, and the value
# of the key is gone, without a warning. networkx writes such files for nodes with an attribute id. So names or numbers
# stand where the identifiers of genes were, and a join with another table finds nothing. Edges keep the property.
#
# No property of biodir's GraphML is named "id". Exit status 0 as long as rustworkx behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "rustworkx==0.18.1"
cat > "$folder/input.graphml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="k1" for="node" attr.name="id" attr.type="string"/>
  <key id="k2" for="edge" attr.name="id" attr.type="string"/>
  <graph edgedefault="directed">
    <node id="n1"><data key="k1">MESH:D900001</data></node>
    <node id="n2"><data key="k1">NCBIGene:90001</data></node>
    <edge source="n1" target="n2"><data key="k2">R1</data></edge>
  </graph>
</graphml>
XML
cat > "$folder/read.py" <<'PYTHON'
import sys

import rustworkx

(graph,) = rustworkx.read_graphml(sys.argv[1])
print(graph.nodes(), graph.edges())
PYTHON
found=$("$folder/venv/bin/python" "$folder/read.py" "$folder/input.graphml")
echo "$found"
[ "$found" = "[{'id': 'n1'}, {'id': 'n2'}] [{'id': 'R1'}]" ] ||
  { echo "rustworkx now reads such a property in another way" >&2; exit 1; }
