#!/usr/bin/env bash
# pybiopax 0.1.5 puts names in place of the participants of a reaction where BioPAX names objects by rdf:about.
#
# BioPAX is RDF in XML. There rdf:ID="s1" and rdf:about="#s1" name the same object, and rdf:resource="#s1" refers to it.
# pybiopax removes the "#" of the reference, but not that of rdf:about. It then finds no object of the name, and leaves
# the bare name, without a warning. So the controller of a reaction is a piece of text without type, name or xrefs, and
# who goes through the participants by their types finds relations that relate nothing.
#
# biodir reads no BioPAX. Exit status 0 as long as pybiopax behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "pybiopax==0.1.5"
cat > "$folder/ids.owl" <<'XML'
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
         xmlns:bp="http://www.biopax.org/release/biopax-level3.owl#">
  <bp:SmallMolecule rdf:ID="s1"><bp:displayName>ferrolin</bp:displayName></bp:SmallMolecule>
  <bp:Protein rdf:ID="p1"><bp:displayName>ABCX1</bp:displayName></bp:Protein>
  <bp:Degradation rdf:ID="d1"><bp:left rdf:resource="#p1"/></bp:Degradation>
  <bp:Control rdf:ID="c1">
    <bp:controller rdf:resource="#s1"/>
    <bp:controlled rdf:resource="#d1"/>
    <bp:controlType>INHIBITION</bp:controlType>
  </bp:Control>
</rdf:RDF>
XML
sed 's/rdf:ID="/rdf:about="#/' "$folder/ids.owl" > "$folder/about.owl"
cat > "$folder/read.py" <<'PYTHON'
import sys

import pybiopax
from pybiopax.biopax import Control

for name in sys.argv[1:]:
    (control,) = pybiopax.model_from_owl_file(name).get_objects_by_type(Control)
    print(control.controller, type(control.controlled).__name__)
PYTHON
found=$("$folder/venv/bin/python" "$folder/read.py" "$folder/ids.owl" "$folder/about.owl" 2> /dev/null)
expected="[SmallMolecule(ferrolin)] Degradation
['s1'] str"
echo "$found"
[ "$found" = "$expected" ] || { echo "pybiopax now reads such references in another way" >&2; exit 1; }
