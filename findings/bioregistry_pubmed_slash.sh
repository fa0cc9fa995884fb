#!/usr/bin/env bash
# bioregistry 0.15.6 makes an IRI of a PubMed id and reads another id from it, one that ends in a slash.
#
# An IRI that stands for a CURIE is to give the CURIE back. That of an article ends in a slash, as PubMed itself writes
# it, and bioregistry adds it. When it reads the IRI, it removes what stands before the id, but not the slash behind it.
# The result is no number, so bioregistry's own pattern for PubMed refuses it. One article has two CURIEs then, and what
# is joined or counted by publication does not find the other.
#
# biodir writes CURIEs of articles from their numbers and reads none from IRIs. Seen with curies 0.15.7. Exit status 0
# as long as bioregistry behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "bioregistry==0.15.6" "curies==0.15.7"
cat > "$folder/convert.py" <<'PYTHON'
import bioregistry

for curie in ("mesh:D900001", "pubmed:7001"):
    back = bioregistry.curie_from_iri(bioregistry.get_iri(curie))
    print(curie, back, bioregistry.is_valid_curie(back))
PYTHON
found=$("$folder/venv/bin/python" "$folder/convert.py")
expected="mesh:D900001 mesh:D900001 True
pubmed:7001 pubmed:7001/ False"
echo "$found"
[ "$found" = "$expected" ] || { echo "bioregistry now reads this IRI in another way" >&2; exit 1; }
