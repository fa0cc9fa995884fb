"""Small made-up files in the formats of the vocabularies that a lexicon is made from."""

import io
import tarfile
from pathlib import Path

from biodir.lexicon.building import Input, build_lexicon
from biodir.lexicon.lexicon import Lexicon

_DOCTYPE = '<?xml version="1.0"?>\n<!DOCTYPE {0} SYSTEM "https://example.org/{0}.dtd">\n'


def _concept(preferred: str, names: list[str], registry: str = "0") -> str:
    terms = "".join(f"<Term><TermUI>T1</TermUI><String>{name}</String></Term>" for name in names)
    return (
        f'<Concept PreferredConceptYN="{preferred}"><ConceptUI>M1</ConceptUI>'
        f"<ConceptName><String>{names[0]}</String></ConceptName><RegistryNumber>{registry}</RegistryNumber>"
        f"<TermList>{terms}</TermList></Concept>"
    )


def descriptor(identifier: str, trees: str, names: list[str], narrower: str = "", registry: str = "0") -> str:
    """Return a record of a MeSH descriptor; `narrower` is the name of a second concept."""
    numbers = "".join(f"<TreeNumber>{tree}</TreeNumber>" for tree in trees.split())
    concepts = _concept("Y", names, registry) + (_concept("N", [narrower]) if narrower else "")
    return (
        f'<DescriptorRecord DescriptorClass = "1">\n<DescriptorUI>{identifier}</DescriptorUI>\n'
        f"<DescriptorName><String>{names[0]}</String></DescriptorName>\n<PharmacologicalActionList>"
        "<PharmacologicalAction><DescriptorReferredTo><DescriptorUI>D1</DescriptorUI></DescriptorReferredTo>"
        f"</PharmacologicalAction></PharmacologicalActionList>\n<TreeNumberList>{numbers}</TreeNumberList>"
        f"<ConceptList>{concepts}</ConceptList></DescriptorRecord>\n"
    )


def supplementary(identifier: str, scr_class: str, mapped: str, name: str, registry: str = "0") -> str:
    """Return a supplementary record of MeSH."""
    return (
        f'<SupplementalRecord SCRClass="{scr_class}"><SupplementalRecordUI>{identifier}</SupplementalRecordUI>\n'
        f"<SupplementalRecordName><String>{name}</String></SupplementalRecordName><HeadingMappedToList><HeadingMappedTo>"
        f"<DescriptorReferredTo><DescriptorUI>*{mapped}</DescriptorUI></DescriptorReferredTo></HeadingMappedTo>"
        f"</HeadingMappedToList><ConceptList>{_concept('Y', [name], registry)}</ConceptList></SupplementalRecord>\n"
    )


def descriptors(*records: str) -> str:
    name = "DescriptorRecordSet"
    return f'{_DOCTYPE.format(name)}<{name} LanguageCode = "eng">\n{"".join(records)}</{name}>\n'


def supplement(*records: str) -> str:
    name = "SupplementalRecordSet"
    return f"{_DOCTYPE.format(name)}<{name}>\n{''.join(records)}</{name}>\n"


GENE_HEADER = (
    "#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\tdbXrefs\tchromosome\tmap_location\tdescription\ttype_of_gene\t"
    "Symbol_from_nomenclature_authority\tFull_name_from_nomenclature_authority\tNomenclature_status\t"
    "Other_designations\tModification_date\tFeature_type\n"
)


def gene(taxon: str, number: str, symbol: str, synonyms: str = "-", full: str = "-", other: str = "-") -> str:
    """Return a line of gene_info; one of a symbol that begins with "LOC" is a region."""
    kind = "biological-region" if symbol.startswith("LOC") else "protein-coding"
    start, end = (taxon, number, symbol, "-", synonyms, "-", "1", "-"), ("O", other, "20260101", "-")
    return "\t".join((*start, full, kind, symbol, full, *end)) + "\n"


def taxon_names(*rows: tuple[str, str, str]) -> str:
    """Return names.dmp of (taxon, name, name class)."""
    return "".join(f"{taxon}\t|\t{name}\t|\t\t|\t{kind}\t|\n" for taxon, name, kind in rows)


DESCRIPTORS = descriptors(
    descriptor("D900001", "C08.1 F03.2", ["Xylonitis, Acute", "Acute Xylonitis"], narrower="Xylonic Fever"),
    descriptor("D900002", "D03.7", ["Zorbamine"]),
    descriptor("D900003", "B01.5", ["Quibb Fowl"], registry="txid990001"),
    descriptor("D900004", "B01.6", ["Nameless Fowl"]),
    descriptor("D900005", "J01.1", ["Furniture &amp; Rugs"]),
)
SUPPLEMENT = supplement(
    supplementary("C900001", "1", "D900002", "zorbamine sulfate"),
    supplementary("C900002", "3", "D900001", "Xylonitis Type 7"),
    supplementary("C900003", "2", "D900002", "ZORB protocol"),
    supplementary("C900004", "5", "D900005", "Rug Makers"),
)
GENES = GENE_HEADER + "".join(
    (
        gene("9606", "101", "QUX1", "QX|P-QUX", "quxin 1", "protein qux|quxinase"),
        gene("9606", "102", "QUX2", "QX", "quxin 2"),
        gene("9606", "103", "NEWENTRY"),
        gene("9606", "104", "LOC104"),
        gene("10090", "201", "Qux1", "Qx", "quxin 1"),
        gene("7955", "301", "qux1"),
    )
)
CELLS = """\
format-version: 1.2
data-version: 99.0
default-namespace: cellosaurus

[Term]
id: CVCL_9Z01
name:ZQ-3
synonym: "ZQ3" RELATED []
synonym: "Z \\"Q\\" 3" RELATED []
xref: NCBI_TaxID:9606 ! Homo sapiens (Human)

[Term]
id: CVCL_9Z02
name:ZQ-3
xref: NCBI_TaxID:10090 ! Mus musculus (Mouse)

[Typedef]
id: derived_from
name: derived from
"""
TAXA = taxon_names(
    ("10090", "Mus musculus", "scientific name"),
    ("10090", "house mouse", "genbank common name"),
    ("10090", "Mus musculus Linnaeus, 1758", "authority"),
    ("990002", "Quibbus virus 1", "scientific name"),
    ("990002", "QBV-1", "acronym"),
    ("990003", "Someone, 1900", "authority"),
)
OMIM = """\
# Copyright (c) nobody
# Generated: 2026-01-31
# Prefix\tMIM Number\tPreferred Title; symbol\tAlternative Title(s); symbol(s)\tIncluded Title(s); symbols
Number Sign\t990001\tQUUX SYNDROME, FAMILIAL; QUUXS\tQUUX DISEASE;; QD\tINCLUDED DISEASE
Percent\t990002\tXYLONIC FEVER
Asterisk\t990003\tQUXIN 1; QUX1
Caret\t990004\tMOVED TO 990001
"""
FILES = {
    "desc.xml": DESCRIPTORS,
    "supp.xml": SUPPLEMENT,
    "gene_info": GENES,
    "cells.obo": CELLS,
    "names.dmp": TAXA,
    "mimTitles.txt": OMIM,
}


def taxdump(name: str = "names.dmp") -> bytes:
    """Return an archive with the names of the taxa in a file of this name."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for member, text in (("nodes.dmp", "1\t|\t1\t|\n"), (name, TAXA)):
            header = tarfile.TarInfo(member)
            header.size = len(text)
            archive.addfile(header, io.BytesIO(text.encode()))
    return packed.getvalue()


def write_files(folder: Path, **others: str) -> list[Path]:
    """Write all files, the last of them first, so that their order makes no difference; return their paths."""
    paths = []
    for name, content in reversed({**FILES, **others}.items()):
        (folder / name).write_text(content, encoding="utf-8")
        paths.append(folder / name)
    return paths


def small_lexicon(folder: Path, species: tuple[str, ...] = ("9606", "10090")) -> Lexicon:
    """The lexicon of all files."""
    build_lexicon([Input(path) for path in write_files(folder)], folder / "small.sqlite", species)
    return Lexicon(folder / "small.sqlite")
