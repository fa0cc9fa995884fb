#!/usr/bin/env bash
# nervaluate 1.2.1 counts a prediction that is exactly gold as wrong if an overlapping one comes before it in the list.
#
# Entities are given as lists of label, start and end. Such lists have no order, and they may overlap: that is what they
# can say and tags cannot. nervaluate goes through the predictions in the order of the list, and each takes the first
# entity of gold that it overlaps; an entity that was taken is not there for the exact prediction that follows. So the
# same set of predictions has precision and recall of 0 or of 0.5 and 1, by the order in which a model wrote it.
#
# biodir counts sets of mentions. Exit status 0 as long as nervaluate behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "nervaluate==1.2.1"
cat > "$folder/count.py" <<'PYTHON'
from nervaluate.evaluator import Evaluator

# "ABCX1 receptor binds.", where gold has the gene only.
gene, receptor = {"label": "Gene", "start": 0, "end": 5}, {"label": "Gene", "start": 0, "end": 14}
for predicted in ([gene, receptor], [receptor, gene]):
    strict = Evaluator([[gene]], [predicted], tags=["Gene"], loader="dict").evaluate()["overall"]["strict"]
    print(f"correct {strict.correct} incorrect {strict.incorrect} spurious {strict.spurious}", end=" ")
    print(f"precision {strict.precision} recall {strict.recall}")
PYTHON
found=$("$folder/venv/bin/python" "$folder/count.py")
expected="correct 1 incorrect 0 spurious 1 precision 0.5 recall 1.0
correct 0 incorrect 1 spurious 1 precision 0.0 recall 0.0"
echo "$found"
[ "$found" = "$expected" ] || { echo "nervaluate now counts these predictions in another way" >&2; exit 1; }
