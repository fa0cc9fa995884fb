"""MeSH descriptors and supplementary records: XML, read one record at a time with expat of the standard library.

No entity of a file is resolved and nothing that it points to is fetched: a file that declares entities is refused.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from biodir.errors_biodir import ParseError
from biodir.labels_biodir import CHEMICAL, DISEASE, SPECIES
from biodir.lexicon.concepts import OFFICIAL, PREFERRED, SYNONYM, Concept, Name, Reading

# First letters of the tree numbers of a descriptor -> its entity type.
TREES = {"C": DISEASE, "F03": DISEASE, "D": CHEMICAL, "B": SPECIES}
# Classes of supplementary records; those of the others (protocols, populations, anatomy) have the types of the
# descriptors that they are mapped to.
SUPPLEMENTARY_CLASSES = {"1": CHEMICAL, "3": DISEASE, "4": SPECIES}
DESCRIPTOR, SUPPLEMENTARY = "DescriptorRecord", "SupplementalRecord"
# MeSH writes the NCBI taxonomy identifier of an organism as its registry number.
_TAXON = re.compile(r"txid(\d+)")
_CHUNK_BYTES = 1 << 16


def read_mesh_descriptors(file: io.BufferedReader, source: str, reading: Reading) -> Iterator[Concept]:
    """Yield the diseases, chemicals and organisms of a file ``desc20XX.xml``."""
    for place, record in _records(file, source, DESCRIPTOR):
        identifier = _text(record, "DescriptorUI", place)
        trees = [(number.text or "").strip() for number in record.iterfind("TreeNumberList/TreeNumber")]
        types = tuple(dict.fromkeys(kind for start, kind in TREES.items() if any(map(_starts(start), trees))))
        reading.descriptor_types[identifier] = types
        if not types:
            reading.left_out["descriptors of no entity type"] += 1
        yield from _concepts(record, identifier, types, "DescriptorName", place, reading)


def read_mesh_supplementary(file: io.BufferedReader, source: str, reading: Reading) -> Iterator[Concept]:
    """Yield the diseases, chemicals and organisms of a file ``supp20XX.xml``.

    Records of other classes need the descriptors, so these are read before.
    """
    for place, record in _records(file, source, SUPPLEMENTARY):
        identifier = _text(record, "SupplementalRecordUI", place)
        own = SUPPLEMENTARY_CLASSES.get(record.get("SCRClass", "1"))
        types = (own,) if own else _mapped_types(record, reading)
        if not types:
            reading.left_out["supplementary records of no entity type"] += 1
        yield from _concepts(record, identifier, types, "SupplementalRecordName", place, reading)


def _starts(start: str) -> Any:
    return lambda number: number.startswith(start)


def _mapped_types(record: Element, reading: Reading) -> tuple[str, ...]:
    headings = record.iterfind("HeadingMappedToList/HeadingMappedTo/DescriptorReferredTo/DescriptorUI")
    mapped = ((heading.text or "").strip().lstrip("*") for heading in headings)
    return tuple(dict.fromkeys(kind for name in mapped for kind in reading.descriptor_types.get(name, ())))


def _concepts(
    record: Element, identifier: str, types: tuple[str, ...], name_tag: str, place: str, reading: Reading
) -> Iterator[Concept]:
    """Yield a concept for each type; that of an organism has its taxonomy identifier, as in BioRED."""
    if not types:
        return
    names = {_text(record, f"{name_tag}/String", place): PREFERRED}
    for concept in record.iterfind("ConceptList/Concept"):
        rank = OFFICIAL if concept.get("PreferredConceptYN") == "Y" else SYNONYM
        for term in concept.iterfind("TermList/Term/String"):
            if term.text and term.text.strip():
                names.setdefault(term.text.strip(), rank)
    listed = tuple(Name(text, rank) for text, rank in names.items())
    for kind in types:
        if kind != SPECIES:
            yield Concept(identifier, kind, listed)
            continue
        numbers = (_TAXON.fullmatch((number.text or "").strip()) for number in record.iter("RegistryNumber"))
        taxon = next(filter(None, numbers), None)
        if taxon:
            yield Concept(taxon[1], kind, listed)
        else:
            reading.left_out["organisms without taxonomy identifier"] += 1


def _text(record: Element, path: str, place: str) -> str:
    text = (record.findtext(path) or "").strip()
    if not text:
        name = record.findtext("DescriptorUI") or record.findtext("SupplementalRecordUI") or "without identifier"
        raise ParseError(f"{place}: record {name} has no {path}; is it a file of MeSH in XML?")
    return text


def _records(file: io.BufferedReader, source: str, tag: str) -> Iterator[tuple[str, Element]]:
    """Yield place (``file:line``) and element of each record; only those of some kilobytes are in memory."""
    builder = _RecordBuilder(source, tag)
    while chunk := file.read(_CHUNK_BYTES):
        builder.parse(chunk)
        yield from builder.done
        builder.done.clear()
    builder.parse(b"", is_final=True)


@dataclass
class _RecordBuilder:
    """Makes the elements of records and forgets what is between them."""

    source: str
    tag: str
    done: list[tuple[str, Element]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.EntityDeclHandler = self._refuse_entity
        parser.SkippedEntityHandler = self._refuse_entity
        self._tree: TreeBuilder | None = None
        self._await_record()

    def parse(self, chunk: bytes, is_final: bool = False) -> None:
        try:
            self._parser.Parse(chunk, is_final)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise ParseError(
                f"{self.source}:{error.lineno}: not well-formed XML ({reason}); get the file again", "not well-formed"
            ) from error

    def _await_record(self) -> None:
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = None
        self._parser.CharacterDataHandler = None

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag != self.tag:
            return
        self._tree = tree = TreeBuilder()
        tree.start(tag, attributes)
        self._parser.StartElementHandler = tree.start
        self._parser.CharacterDataHandler = tree.data
        self._parser.EndElementHandler = self._end

    def _end(self, tag: str) -> None:
        assert self._tree is not None
        self._tree.end(tag)
        if tag == self.tag:
            self.done.append((f"{self.source}:{self._parser.CurrentLineNumber}", self._tree.close()))
            self._await_record()

    def _refuse_entity(self, name: str, *_: Any) -> None:
        raise ParseError(
            f"{self.source}:{self._parser.CurrentLineNumber}: holds the entity {name}; biodir resolves none, and the "
            "files of MeSH have none"
        )
