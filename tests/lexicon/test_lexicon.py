"""Look-ups, and the documents that `Lexicon.link` returns."""

import pytest

from biodir.document_biodir import Document, Mention, Relation
from biodir.labels_biodir import CELL_LINE, CHEMICAL, DISEASE, GENE, SPECIES, VARIANT
from biodir.lexicon.building import Input, build_lexicon
from biodir.lexicon.lexicon import Lexicon
from biodir.lexicon.linking import AMBIGUOUS, BY_OTHER_MENTION, UNKNOWN
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint
from helpers.vocabularies import GENE_HEADER, gene, small_lexicon, taxon_names


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory):
    return small_lexicon(tmp_path_factory.mktemp("lexicon"))


def document(text: str, *names: tuple[str, str], relations=(), **identifiers: str) -> Document:
    """A document with a mention for each (name, type) at its first place; identifiers by name without spaces."""
    mentions = []
    for name, kind in names:
        start = text.index(name)
        given = tuple(filter(None, [identifiers.get(name.replace("-", "").replace(" ", ""))]))
        mentions.append(Mention(start, start + len(name), name, kind, given))
    return Document("7", text, tuple(mentions), relations)


def linked(lexicon, text: str, *names: tuple[str, str], **identifiers: str) -> list[str | None]:
    mentions = lexicon.link(document(text, *names, **identifiers)).mentions
    return [next(iter(mention.identifiers), None) for mention in mentions]


def test_exact_names_go_before_other_spellings(lexicon):
    found = lexicon.find("Qux1")
    assert [(each.identifier, each.is_exact, each.name) for each in found] == [
        ("201", True, "Qux1"),
        ("101", False, "QUX1"),
    ]


def test_exact_name_may_be_on_two_lines(lexicon):
    assert [each.is_exact for each in lexicon.find("house\nmouse")] == [True]


@pytest.mark.parametrize("text", ["QUX1 of Quibbus minor", "QUX1 of Quibbus\nminor"])
def test_scientific_name_in_the_text_names_the_species(tmp_path, text):
    (tmp_path / "gene_info").write_text(GENE_HEADER + gene("9606", "1", "QUX1") + gene("990005", "5", "QUX1"))
    (tmp_path / "names.dmp").write_text(taxon_names(("990005", "Quibbus minor", "scientific name")))
    files = [Input(tmp_path / name) for name in ("gene_info", "names.dmp")]
    build_lexicon(files, tmp_path / "l.sqlite", ["9606", "990005"])
    assert linked(Lexicon(tmp_path / "l.sqlite"), text, ("QUX1", GENE)) == ["5"]


def test_types_divide_a_name_and_mesh_goes_before_omim(lexicon):
    assert [each.identifier for each in lexicon.find("QUX1", DISEASE)] == []
    assert [each.identifier for each in lexicon.find("xylonic fever", DISEASE)] == ["D900001", "OMIM:990002"]
    assert linked(lexicon, "xylonic fever", ("xylonic fever", DISEASE)) == ["D900001"]


@pytest.mark.parametrize("name", ["", "' OR 1=1 --", "%", "\ud800", "x" * 100_000])
def test_odd_names_find_nothing(lexicon, name):
    assert lexicon.find(name) == ()


@pytest.mark.parametrize(
    ("name", "kind", "identifier"),
    [
        ("acute xylonitis", DISEASE, "D900001"),
        ("Zorbamines", CHEMICAL, "D900002"),
        ("zorbamine sulfate", CHEMICAL, "C900001"),
        ("Familial QUUX syndrome", DISEASE, "OMIM:990001"),
        ("quibb fowl", SPECIES, "990001"),
        ("QBV1", SPECIES, "990002"),
        ("patients", SPECIES, "9606"),
        ("protein-qux", GENE, "101"),
        ("QUX1s", GENE, "101"),
        ("ZQ3", CELL_LINE, "CVCL_9Z01"),
        ("RS 1801133", VARIANT, "rs1801133"),
        ("unheard-of", CHEMICAL, None),
    ],
)
def test_mention_gets_the_identifier_as_biored_writes_it(lexicon, name, kind, identifier):
    assert linked(lexicon, f"On {name}.", (name, kind)) == [identifier]


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("QUX1 is good.", "101"),  # human by default
        ("qux1 of mice is good.", "201"),
        ("QUX1 of mice is good.", "201"),  # species go before the exact name
        ("QUX1 in mice and patients.", "101"),  # both named: the exact name decides
        ("qux1 in mice and patients.", None),
        ("QUX1 of Mus musculus.", "201"),
        ("QUX1 of adult mice.", "201"),  # an age is that of the species
        ("Qux1 of newborn Mus musculus.", "201"),
        ("Qux1 of infants.", "101"),
        ("QUX1 of zebrafish.", None),  # not in the lexicon, and not the human one
    ],
)
def test_species_of_the_document_choose_the_gene(lexicon, text, identifier):
    name = text.split()[0]
    assert linked(lexicon, text, (name, GENE)) == [identifier]


def test_organism_mentions_name_species_by_identifier_or_lexicon(lexicon):
    for taxon in ("10090", "NCBITaxon:10090", "taxonomy: 10090"):
        assert linked(lexicon, "QUX1 of Mm.", ("QUX1", GENE), ("Mm", SPECIES), Mm=taxon) == ["201", taxon]
    assert linked(lexicon, "QUX1 of House-Mouse.", ("QUX1", GENE), ("House-Mouse", SPECIES)) == ["201", "10090"]


@pytest.mark.parametrize("species", ["4932", "559292"])
def test_genes_that_ncbi_has_under_a_strain_are_those_of_the_species(species, tmp_path):
    (tmp_path / "gene_info").write_text(GENE_HEADER + gene("559292", "401", "QUX1"), encoding="utf-8")
    build_lexicon([Input(tmp_path / "gene_info")], tmp_path / "l.sqlite", ["9606", species])
    lexicon = Lexicon(tmp_path / "l.sqlite")
    assert linked(lexicon, "QUX1 of budding yeast.", ("QUX1", GENE)) == ["401"]
    assert linked(lexicon, "QUX1 is good.", ("QUX1", GENE)) == [None]


@pytest.mark.parametrize("species", [["10090"], "10090"])
def test_default_species_is_a_parameter(tmp_path, species):
    lexicon = Lexicon(small_lexicon(tmp_path).path, species)
    assert linked(lexicon, "QUX1 is good.", ("QUX1", GENE)) == ["201"]


def test_ambiguous_name_keeps_its_candidates_and_a_note(tmp_path):
    unlinked = document("QX is good.", ("QX", GENE))
    notes: list[str] = []
    lexicon = Lexicon(small_lexicon(tmp_path).path, on_ambiguous=notes.append)
    assert lexicon.link(unlinked) == unlinked
    assert notes == ["document 7: 'QX' (GeneOrGeneProduct) may be 101 (QUX1), 102 (QUX2)"]
    resolution = lexicon.resolve(unlinked)[0]
    assert (resolution.how, [each.identifier for each in resolution.candidates]) == (AMBIGUOUS, ["101", "102"])


def test_preferred_name_goes_before_a_synonym(lexicon):
    # Two cell lines of one name: the species that the text names chooses; without it they stay apart.
    assert linked(lexicon, "ZQ-3 of mice", ("ZQ-3", CELL_LINE)) == ["CVCL_9Z02"]
    assert linked(lexicon, "ZQ-3 of rats", ("ZQ-3", CELL_LINE)) == [None]
    assert linked(lexicon, "Zq3 of rats", ("Zq3", CELL_LINE)) == [None]
    assert linked(lexicon, "ZQ3 of rats", ("ZQ3", CELL_LINE)) == ["CVCL_9Z01"]


def test_other_names_of_types_are_known(lexicon):
    names = (("QUX1", "Protein"), ("zorbamine", "Drug"), ("house mouse", "Species"), ("this", "Ore"))
    text = "QUX1 of a house mouse binds zorbamine in this."
    assert linked(lexicon, text, *names) == ["201", "D900002", "10090", None]
    assert linked(lexicon, text, *names[:2], QUX1="text:qux1") == ["201", "D900002"]


def test_pipeline_links_what_a_recogniser_finds_and_groups_the_rest_by_names(lexicon, tmp_path):
    text = "Acute xylonitis (AX) spares QX, and QX genes spare zorbamine."
    names = {"Acute xylonitis": "Disease", "AX": "Disease", "QX": "Gene", "QX genes": "Gene", "zorbamine": "Drug"}

    def ner(text):
        return [
            {"start": text.index(name), "end": text.index(name) + len(name), "entity": kind}
            for name, kind in names.items()
        ]

    extract = open_pipeline(save_checkpoint(tmp_path))
    found = extract(text, ner=ner, link=lexicon.link, return_entities=True)["entities"]
    identifiers = [entity["id"] for entity in found]
    assert identifiers[:2] + identifiers[4:] == [["D900001"], ["D900001"], ["D900002"]]
    assert all(identifier.startswith("text:") for (identifier,) in identifiers[2:4])


def test_given_identifiers_stay_and_relations_follow_the_new_ones(lexicon):
    relation = Relation("Bind", "text:qux1", "X1", subject_id="text:qux1")
    names = (("QUX1", GENE), ("zorbamine", CHEMICAL))
    result = lexicon.link(
        document("QUX1 binds zorbamine.", *names, relations=(relation,), QUX1="text:qux1", zorbamine="X1")
    )
    assert [mention.identifiers for mention in result.mentions] == [("101",), ("X1",)]
    assert result.relations == (Relation("Bind", "101", "X1", subject_id="101"),)


def test_mentions_of_one_text_identifier_follow_the_longest_that_is_linked(lexicon):
    names = (("acute xylonitis", DISEASE), ("AX", DISEASE), ("AX2", DISEASE))
    given = {"acutexylonitis": "text:ax", "AX": "text:ax"}
    unlinked = document("acute xylonitis (AX) not AX2", *names, **given)
    result = [mention.identifiers for mention in lexicon.link(unlinked).mentions]
    assert result == [("D900001",), ("D900001",), ()]
    assert [each.how for each in lexicon.resolve(unlinked).values()][1:] == [BY_OTHER_MENTION, UNKNOWN]


def test_abbreviation_of_a_linked_name_follows_it(lexicon):
    text = "acute xylonitis (AX) harms."
    assert linked(lexicon, text, ("acute xylonitis", DISEASE), ("AX", DISEASE)) == ["D900001", "D900001"]


def test_number_of_dbsnp_goes_before_longer_spellings_of_a_variant(lexicon):
    names = (("p.Val600Glu", VARIANT), ("rs113488022", VARIANT))
    given = {"p.Val600Glu": "text:v600e", "rs113488022": "text:v600e"}
    assert linked(lexicon, "p.Val600Glu (rs113488022)", *names, **given) == ["rs113488022"] * 2


def test_counts_sum_up_all_documents(tmp_path):
    lexicon = small_lexicon(tmp_path)
    for text, kind in (("QUX1", GENE), ("qux1", GENE), ("QX", GENE), ("nothing", DISEASE), ("rs12", VARIANT)):
        lexicon.link(document(text, (text, kind)))
    assert lexicon.summary() == (
        "mentions linked by the lexicon: 3 (by name: 1, by another spelling of a name: 1, by rule: 1); "
        "not linked: 1 ambiguous, 1 unknown"
    )
    lexicon.link(document("QUX1 of zebrafish", ("QUX1", GENE)))
    assert lexicon.summary().endswith(
        "not linked: 1 ambiguous, 1 genes of species that the document does not name, 1 unknown"
    )


def test_linking_again_changes_nothing(lexicon):
    once = lexicon.link(document("QUX1 in patients", ("QUX1", GENE), ("patients", SPECIES)))
    assert lexicon.link(once) == once
