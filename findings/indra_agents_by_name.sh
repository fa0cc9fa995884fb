#!/usr/bin/env bash
# INDRA 1.24.0 takes statements on two genes for one if the agents share a name, whatever their identifiers are.
#
# An agent is a name with db_refs. What counts in comparisons and hashes is the key of an agent: its grounding from a list
# of databases (FPLX, HGNC, UP, CHEBI ...), else its name. EGID, which INDRA takes for Entrez genes, is not in the list.
# So of a mention such as "caspase-3 and -9", which stands for two genes, both agents have one key, and one statement of
# two is lost where duplicates are merged.
#
# biodir puts the identifier into names that would clash. Exit status 0 as long as INDRA behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "indra==1.24.0"
cat > "$folder/hashes.py" <<'PYTHON'
import logging

logging.disable(logging.CRITICAL)

from indra.statements import Activation, Agent


def statement(gene):
    return Activation(Agent("ferrolin", db_refs={"MESH": "D900001"}), Agent("ABCX-1 and -2", db_refs={"EGID": gene}))


first, second = statement("90001"), statement("90002")
print(first.obj.db_refs == second.obj.db_refs, first.get_hash() == second.get_hash())
PYTHON
found=$("$folder/venv/bin/python" "$folder/hashes.py" 2> /dev/null)
echo "$found"
[ "$found" = "False True" ] || { echo "INDRA now tells these statements apart" >&2; exit 1; }
