"""The files that a lexicon is made from: which vocabulary a file is, by its content, and what reads it."""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from biodir.errors_biodir import ParseError
from biodir.files import START_BYTES, open_input
from biodir.lexicon.concepts import Concept, Reading
from biodir.lexicon.mesh import read_mesh_descriptors, read_mesh_supplementary
from biodir.lexicon.tables import read_cell_lines, read_genes, read_omim_titles, read_taxonomy

Reader = Callable[[io.BufferedReader, str, Reading], Iterator[Concept]]
MESH, MESH_SUPPLEMENTARY, GENES = "mesh", "mesh-supplementary", "genes"
CELL_LINES, TAXONOMY, OMIM = "cell-lines", "taxonomy", "omim"
# In the order in which they are read: supplementary records need the descriptors. Of two vocabularies that have a name
# of one type, the first one wins, so diseases of MeSH go before those of OMIM, as in BioRED.
READERS: Mapping[str, Reader] = {
    GENES: read_genes,
    CELL_LINES: read_cell_lines,
    TAXONOMY: read_taxonomy,
    MESH: read_mesh_descriptors,
    MESH_SUPPLEMENTARY: read_mesh_supplementary,
    OMIM: read_omim_titles,
}
VOCABULARIES = tuple(READERS)
KNOWN_FILES = (
    "desc20XX.xml and supp20XX.xml of MeSH, gene_info of NCBI, cellosaurus.obo, names.dmp or taxdump.tar.gz of NCBI, "
    "mimTitles.txt of OMIM"
)
_ROOT = re.compile(r"<([A-Za-z]\w*)")
_ROOTS = {"DescriptorRecordSet": MESH, "SupplementalRecordSet": MESH_SUPPLEMENTARY}
_TAXON_LINE = re.compile(r"\d+\t\|\t[^|\n]+\t\|\t[^|\n]*\t\|\t[a-z ]+\t\|\r?\n")
_OMIM_HEADER = re.compile(r"^# ?Prefix\tMIM Number\t", re.IGNORECASE | re.MULTILINE)


def vocabulary_of(path: Path) -> str:
    """Return the vocabulary that a file holds, one of VOCABULARIES, by the start of its content.

    Raises:
        ParseError: it cannot be opened, or is of none of them.
    """
    with open_input(path) as file:
        start = file.peek(START_BYTES)[:START_BYTES]
    if start[257:262] == b"ustar":
        return TAXONOMY
    if start.startswith(b"PK\x03\x04"):
        raise ParseError(f"{path}: is an archive (zip); unpack it and name the files in it", "archive")
    text = start.decode("utf-8-sig", errors="replace").lstrip()
    if text.startswith("<"):
        root = next((name for name in _ROOT.findall(text)), "")
        if root in _ROOTS:
            return _ROOTS[root]
        raise ParseError(f"{path}: is XML with the outermost element <{root}>; biodir reads {KNOWN_FILES}")
    if text.startswith(("#tax_id\tGeneID", "#Format: tax_id GeneID")):
        return GENES
    if text.startswith("format-version:") and "CVCL_" in text:
        return CELL_LINES
    if _TAXON_LINE.match(text):
        return TAXONOMY
    if _OMIM_HEADER.search(text):
        return OMIM
    raise ParseError(
        f"{path}: is no vocabulary that biodir recognises; it reads {KNOWN_FILES}; name another file, or name the "
        "vocabulary with --genes and the like",
        "unknown format",
    )
