"""The policy by which readers treat documents with an error."""

from dataclasses import replace
from functools import partial

import pytest

from biodir.document_json_biodir import document_from_json
from biodir.document_pubtator_biodir import parse_document
from biodir.errors_biodir import STRICT, AnnotationError, ErrorPolicy, ParseError, SettingError, located
from helpers.bioc_json import annotation, passage, relation


def attempts(*results):
    """An attempt for each result; an error is raised."""

    def attempt(result):
        if isinstance(result, Exception):
            raise result
        return result

    return [(f"in.txt:{number}", partial(attempt, result)) for number, result in enumerate(results, start=1)]


BAD = ParseError("in.txt:2: bad")


def test_strict_policy_raises_after_the_documents_before_the_bad_one():
    documents = STRICT.documents(attempts("a", BAD, "c"), "in.txt")
    assert next(documents) == "a"
    with pytest.raises(ParseError, match=r"^in\.txt:2: bad$"):
        next(documents)


def test_lenient_policy_skips_counts_and_logs_for_each_file(caplog):
    reported = []
    policy = ErrorPolicy("skip-document", on_skip=lambda *left_out: reported.append(left_out))
    assert list(policy.documents(attempts("a", BAD, "c", BAD), "in.txt")) == ["a", "c"]
    assert list(policy.documents(attempts("d"), "other.txt")) == ["d"]
    assert reported == [("document", BAD)] * 2
    assert policy.skipped == {("document", "not of its format"): 2}
    assert caplog.messages == ["in.txt: left out: 2 documents (not of its format)"]
    assert policy.summary() == ["left out: 2 documents (not of its format)"]
    assert list(policy.documents(attempts(), "empty.txt")) == []
    assert policy.summary()[1:] == ["files that hold no document: 1"]


def test_error_of_the_preparation_is_one_of_its_document():
    def refuse_b(document):
        if document == "b":
            raise AnnotationError("no b", "b")
        return document.upper()

    policy = ErrorPolicy("skip-mention", prepare=refuse_b)
    assert list(policy.documents(attempts("a", "b", "c"), "in.txt")) == ["A", "C"]
    assert policy.skipped == {("document", "b"): 1}
    with pytest.raises(AnnotationError, match=r"^in\.txt:2: no b$"):
        list(replace(policy, errors="raise").documents(attempts("a", "b"), "in.txt"))


@pytest.mark.parametrize(("errors", "kept"), [("raise", None), ("skip-document", None), ("skip-mention", ["a", "c"])])
def test_only_one_policy_leaves_out_parts(errors, kept):
    policy = ErrorPolicy(errors)
    parts = policy.parts("mention", [attempt for _, attempt in attempts("a", BAD, "c")])
    if kept is None:
        with pytest.raises(ParseError):
            list(parts)
        return
    assert list(parts) == kept
    assert (policy.skipped_number("mention"), policy.skipped_number("document")) == (1, 0)


def test_part_that_the_preparation_leaves_out_is_named_with_its_place():
    errors = []
    policy = ErrorPolicy("skip-mention", on_skip=lambda what, error: errors.append(f"{what}: {error}"))

    def prepare(document):
        return list(policy.parts("mention", [attempt for _, attempt in attempts(document, AnnotationError("bad"))]))

    assert list(replace(policy, prepare=prepare).documents(attempts("a", BAD), "in.txt")) == [["a"]]
    assert errors == ["mention: in.txt:1: bad", "document: in.txt:2: bad"]


@pytest.mark.parametrize("errors", ["skip-document", "skip-mention"])
def test_file_that_cannot_be_read_on_does_not_stop_the_next(errors):
    def read(path):
        yield path
        if path == "bad":
            raise BAD

    policy = ErrorPolicy(errors)
    assert list(policy.files(["bad", "good"], read)) == ["bad", "good"]
    assert policy.summary() == ["left out: 1 file (not of its format)"]
    with pytest.raises(ParseError):
        list(ErrorPolicy().files(["bad", "good"], read))


def test_error_of_the_file_is_raised_under_every_policy():
    def broken():
        yield from attempts("a")
        raise BAD

    for errors in ("raise", "skip-document"):
        with pytest.raises(ParseError):
            list(ErrorPolicy(errors).documents(broken(), "in.txt"))


def test_mistake_in_our_code_is_not_skipped():
    with pytest.raises(KeyError):
        list(ErrorPolicy("skip-document").documents(attempts(KeyError("x")), "in.txt"))


@pytest.mark.parametrize("errors", ["ignore", "", None])
def test_other_setting_is_an_error(errors):
    with pytest.raises(SettingError, match=r"^errors is .*; it is one of 'raise', 'skip-document', 'skip-mention'$"):
        ErrorPolicy(errors)


def test_place_goes_before_the_message_and_the_kind_stays():
    with pytest.raises(AnnotationError, match=r"^here: bad$"), located("here"):
        raise AnnotationError("bad")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("document 1: bad", "a.json: document 1: bad"),
        ("document 1, relations[0]: bad", "a.json: document 1, relations[0]: bad"),
        ("document 12: bad", "a.json: document 1: document 12: bad"),
    ],
)
def test_place_that_the_message_begins_with_is_named_once(message, expected):
    with pytest.raises(AnnotationError) as raised, located("a.json: document 1"):
        raise AnnotationError(message)
    assert str(raised.value) == expected


# One fault in a part of a document, which leaves out only this part.

TEXT = "EGFR binds iron."
PUBTATOR = f"1|t|{TEXT}\n1|a|\n1\t0\t4\tEGFR\tGene\t5\n1\t11\t15\tiron\tChemical\tD3\n"


def json_document(gene="5", **fields):
    entities = [{"start": 0, "end": 4, "type": "Gene", "id": gene}, {"start": 11, "end": 15, "type": "C", "id": "D3"}]
    relations = [{"relation": "Bind", "entity1": "5", "entity2": "D3", **fields}]
    return {"text": TEXT, "entities": entities, "relations": relations}


def bioc_document(gene="5", **infons):
    marked = [annotation("1", "EGFR", identifier=gene), annotation("2", "iron", 11, identifier="D3")]
    found = [relation(entity1="5", entity2="D3", **infons)]
    return {"id": "1", "passages": [passage(TEXT, 0, marked)], "relations": found}


@pytest.mark.parametrize(
    ("read", "source", "left_out"),
    [
        (document_from_json, json_document(relation_score=1.5), "relation"),
        (document_from_json, json_document(subject="3"), "relation"),
        (document_from_json, json_document(gene=[True]), "mention"),
        (document_from_json, bioc_document(score="7.5"), "relation"),
        (document_from_json, bioc_document(gene={"MESH": "D1"}), "mention"),
        (parse_document, PUBTATOR + "1\tBind\t5\tD3\tNovel\t1.5\n", "relation"),
    ],
)
def test_part_with_an_error_is_left_out_and_its_document_is_kept(read, source, left_out):
    policy = ErrorPolicy("skip-mention")
    document = read(source, policy=policy)
    assert len(document.mentions) == (1 if left_out == "mention" else 2)
    assert (policy.skipped_number(left_out), policy.skipped_number("document")) == (1, 0)
    assert document.relations == () if left_out == "relation" else len(document.relations) == 1
    with pytest.raises((AnnotationError, ParseError), match=r"is (neither|not)|scores lie in|is list"):
        read(source)
