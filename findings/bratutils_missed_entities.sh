#!/usr/bin/env bash
# bratutils 0.2.2 gives a recall of 1 to predictions that miss half of the entities of gold.
#
# DocumentCollection.compare_to_gold compares two folders of brat's files. It first marks each entity of gold as
# missing, and later counts those that have no mark yet: among gold there are none. So an entity that was not predicted
# is in no count at all, while one that was predicted without need is counted as missing. Precision is 1 as long as what
# is also in gold has the right type, and a model that predicts less is never the worse for it.
#
# biodir counts mentions itself. Exit status 0 as long as bratutils behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "bratutils==0.2.2"
mkdir "$folder/one" "$folder/two"
printf 'T1\tGene 0 5\tABCX1\n' > "$folder/one/7001.ann"
printf 'T1\tGene 0 5\tABCX1\nT2\tGene 10 15\tABCX2\n' > "$folder/two/7001.ann"
cat > "$folder/count.py" <<'PYTHON'
import sys

from bratutils.agreement import DocumentCollection

one, two = sys.argv[1:]
for predicted, gold in ((one, two), (two, one)):
    counts = DocumentCollection(predicted).compare_to_gold(DocumentCollection(gold))
    print(f"correct {counts.cor} of {counts.pos} in gold, of {counts.act} predicted", end=" ")
    print(f"precision {counts.pre} recall {counts.rec}")
PYTHON
# One of two entities of gold is predicted, then two where gold has one. The log goes to stderr.
found=$("$folder/venv/bin/python" "$folder/count.py" "$folder/one" "$folder/two" 2> /dev/null)
expected="correct 1 of 1 in gold, of 1 predicted precision 1.0 recall 1.0
correct 1 of 2 in gold, of 1 predicted precision 1.0 recall 0.5"
echo "$found"
[ "$found" = "$expected" ] || { echo "bratutils now counts these entities in another way" >&2; exit 1; }
