#!/usr/bin/env bash
# kgx 2.6.0 keeps one of two edges that differ only in their qualifiers and ids.
#
# In Biolink the direction of an effect is a qualifier: "X causes increased activity of Y" and "X causes decreased activity
# of Y" share subject, predicate and object. KGX loads a file into a graph whose key of an edge is made of these three, so
# that the second edge takes the place of the first, though each has an id of its own. Read as a stream, both come out.
#
# biodir checks its files edge by edge. Exit status 0 as long as KGX behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "kgx==2.6.0"
cd "$folder"
node() { printf '{"id": "%s", "category": ["biolink:%s"], "name": "%s"}\n' "$1" "$2" "$3"; }
edge() {
  printf '{"id": "%s", "subject": "MESH:D900001", "predicate": "biolink:affects", "object": "NCBIGene:90001", ' "$1"
  printf '"qualified_predicate": "biolink:causes", "object_direction_qualifier": "%s", ' "$2"
  printf '"category": ["biolink:Association"], "knowledge_level": "not_provided", "agent_type": "not_provided"}\n'
}
{ node MESH:D900001 ChemicalEntity ferrolin; node NCBIGene:90001 Gene ABCX1; } > made_up_nodes.jsonl
{ edge E1 increased; edge E2 decreased; } > made_up_edges.jsonl
cat > count.py <<'PYTHON'
import logging

logging.disable(logging.CRITICAL)

from kgx.transformer import Transformer

files = {"filename": ["made_up_nodes.jsonl", "made_up_edges.jsonl"], "format": "jsonl"}
transformer = Transformer()
transformer.transform(files)
edges = [data["object_direction_qualifier"] for *_, data in transformer.store.graph.edges(keys=True, data=True)]
print("in memory:", *edges)
output = {"filename": "copy", "format": "jsonl"}
Transformer(stream=True).transform(files, output)
print("as a stream:", sum(1 for _ in open("copy_edges.jsonl")), "edges")
PYTHON
found=$("$folder/venv/bin/python" count.py 2> /dev/null)
expected="in memory: decreased
as a stream: 2 edges"
echo "$found"
[ "$found" = "$expected" ] || { echo "KGX now treats these edges in another way" >&2; exit 1; }
