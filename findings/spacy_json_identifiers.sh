#!/usr/bin/env bash
# spaCy 3.8.18 leaves the identifiers of entities out of its JSON.
#
# An entity of a Doc has a label and, from an entity linker or a corpus, an identifier, kb_id. Doc.to_json writes start,
# end and label of each entity, and no kb_id; of the spans in doc.spans it writes the kb_id. Doc.from_json gives the Doc
# back without them, and nothing says so. DocBin keeps them. Whoever groups or counts entities by identifiers has none left,
# though the linker found them all.
#
# biodir reads kb_id where JSON has it; from this JSON it groups mentions by their names. Exit status 0 as long as spaCy
# behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "spacy==3.8.18"
cat > "$folder/convert.py" <<'PYTHON'
import spacy
from spacy.tokens import Doc, Span

nlp = spacy.blank("en")
doc = nlp("Ferrolin binds ABCX1.")
gene = Span(doc, 2, 3, "Gene", kb_id="NCBIGene:90001")
doc.set_ents([gene])
doc.spans["genes"] = [gene]
written = doc.to_json()
print(written["ents"], written["spans"]["genes"], sep="\n")
back = Doc(nlp.vocab).from_json(written)
print([entity.kb_id_ for entity in doc.ents], [entity.kb_id_ for entity in back.ents])
PYTHON
found=$("$folder/venv/bin/python" "$folder/convert.py")
expected="[{'start': 15, 'end': 20, 'label': 'Gene'}]
[{'start': 15, 'end': 20, 'label': 'Gene', 'kb_id': 'NCBIGene:90001'}]
['NCBIGene:90001'] ['']"
echo "$found"
[ "$found" = "$expected" ] || { echo "spaCy now writes these entities in another way" >&2; exit 1; }
