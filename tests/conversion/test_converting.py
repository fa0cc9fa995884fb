"""Documents through every format: what reads back, what is counted as lost, what is refused."""

import json
from dataclasses import replace

import pytest

from biodir import ErrorPolicy, write_pubtator
from biodir.conversion.converting import convert, losses
from biodir.conversion.targets import target_of
from biodir.document_biodir import Document, Mention, Passage, Relation
from biodir.document_results_biodir import FURTHER
from biodir.errors_biodir import AnnotationError
from biodir.formats.reading import read_documents
from helpers.marked import marked_document

TWO = marked_document("<C:D1 Aspirin> cures <D:D2;D3 pain>. <G:4 COX2> (<C:- acid>) falls.", id="1")
TWO = replace(
    TWO,
    passages=(Passage(0, 19, "title"), Passage(20, len(TWO.text), "abstract")),
    relations=(
        Relation("Negative_Correlation", "D1", "D2", "Novel", "D1", 0.5, 0.25, 0.125),
        Relation("Association", "D3", "4"),
    ),
)
ONE = marked_document("Iron \u03b1\U0001f9ea binds <G:9 EGFR>.", id="2")
KEEPING = ("a.jsonl", "a.jsonl.gz", "a.json", "a.json.gz", "a.xml", "a.xml.gz", "a.parquet")


@pytest.fixture
def source(tmp_path):
    write_pubtator([TWO, ONE], tmp_path / "in.pubtator")
    return tmp_path / "in.pubtator"


def comparable(path) -> list[Document]:
    """The documents, without passages of a text that had none."""
    return [replace(each, passages=each.passages if len(each.passages) > 1 else ()) for each in read_documents(path)]


@pytest.mark.parametrize("name", KEEPING)
def test_format_keeps_everything_and_counts_no_loss(name, source, tmp_path):
    policy = ErrorPolicy()
    assert convert([source, source], tmp_path / name, target_of(tmp_path / name), policy) == 4
    assert policy.summary() == []
    assert comparable(tmp_path / name) == comparable(source) * 2
    back = target_of(tmp_path / "back.pubtator", dialect="bioredirect")
    convert([tmp_path / name], tmp_path / "back.pubtator", back)
    assert (tmp_path / "back.pubtator").read_bytes() == source.read_bytes() * 2


@pytest.mark.parametrize("name", KEEPING)
def test_sections_of_passages_are_kept(name, tmp_path):
    passages = (Passage(0, 19, "front", "TITLE"), Passage(20, len(TWO.text), "paragraph", "RESULTS"))
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps(replace(TWO, passages=passages).to_dict()))
    policy = ErrorPolicy()
    convert([path], tmp_path / name, target_of(tmp_path / name), policy)
    (found,) = read_documents(tmp_path / name)
    assert (found.passages, policy.summary()) == (passages, [])


def test_pubtator_counts_what_it_has_no_place_for(source, tmp_path):
    policy = ErrorPolicy()
    convert([source], tmp_path / "a.txt", target_of(tmp_path / "a.txt"), policy)
    assert policy.summary() == [
        f"pubtator has no place for: {name} of a relation: 1"
        for name in ("direction", "novelty", "score of the type", "score of the novelty", "score of the direction")
    ]
    (first, _) = read_documents(tmp_path / "a.txt")
    assert first.mentions == TWO.mentions


@pytest.mark.parametrize("name", [*KEEPING, "a.pubtator"])
def test_text_without_marks_stays_apart_from_one_without_entities(name, tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": "1", "text": "Iron binds."}\n{"id": "2", "text": "Iron binds.", "entities": []}\n')
    policy = ErrorPolicy()
    convert([path], tmp_path / name, target_of(tmp_path / name), policy)
    found = [each.is_plain for each in read_documents(tmp_path / name)]
    if "jsonl" in name or "parquet" in name:
        assert (found, policy.summary()) == ([True, False], [])
    else:
        assert found == [True, True]
        target = target_of(tmp_path / name).name
        assert policy.summary() == [f"{target} has no place for: statements that a text has no entities: 1"]


def test_losses_name_each_part_that_differs():
    document = replace(TWO, pmcid="PMC5")
    assert losses(document, document) == {}
    assert losses(document, replace(document, text=document.text + " ")) == {}
    other = replace(document.mentions[0], entity_type="Chemical"), replace(document.mentions[2], identifiers=("5",))
    after = Document("1", "x" * 40, relations=document.relations[:1])
    assert losses(document, after) == {
        "texts as they are": 1,
        "passages as they are": 1,
        "ids of PubMed Central": 1,
        "mentions": 4,
        "relations": 1,
    }
    found = losses(document, replace(document, mentions=(*other, document.mentions[1], document.mentions[3])))
    assert found == {"names of entity types": 1, "identifiers as they are": 1}


@pytest.mark.parametrize(
    ("name", "dialect", "relation", "notes"),
    [
        ("a.pubtator", "bioredirect", Relation("Bind|0.9", "D1", "1956", subject_id="D1"), ["type"]),
        ("a.pubtator", "pubtator3", Relation("Bind", "D000001", "1956"), ["identifier"]),
        ("a.json", None, Relation("Bind", "Chemical|D1", "1956"), ["identifier"]),
        ("a.xml", None, Relation("Bind", "D1", "Chemical|D1"), ["identifier"]),
        ("a.jsonl", None, Relation("Bind|0.9", "D1", "Chemical|D1"), []),
    ],
)
def test_type_or_identifier_of_a_relation_that_reads_back_as_another_is_counted(
    name, dialect, relation, notes, tmp_path
):
    document = Document("7", "Iron", (Mention(0, 4, "Iron", "Chemical", ("D1",)),), (relation,))
    target_of(tmp_path / "in.jsonl").write([document], tmp_path / "in.jsonl")
    policy = ErrorPolicy()
    target = target_of(tmp_path / name, dialect=dialect)
    convert([tmp_path / "in.jsonl"], tmp_path / name, target, policy)
    lines = [line for line in policy.summary() if "of a relation" in line and "score" not in line]
    assert lines == [f"{target.name} has no place for: {each} of a relation: 1" for each in notes]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("a.xml", Document("7", "Iron \x01 x")),
        ("a.pubtator", Document("7", "Iron", (Mention(0, 4, "Iron", "Chemical", ("a;b",)),))),
        ("a.pubtator", Document("7|8", "Iron")),
        *((name, Document("7", "Iron \ud800")) for name in ("a.pubtator", "a.jsonl", "a.json", "a.xml", "a.parquet")),
        ("a.parquet", Document("7", "Iron", (Mention(0, 4, "Iron", "\ud800"),))),
        ("a.parquet", Document("7", "Iron", relations=(Relation("\ud800", "a", "b"),))),
    ],
)
def test_document_that_the_format_cannot_hold_is_left_out_or_an_error_with_its_place(name, document, tmp_path):
    path = tmp_path / "in.jsonl"
    convert_line = target_of(path).write
    convert_line([document, ONE], path)
    with pytest.raises(AnnotationError, match=r"in\.jsonl:1: "):
        convert([path], tmp_path / name, target_of(tmp_path / name))
    assert not (tmp_path / name).exists()
    policy = ErrorPolicy("skip-document")
    assert convert([path], tmp_path / name, target_of(tmp_path / name), policy) == 1
    assert policy.skipped_number("document") == 1


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.xml", "a.parquet"])
def test_corpus_of_directed_relations_reads_back_equal(name, data_dir, tmp_path):
    source = data_dir / "bioredirect" / "bioredirect_test.pubtator"
    policy = ErrorPolicy()
    assert convert([source], tmp_path / name, target_of(tmp_path / name), policy) == 100
    assert policy.summary() == []
    assert list(read_documents(tmp_path / name)) == list(read_documents(source))


@pytest.mark.parametrize("name", [*KEEPING, "a.pubtator"])
def test_sentences_are_kept_in_tables_and_json_lines_and_counted_elsewhere(name, tmp_path):
    path, target, policy = tmp_path / name, target_of(tmp_path / name), ErrorPolicy()
    before = [Document("7", "Iron. Zinc.", sentences=((0, 5), (6, 11))), Document("8", "Iron.")]
    target_of(tmp_path / "in.jsonl").write(before, tmp_path / "in.jsonl")
    convert([tmp_path / "in.jsonl"], path, target, policy)
    kept = [each.sentences for each in read_documents(path)]
    if target.name in ("jsonl", "parquet"):
        assert (kept, policy.summary()) == ([before[0].sentences, ()], [])
    else:
        assert kept == [(), ()]
        assert policy.summary() == [f"{target.name} has no place for: sentences of the source: 1"]


def test_results_with_entities_are_documents_with_relations_in_every_format(source, tmp_path):
    directed, open_ = ({"id": name, "type": "ChemicalEntity", "text": "x"} for name in ("D2", "D1"))
    scores = {"score": 0.1, "relation_score": 0.90001, "novelty_score": 0.5, "direction_score": None}
    kind = {"relation": "Bind", "novelty": "Novel", "evidence": [], "cross_window": False}
    first = {"subject": directed, "object": open_, "directed": True, **kind, **scores}
    further = {**first, "subject": {**open_, "type": "GeneOrGeneProduct"}, "object": directed, "relation_score": 0.5}
    result = {**TWO.to_dict(), "relations": [first, further]}
    (tmp_path / "found.jsonl").write_text(json.dumps(result) + "\n")
    expected = replace(TWO, relations=(Relation("Bind", "D2", "D1", "Novel", "D2", 0.9, 0.5),))
    (found,) = read_documents(tmp_path / "found.jsonl")
    assert found == expected
    for name in (*KEEPING, "a.pubtator"):
        policy, target = ErrorPolicy(), target_of(tmp_path / name, None, "bioredirect" if "pub" in name else None)
        convert([tmp_path / "found.jsonl"], tmp_path / name, target, policy)
        assert policy.summary() == [f"{FURTHER}: 1"]
        assert list(read_documents(tmp_path / name)) == [expected]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"object": {"type": "Gene"}}, r"in\.jsonl:1: document 1, relations\[0\]: 'object' is .* 'id'; a relation of"),
        ({"directed": None}, r"'directed' is None, neither true nor false; a relation of `biodir predict` has"),
        ({"relation": None}, r"relations\[0\]: 'relation' is None, not a string; a relation needs it"),
        ({"relation_score": 7.5}, r"relation_score of D2 - D1 is 7\.5; scores lie in 0\.\.1"),
    ],
)
def test_relation_of_a_result_that_lacks_a_part_is_an_error_with_its_place(changes, message, tmp_path):
    relation = {"subject": {"id": "D2"}, "object": {"id": "D1"}, "relation": "Bind", "directed": True, **changes}
    (tmp_path / "in.jsonl").write_text(json.dumps({**TWO.to_dict(), "relations": [relation]}) + "\n")
    with pytest.raises(AnnotationError, match=message):
        list(read_documents(tmp_path / "in.jsonl"))
