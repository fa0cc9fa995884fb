"""Corpora of other projects: what their types become, which documents and relations stay, and that all are counted."""

import json
from pathlib import Path

import pytest

from biodir import AnnotationError, ErrorPolicy, Mention, ParseError, Passage, Relation, format_pubtator, read_pubtator
from biodir.dataset_script.chemical_gene import read_chemical_gene
from biodir.dataset_script.corpora import CORPORA, import_corpus
from biodir.dataset_script.redocred import PROPERTIES, read_redocred

CHEMICAL, GENE, DISEASE = "ChemicalEntity", "GeneOrGeneProduct", "DiseaseOrPhenotypicFeature"
NEGATIVE, POSITIVE = "Negative_Correlation", "Positive_Correlation"
TEXT = "Iron and ferritin.\tIron binds Ferritin; insulin needs insulin."
# Name, type and start of the mentions of TEXT.
MARKS = [
    ("T1", "Iron", "CHEMICAL", 0),
    ("T2", "ferritin", "GENE-Y", 9),
    ("T3", "Iron", "CHEMICAL", 19),
    ("T4", "Ferritin", "GENE-N", 30),
    ("T5", "insulin", "CHEMICAL", 40),
    ("T6", "insulin", "GENE-Y", 54),
]


def chemical_gene(path: Path, *relations, marks=MARKS, text=TEXT, id="11") -> Path:
    """A file as DrugProt's, of one document with the text; a relation is its type, head and tail."""
    pytest.importorskip("bioc")
    annotations = "".join(
        f'<annotation id="{name}"><infon key="type">{kind}</infon><infon key="identifier">{word.lower()}</infon>'
        f'<location offset="{start}" length="{length}"/><text>{word}</text></annotation>'
        for name, word, kind, start, length in ((*mark, len(mark[1]))[:5] for mark in marks)
    )
    found = "".join(
        f'<relation id=""><infon key="type">{kind}</infon><node refid="{head}" role="head"/>'
        f'<node refid="{tail}" role="tail"/></relation>'
        for kind, head, tail in relations
    )
    path.write_text(
        f"<collection><document><id>{id}</id><passage><offset>0</offset><text>{text}</text><sentence><offset>0</offset>"
        f"<text>{text}</text>{annotations}{found}</sentence></passage></document></collection>",
        encoding="utf-8",
    )
    return path


def imported(path: Path, *relations, corpus="drugprot", **keys):
    """The document of a file with these relations, and the counts."""
    (document,), counts = import_corpus(CORPORA[corpus], [chemical_gene(path, *relations, **keys)])
    return document, counts


@pytest.fixture
def source(tmp_path) -> Path:
    return tmp_path / "in.xml"


@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_table_of_drugprot_is_refused_with_what_is_read(start, tmp_path):
    path = tmp_path / "drugprot_training_relations.tsv"
    path.write_text(f"{start}17512723\tACTIVATOR\tArg1:T7\tArg2:T61\n", encoding="utf-8")
    with pytest.raises(ParseError, match=r"relations\.tsv: is a table \(TSV\), .*; only BioC XML is read, so convert"):
        import_corpus(CORPORA["drugprot"], [path])


# Chemicals and genes linked by their text.


def test_equal_texts_of_a_type_are_an_entity(source):
    document, counts = imported(source, ("INHIBITOR", "T5", "T6"))
    assert [(entity.identifier, entity.entity_type, len(entity.mentions)) for entity in document.entities()] == [
        ("text:iron", CHEMICAL, 2),
        ("text:ferritin", GENE, 2),
        ("text:insulin (ChemicalEntity)", CHEMICAL, 1),
        ("text:insulin (GeneOrGeneProduct)", GENE, 1),
    ]
    (relation,) = document.relations
    assert relation.entity1_id == relation.subject_id == "text:insulin (ChemicalEntity)"
    assert relation.entity2_id == "text:insulin (GeneOrGeneProduct)"
    assert counts.mention_types == {("CHEMICAL", CHEMICAL): 3, ("GENE-Y", GENE): 2, ("GENE-N", GENE): 1}


def test_tab_divides_title_and_abstract(source):
    document, _ = imported(source, ("INHIBITOR", "T5", "T6"))
    assert document.text == TEXT.replace("\t", " ")
    assert document.passages == (Passage(0, 18, "title"), Passage(19, len(TEXT), "abstract"))
    path = source.with_suffix(".pubtator")
    path.write_text(format_pubtator(document), encoding="utf-8")
    assert list(read_pubtator(path)) == [document]


def test_mention_that_leaves_words_out_is_completed(source, caplog):
    text = "The AhR, a nuclear receptor."
    (document,) = read_chemical_gene(chemical_gene(source, text=text, marks=[("T1", "AhR receptor", "GENE-Y", 4, 23)]))
    assert document.mentions == (Mention(4, 27, text[4:27], "GENE-Y", ("text:ahr, a nuclear receptor",)),)
    assert "mention 'AhR receptor' becomes the text of its span, 'AhR, a nuclear receptor'" in caplog.text
    with pytest.raises(AnnotationError, match=r"document 11, annotation T1: says 'AhR kinase' but the text at"):
        list(read_chemical_gene(chemical_gene(source, text=text, marks=[("T1", "AhR kinase", "GENE-Y", 4, 23)])))


# Several relations of a pair.


@pytest.mark.parametrize(
    ("types", "becomes", "subject"),
    [
        (["INHIBITOR", "INHIBITOR"], NEGATIVE, "text:iron"),
        (["INHIBITOR", "INDIRECT-DOWNREGULATOR"], NEGATIVE, "text:iron"),
        (["DIRECT-REGULATOR", "INHIBITOR"], NEGATIVE, "text:iron"),
        (["SUBSTRATE", "DIRECT-REGULATOR"], "Bind", "text:iron"),
        (["SUBSTRATE", "ACTIVATOR"], POSITIVE, "text:iron"),
        (["SUBSTRATE", "PRODUCT-OF"], "Association", "text:ferritin"),
        (["SUBSTRATE", "PART-OF"], "Association", None),
    ],
)
def test_pair_keeps_its_strongest_relation(types, becomes, subject, source):
    first, second = types
    document, counts = imported(source, (first, "T1", "T2"), (second, "T3", "T4"))
    assert document.relations == (Relation(becomes, "text:iron", "text:ferritin", subject_id=subject),)
    assert (counts.relation_types.total(), counts.relations, counts.merged) == (2, 1, 1)
    assert counts.contradictions == ()


def test_opposite_relations_of_a_pair_are_reported(source):
    document, counts = imported(source, ("INHIBITOR", "T1", "T2"), ("SUBSTRATE", "T1", "T2"), ("ACTIVATOR", "T3", "T4"))
    assert document.relations == (Relation("Association", "text:iron", "text:ferritin", subject_id="text:iron"),)
    assert counts.contradictions == (
        f"{source}: document 11: text:iron - text:ferritin: {NEGATIVE}, Association, {POSITIVE}",
    )
    assert (counts.relation_types.total(), counts.relations, counts.merged) == (3, 1, 2)


def test_relation_of_an_entity_with_itself_is_dropped_and_counted(source):
    document, counts = imported(source, ("INHIBITOR", "T1", "T3"), ("INHIBITOR", "T1", "T2"))
    assert len(document.relations) == 1
    assert counts.dropped == {"INHIBITOR": 1}
    assert counts.relation_types == {("INHIBITOR", NEGATIVE): 1}


def test_unknown_types_are_refused(source):
    with pytest.raises(AnnotationError, match=r"in\.xml: document 11: relation has type 'CPR:3', none of INHIBITOR, "):
        imported(source, ("CPR:3", "T1", "T2"))
    with pytest.raises(
        AnnotationError, match=r"in\.xml: document 11: mention 'Iron' has type 'METAL', none of CHEMICAL"
    ):
        imported(source, marks=[("T1", "Iron", "METAL", 0)])


def test_unknown_types_are_left_out_and_counted_where_the_policy_asks(source):
    marks = [*MARKS[:2], ("T3", "insulin", "METAL", 40)]
    path = chemical_gene(
        source, ("INHIBITOR", "T1", "T2"), ("CPR:3", "T1", "T2"), ("SUBSTRATE", "T1", "T3"), marks=marks
    )
    policy = ErrorPolicy("skip-mention")
    (document,), counts = import_corpus(CORPORA["drugprot"], [path], policy=policy)
    assert len(document.mentions) == 2
    assert [relation.relation_type for relation in document.relations] == [NEGATIVE]
    assert policy.summary() == [
        "left out: 1 mention (unknown type)",
        "left out: 2 relations (unknown type: 1, its entity has no mention left: 1)",
    ]
    documents, counts = import_corpus(CORPORA["drugprot"], [path], policy=ErrorPolicy("skip-document"))
    assert (documents, counts.documents_read, counts.unread) == ([], 0, 1)


# BC5CDR as BioC.

CDR_TEXT = "Iron. Iron harms heart and lung muscle."


def cdr_bioc(path: Path, *relations: str) -> Path:
    """A file as BC5CDR's BioC, of one document with a composite and a discontinuous mention."""
    pytest.importorskip("bioc")
    mentions = [
        ("0", "Chemical", "D007501", "Iron", [(0, 4)]),
        ("1", "Chemical", "D007501", "Iron", [(6, 4)]),
        ("2", "Disease", "D1|D2", "heart and lung muscle", [(17, 21)]),
        ("3", "Disease", "D1", "heart muscle", [(17, 5), (32, 6)]),
        ("4", "Disease", "-1", "harms", [(11, 5)]),
    ]

    def passage(kind: str, start: int, end: int) -> str:
        annotations = "".join(
            f'<annotation id="{name}"><infon key="type">{type}</infon><infon key="MESH">{identifier}</infon>'
            + "".join(f'<location offset="{offset}" length="{length}"/>' for offset, length in places)
            + f"<text>{text}</text></annotation>"
            for name, type, identifier, text, places in mentions
            if start <= places[0][0] < end
        )
        text = CDR_TEXT[start:end]
        infon = f'<infon key="type">{kind}</infon>'
        return f"<passage>{infon}<offset>{start}</offset><text>{text}</text>{annotations}</passage>"

    passages = passage("title", 0, 5) + passage("abstract", 6, len(CDR_TEXT))
    found = "".join(f'<relation id="R{number}">{relation}</relation>' for number, relation in enumerate(relations))
    path.write_text(f"<collection><document><id>11</id>{passages}{found}</document></collection>", encoding="utf-8")
    return path


def cid(chemical: str, disease: str) -> str:
    infons = {"relation": "CID", "Chemical": chemical, "Disease": disease}
    return "".join(f'<infon key="{key}">{value}</infon>' for key, value in infons.items())


def test_bc5cdr_is_read_from_bioc_as_from_pubtator(source):
    policy = ErrorPolicy()
    (document,), counts = import_corpus(
        CORPORA["bc5cdr"], [cdr_bioc(source, cid("D007501", "D1"), cid("D007501", "D2"))], policy=policy
    )
    assert (document.text, [part.kind for part in document.passages]) == (CDR_TEXT, ["title", "abstract"])
    assert [(each.text, each.entity_type, each.identifiers) for each in document.mentions] == [
        ("Iron", CHEMICAL, ("D007501",)),
        ("Iron", CHEMICAL, ("D007501",)),
        ("heart and lung muscle", DISEASE, ("D1", "D2")),
        ("heart and lung muscle", DISEASE, ("D1",)),
        ("harms", DISEASE, ()),
    ]
    assert document.relations == tuple(
        Relation(POSITIVE, "D007501", disease, subject_id="D007501") for disease in ("D1", "D2")
    )
    assert counts.relation_types == {("CID", POSITIVE): 2}
    assert policy.summary() == ["discontinuous mentions, read as the smallest span that covers their parts: 1"]
    rows = "11|t|Iron.\n11|a|Iron harms heart and lung muscle.\n11\t0\t4\tIron\tChemical\tD007501\n"
    (source.parent / "in.txt").write_text(rows + "11\t17\t38\theart and lung muscle\tDisease\tD1|D2\theart|lung\n")
    (other,), _ = import_corpus(CORPORA["bc5cdr"], [source.parent / "in.txt"])
    assert (other.text, other.mentions[1]) == (document.text, document.mentions[2])


def test_relation_of_three_entities_is_an_error_or_one_of_each_pair(source):
    nodes = "".join(f'<node refid="{name}" role=""/>' for name in ("0", "1", "2"))
    path = cdr_bioc(source, f'<infon key="relation">CID</infon>{nodes}', cid("D007501", "D1"))
    with pytest.raises(AnnotationError, match=r"relation R0: has 3 nodes, .* split_relations \(--split-relations\)"):
        import_corpus(CORPORA["bc5cdr"], [path])
    policy = ErrorPolicy("skip-mention")
    (document,), _ = import_corpus(CORPORA["bc5cdr"], [path], policy=policy)
    assert len(document.relations) == 1
    assert policy.summary()[0] == "left out: 1 relation (relation of three and more entities)"
    policy = ErrorPolicy(split_relations=True)
    (document,), counts = import_corpus(CORPORA["bc5cdr"], [path], policy=policy)
    pairs = [("D007501", "D1"), ("D007501", "D2")]
    assert [(each.entity1_id, each.entity2_id) for each in document.relations] == pairs
    assert "relations of three and more entities, read as one of each pair: 1" in policy.summary()
    assert not counts.dropped, "two mentions of one entity are no pair"


def test_file_that_cannot_be_read_leaves_the_others(source, tmp_path):
    (tmp_path / "broken.xml").write_text("<collection><document>")
    policy = ErrorPolicy("skip-document")
    documents, counts = import_corpus(
        CORPORA["bc5cdr"], [tmp_path / "broken.xml", cdr_bioc(source, cid("D007501", "D1"))], policy=policy
    )
    assert ([document.id for document in documents], counts.documents_read) == (["11"], 1)
    assert policy.skipped_number("file") == 1


# Documents that stay away.


def test_excluded_and_repeated_documents_are_counted(tmp_path):
    names = [("a.xml", "1"), ("b.xml", "2"), ("c.xml", "1"), ("d.xml", "3")]
    paths = [chemical_gene(tmp_path / name, ("INHIBITOR", "T1", "T2"), id=id) for name, id in names]
    documents, counts = import_corpus(CORPORA["drugprot"], paths, exclude_ids=["2", "9"])
    assert [document.id for document in documents] == ["1", "3"]
    assert (counts.documents_read, counts.documents, counts.excluded, counts.repeated) == (4, 2, ("2",), ("1",))
    assert counts.relation_types == {("INHIBITOR", NEGATIVE): 2}, "those of documents that stay"


# Re-DocRED.


def docred(path: Path, labels=({"r": "P17", "h": 0, "t": 1},), **keys) -> Path:
    """A file of one document."""
    vertices = [
        [
            {"name": "Berlin", "type": "LOC", "sent_id": 0, "pos": [0, 1]},
            {"name": "city", "type": "MISC", "sent_id": 1, "pos": [1, 3]},
            {"name": "Berlin", "type": "LOC", "sent_id": 1, "pos": [0, 1]},
        ],
        [{"name": "Germany", "type": "LOC", "sent_id": 0, "pos": [2, 3]}],
        [{"name": "Germany", "type": "LOC", "sent_id": 0, "pos": [2, 3]}],
    ]
    sents = [["Berlin", "in", "Germany", "."], ["Berlin", "the", "city"]]
    path.write_text(json.dumps([{"title": "A | B", "sents": sents, "vertexSet": vertices, "labels": labels, **keys}]))
    return path


def test_redocred_becomes_a_document_with_all_relations_of_a_pair(tmp_path):
    labels = [{"r": "P17", "h": 0, "t": 1}, {"r": "P150", "h": 1, "t": 0}, {"r": "P131", "h": 0, "t": 1}]
    (document,), counts = import_corpus(CORPORA["redocred"], [docred(tmp_path / "in.json", labels)])
    assert (document.id, document.text) == ("A | B", "Berlin in Germany . Berlin the city")
    assert document.mentions == (
        Mention(0, 6, "Berlin", "LOC", ("E0",)),
        Mention(27, 35, "the city", "LOC", ("E0",)),
        Mention(20, 26, "Berlin", "LOC", ("E0",)),
        Mention(10, 17, "Germany", "LOC", ("E1", "E2")),
    )
    found = [(each.relation_type, each.subject_id) for each in document.relations]
    assert found == [("P17", "E0"), ("P150", "E1"), ("P131", "E0")]
    assert counts.merged == 0
    assert len(set(PROPERTIES)) == 96


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"labels": [{"r": "P17", "h": 0, "t": 3}]}, "relation P17: 't' is 3, but there are 3 entities"),
        ({"sents": [["Berlin"]]}, r"is not of Re-DocRED \(IndexError"),
        ({"vertexSet": [[{"name": "x", "type": "LOC", "sent_id": 0, "pos": [0, 0]}]]}, "mention 'x': sentence 0 and"),
        ({"vertexSet": [[{"name": "x", "sent_id": 0, "pos": [0, 1]}]]}, r"is not of Re-DocRED \(KeyError: 'type'\)"),
        ({"title": 5}, "the id is int 5, not a string"),
    ],
)
def test_bad_document_of_redocred_is_named(keys, message, tmp_path, caplog):
    path = docred(tmp_path / "in.json", **keys)
    with pytest.raises((ParseError, AnnotationError), match=rf"in\.json: document 0: .*{message}"):
        list(read_redocred(path))
    policy = ErrorPolicy("skip-document")
    assert list(read_redocred(path, policy)) == []
    assert policy.skipped_number("document") == 1
    assert caplog.messages[-1].startswith(f"{path}: left out: 1 document (")


@pytest.mark.parametrize(("content", "message"), [("{", "not JSON"), ("{}", "is not a list of documents")])
def test_file_that_is_not_of_redocred(content, message, tmp_path):
    (tmp_path / "in.json").write_text(content)
    with pytest.raises(ParseError, match=rf"in\.json: {message}"):
        list(read_redocred(tmp_path / "in.json"))


# The real corpora.


@pytest.fixture(scope="module")
def scored_ids(data_dir) -> set[str]:
    """The documents on which models are scored."""
    return {document.id for document in read_pubtator(data_dir / "bioredirect" / "bioredirect_test.pubtator")}


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "files", "excluded", "mapped", "relations", "contradictions"),
    [
        ("bc5cdr", ["CDR_TrainingSet.PubTator.txt", "CDR_DevelopmentSet.PubTator.txt"], 21, 2014, 2014, 0),
        ("drugprot", ["drugprot_dev350.bioc.xml"], 0, 1759, 1436, 7),
        ("euadr", ["euadr.bioc.xml"], 0, 166, 108, 0),
        ("redocred", ["dev_revised.json", "test_revised.json"], 0, 34732, 34732, 0),
    ],
)
def test_real_corpora(name, files, excluded, mapped, relations, contradictions, data_dir, scored_ids):
    if name in ("drugprot", "euadr"):
        pytest.importorskip("bioc")
    imported_documents, counts = import_corpus(CORPORA[name], [data_dir / name / file for file in files], scored_ids)
    documents = {"bc5cdr": 1000, "drugprot": 350, "euadr": 38, "redocred": 1000}[name]
    found = (counts.documents_read, len(counts.excluded), counts.documents)
    assert (len(scored_ids), *found) == (100, documents, excluded, documents - excluded)
    assert not {document.id for document in imported_documents} & scored_ids
    assert (counts.relation_types.total(), counts.relations, counts.merged) == (mapped, relations, mapped - relations)
    assert (len(counts.contradictions), counts.dropped.total(), counts.repeated) == (contradictions, 0, ())
    types = {each.relation_type for document in imported_documents for each in document.relations}
    assert types <= {rule.relation_type for rule in CORPORA[name].relation_rules.values()}
