#!/usr/bin/env bash
# KGX 2.6.0 reads "negated" as true from any table that has the column filled, also where it says false.
#
# In the Biolink model a negated edge says that its subject and object are not so related. The cells of a table are
# text, and KGX takes the truth of the text: only an empty cell is not true; "false", "False" and "0" are, without a
# warning. So each claim of such a table is turned into its opposite.
#
# biodir's KGX has no column "negated": it writes only what holds. Exit status 0 as long as KGX behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "kgx==2.6.0" "bmt==1.5.0" "biolink-model==4.4.6"
cat > "$folder/input_nodes.tsv" <<'TEXT'
id	name	category
MESH:D900001	ferrolin	biolink:SmallMolecule
NCBIGene:90001	ABCX1	biolink:Gene
NCBIGene:90002	ABCX2	biolink:Gene
TEXT
cat > "$folder/input_edges.tsv" <<'TEXT'
id	subject	predicate	object	negated
R1	MESH:D900001	biolink:affects	NCBIGene:90001	false
R2	MESH:D900001	biolink:affects	NCBIGene:90002	true
TEXT
cat > "$folder/convert.py" <<'PYTHON'
import json
import sys
from pathlib import Path

import biolink_model
import bmt

folder = Path(sys.argv[1])
# KGX would load the model and its prefixes from the net; what it reads of "negated" does not depend on them.
toolkit, model = bmt.Toolkit, Path(biolink_model.__path__[0]) / "schema" / "biolink_model.yaml"
(folder / "predicates.yaml").write_text("predicate mappings: []\n", encoding="utf-8")
bmt.Toolkit = lambda *_: toolkit(str(model), str(folder / "predicates.yaml"))

from kgx.config import jsonld_context_map
from kgx.transformer import Transformer

jsonld_context_map["biolink"] = {"MESH": "http://id.nlm.nih.gov/mesh/"}

files = [str(folder / f"input_{part}.tsv") for part in ("nodes", "edges")]
Transformer().transform({"filename": files, "format": "tsv"}, {"filename": str(folder / "output"), "format": "jsonl"})
for line in (folder / "output_edges.jsonl").read_text(encoding="utf-8").splitlines():
    edge = json.loads(line)
    print(edge["id"], edge["predicate"], edge["negated"])
PYTHON
found=$("$folder/venv/bin/python" "$folder/convert.py" "$folder" 2> "$folder/log") || { tail -n 3 "$folder/log" >&2; exit 1; }
expected="R1 biolink:affects True
R2 biolink:affects True"
echo "$found"
[ "$found" = "$expected" ] || { echo "KGX now reads such cells in another way" >&2; exit 1; }
