"""Readers of all formats against damaged input: reading ends in documents that hold, or in a BioDirError.

BIODIR_FUZZ_EXAMPLES=20000 tries so many inputs of each kind, other ones each time.
"""

import json
import logging
import os
import re
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from biodir import AnnotationError, BioDirError, Document, ErrorPolicy, Mention, Passage, Relation, parse_pubtator
from biodir.document_biodir import SURROGATE
from biodir.document_inputs_biodir import document_from_input, with_known_types
from biodir.document_json_biodir import document_from_json, is_collection
from biodir.errors_biodir import ERRORS, OFFSETS, SettingError
from biodir.formats.pubtator_writer import format_pubtator
from biodir.formats.reading import document_count, read_documents
from biodir.labels_biodir import ENTITY_TYPES
from helpers import fuzzing

EXAMPLES = int(os.environ.get("BIODIR_FUZZ_EXAMPLES", 0))
fuzzed = settings(
    max_examples=EXAMPLES or 150,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
laws = settings(fuzzed, max_examples=EXAMPLES or 50)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder for the file of all examples; what readers log of each would fill the memory."""
    logging.disable()
    yield tmp_path_factory.mktemp("fuzz")
    logging.disable(logging.NOTSET)


# What holds for every file, however damaged.


def check_file(path):
    """Check that reading under all policies gives documents that hold or a BioDirError, and that the counts agree."""
    with suppress(BioDirError):
        document_count(path)
    strict, error = [], None
    try:
        for document in read_documents(path):
            strict.append(document)
    except BioDirError as found:
        error = found
        assert not isinstance(error, SettingError)
        assert str(error)
        assert error.reason
    unit = OFFSETS[path.stat().st_size % len(OFFSETS)]
    _, other_unit = read_leniently(path, ErrorPolicy("skip-mention", unit, split_relations=True))
    totals = [other_unit]
    for errors in ("skip-document", "skip-mention"):
        policy = ErrorPolicy(errors)
        lenient, total = read_leniently(path, policy)
        totals.append(total)
        assert lenient[: len(strict)] == strict
        assert bool(policy.skipped) == (error is not None)
        assert all(isinstance(line, str) for line in policy.summary())
        if error is None:
            assert lenient == strict
    assert len(set(totals)) == 1


def read_leniently(path, policy):
    """The documents of the file, which hold, and their number with those that are left out."""
    found = list(policy.files([path], lambda path: read_documents(path, policy)))
    for document in found:
        check_document(document)
    return found, len(found) + policy.skipped_number("document")


def check_document(document):
    """Check what a document promises, whatever it was read from."""
    assert isinstance(document.id, str)
    assert document.id.strip()
    for mention in document.mentions:
        assert document.text[mention.start_char : mention.end_char] == mention.text
        assert mention.text.strip()
        assert isinstance(mention.identifiers, tuple)
        assert all(isinstance(each, str) and each.strip() for each in mention.identifiers)
        assert isinstance(mention.entity_type, str)
        assert mention.entity_type.strip()
    for relation in document.relations:
        for value in (relation.relation_type, relation.entity1_id, relation.entity2_id):
            assert isinstance(value, str)
            assert value.strip()
        assert relation.subject_id in (None, relation.entity1_id, relation.entity2_id)
    assert Document.from_dict(document.to_dict()) == document
    try:
        block = format_pubtator(document)
    except AnnotationError:
        return
    if SURROGATE.search(block):  # writing a file refuses it
        return
    (again,) = parse_pubtator(block.split("\n"))
    assert len(again.mentions) == len(document.mentions)
    assert len(again.relations) == len(document.relations)


def sometimes_damaged(data, content):
    """The bytes, in one of four examples damaged: most such files cannot be read at all."""
    return data.draw(fuzzing.damaged_bytes(content)) if data.draw(st.integers(0, 3)) == 0 else content


def check_content(folder, data, content, name="file"):
    """Check the file of a content that is sometimes damaged further."""
    path = folder / name
    path.write_bytes(sometimes_damaged(data, content))
    check_file(path)


some_documents = st.lists(fuzzing.documents(), min_size=1, max_size=3)


@fuzzed
@given(data=st.data(), found=some_documents)
def test_damaged_pubtator(folder, data, found):
    text = data.draw(fuzzing.damaged_text(fuzzing.pubtator_file(found)))
    check_content(folder, data, fuzzing.encoded(text))


@pytest.mark.parametrize("shape", fuzzing.SHAPES, ids=lambda shape: shape.__name__)
@fuzzed
@given(data=st.data(), found=some_documents)
def test_damaged_json(folder, shape, data, found):
    values = data.draw(fuzzing.damaged_value(list(map(shape, found))))
    container = data.draw(st.sampled_from(list(fuzzing.CONTAINERS.values())))
    values = values if isinstance(values, list) else [values]
    check_content(folder, data, fuzzing.encoded(container(values)))


@fuzzed
@given(data=st.data(), found=some_documents)
def test_damaged_text_of_json(folder, data, found):
    shape = data.draw(st.sampled_from(fuzzing.SHAPES))
    container = data.draw(st.sampled_from(list(fuzzing.CONTAINERS.values())))
    text = data.draw(fuzzing.damaged_text(container(list(map(shape, found)))))
    check_content(folder, data, fuzzing.encoded(text))


@fuzzed
@given(data=st.data(), found=some_documents)
def test_damaged_bioc_xml(folder, data, found):
    text = data.draw(fuzzing.damaged_text(fuzzing.xml_file(found)))
    check_content(folder, data, fuzzing.encoded(text))


@fuzzed
@given(data=st.data(), found=some_documents)
def test_damaged_parquet(folder, data, found):
    shape = data.draw(st.sampled_from([fuzzing.own, fuzzing.bigbio, fuzzing.prodigy, fuzzing.doccano_relations]))
    values = data.draw(fuzzing.damaged_value(list(map(shape, found))))
    content = fuzzing.parquet_file(values if isinstance(values, list) else [values])
    assume(content is not None)
    check_content(folder, data, content)


@fuzzed
@given(data=st.data(), document=fuzzing.documents())
def test_damaged_brat(folder, data, document):
    text = document.text
    if data.draw(st.integers(0, 3)) == 0:
        text = data.draw(fuzzing.damaged_text(text))
    (folder / "a.txt").write_bytes(sometimes_damaged(data, fuzzing.encoded(text)))
    rows = data.draw(fuzzing.damaged_text(fuzzing.brat_file(document)))
    check_content(folder, data, fuzzing.encoded(rows), "a.ann")


@fuzzed
@given(data=st.data(), document=fuzzing.documents())
def test_damaged_plain_text(folder, data, document):
    path = folder / "a.txt"
    path.write_bytes(sometimes_damaged(data, fuzzing.encoded(data.draw(fuzzing.damaged_text(document.text)))))
    one_per_line, policy = data.draw(st.booleans()), ErrorPolicy("skip-document", finds_entities=True)
    for found in policy.files([path], lambda each: read_documents(each, policy, one_per_line)):
        check_document(found)


PYTHON_VALUES = (np.int64(4), np.float32("nan"), np.array([1, 2]), np.array("a"), pd.NA, b"x", ("a",), {1}, object())


@fuzzed
@given(data=st.data(), document=fuzzing.documents())
def test_damaged_inputs_of_the_pipeline(data, document):
    shape = data.draw(st.sampled_from(fuzzing.SHAPES))
    value = data.draw(fuzzing.damaged_value(shape(document), (*fuzzing.JUNK_VALUES, *PYTHON_VALUES)))
    choices = {"errors": ERRORS, "offsets": OFFSETS, "finds_entities": (False, True)}
    policy = ErrorPolicy(**{name: data.draw(st.sampled_from(values)) for name, values in choices.items()})
    try:
        read = document_from_input(value, 7, ENTITY_TYPES, policy)
        read = with_known_types(read, ENTITY_TYPES, {"x": None}, policy)
    except BioDirError:
        return
    check_document(read)
    assert {mention.entity_type for mention in read.mentions} <= set(ENTITY_TYPES)
    json.dumps(read.to_dict()["entities"], ensure_ascii=False).encode()


@fuzzed
@given(data=st.data(), found=st.lists(fuzzing.documents(), min_size=3, max_size=3, unique_by=lambda each: each.id))
def test_damage_of_one_document_leaves_its_neighbours(folder, data, found):
    shape = data.draw(st.sampled_from([each for each in fuzzing.SHAPES if each is not fuzzing.bioc_nodes]))
    before, hurt, after = map(shape, found)
    hurt = data.draw(fuzzing.damaged_value(hurt))
    container = data.draw(st.sampled_from(list(fuzzing.CONTAINERS.values())))
    path = folder / "file"
    path.write_bytes(fuzzing.encoded(container([before, after])))
    unhurt = list(read_documents(path))
    path.write_bytes(fuzzing.encoded(container([before, hurt, after])))
    for errors in ("skip-document", "skip-mention"):
        policy = ErrorPolicy(errors)
        read = list(read_documents(path, policy))
        assert read[0] == unhurt[0]
        assert replace(read[-1], id=unhurt[-1].id) == unhurt[-1]
        if not isinstance(hurt, list) and not is_collection(hurt):
            assert len(read) + policy.skipped_number("document") == 3


# Laws of undamaged documents.


def read_json(value, **policy):
    return document_from_json(json.loads(json.dumps(value)), policy=ErrorPolicy(**policy))


@laws
@given(document=fuzzing.documents())
def test_pubtator_and_mapping_read_back_equal(document):
    (again,) = parse_pubtator(format_pubtator(document).split("\n"))
    assert again == document
    assert Document.from_dict(json.loads(json.dumps(document.to_dict()))) == document


@pytest.mark.parametrize("shape", fuzzing.SHAPES, ids=lambda shape: shape.__name__)
@laws
@given(document=fuzzing.documents())
def test_all_shapes_give_equal_spans_and_types(shape, document):
    policy = ErrorPolicy("skip-mention")
    read = document_from_json(shape(document), document.id, policy)
    assert read.text == document.text
    assert not policy.skipped_number("mention")
    if shape is fuzzing.bioc_nodes:  # it makes the first mention of a passage discontinuous
        return
    assert [replace(each, identifiers=()) for each in read.mentions] == [
        replace(each, identifiers=()) for each in document.mentions
    ]


@laws
@given(document=fuzzing.documents())
def test_pubtator_json_bioc_and_article_give_equal_mentions(folder, document):
    path = folder / "file.xml"
    path.write_text(fuzzing.xml_file([document]), encoding="utf-8")
    (from_xml,) = read_documents(path)
    readings = [read_json(shape(document)) for shape in (fuzzing.bioc, fuzzing.article, fuzzing.title_abstract)]
    for read in [*readings, from_xml, *parse_pubtator(format_pubtator(document).split("\n"))]:
        assert read.mentions == document.mentions


UNITS = {"utf-16": lambda text: len(text.encode("utf-16-le")) // 2, "bytes": lambda text: len(text.encode())}


@pytest.mark.parametrize("unit", UNITS)
@laws
@given(document=fuzzing.documents())
def test_converted_offsets_give_equal_mentions(unit, document):
    length, mapping = UNITS[unit], document.to_dict()
    for entry in mapping["entities"] or ():
        entry["start"], entry["end"] = (length(document.text[: entry[key]]) for key in ("start", "end"))
    del mapping["passages"]
    assert read_json(mapping, offsets=unit).mentions == document.mentions
    lines = format_pubtator(replace(document, relations=())).split("\n")
    rows = [line.split("\t") for line in lines]
    for row, entry in zip(rows[2:], mapping["entities"] or (), strict=False):
        row[1:3] = [str(entry["start"]), str(entry["end"])]
    (read,) = parse_pubtator(["\t".join(row) for row in rows], policy=ErrorPolicy(offsets=unit))
    assert read.mentions == document.mentions


# What the fuzzer found.


def outcome(folder, content, name="file"):
    """The documents that are read of a file without those parts that have an error, and the errors."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    errors = []
    policy = ErrorPolicy("skip-mention", on_skip=lambda what, error: errors.append(f"{what}: {error}"))
    read = list(policy.files([path], lambda path: read_documents(path, policy)))
    check_file(path)
    return read, " ".join(errors).replace(str(path), name)


SPAN = {"start": 0, "end": 4, "label": "Gene"}
HEADS = {"head_span": SPAN, "child_span": SPAN, "label": "Bind"}


@pytest.mark.parametrize(
    ("value", "mentions", "message"),
    [
        (
            {"text": "EGFR", "spans": [None, SPAN], "relations": [HEADS]},
            1,
            "mention: file:1, entities[0]",
        ),
        ({"text": "EGFR", "spans": [{**SPAN, "token_start": "a", "token_end": 1}], "relations": [{"head": 0}]}, 1, ""),
        ({"text": "EGFR", "entities": [{**SPAN, "label": " "}]}, 0, "entity type ' ' is not a name"),
        ({"text": "EGFR", "entities": [{"offsets": [["a", 4]], "type": "Gene"}]}, 0, "not pairs of start and end"),
        ({"text": "EGFR", "entities": [SPAN, {**SPAN, "accession": "P00533"}]}, 1, "unknown key 'accession'"),
        (
            {"passages": [{"text": "EGFR", "offset": 10**25}], "entities": []},
            None,
            "more than 1000000 characters after",
        ),
        (
            {"text": "EGFR", "spans": [SPAN], "relations": [{**HEADS, "label": "\x85"}]},
            1,
            "'relation' is '\\x85', empty",
        ),
        ({"id": " ", "text": "EGFR", "entities": [SPAN]}, 1, ""),
    ],
)
def test_odd_values_of_json(folder, value, mentions, message):
    read, errors = outcome(folder, value)
    assert [len(document.mentions) for document in read] == ([] if mentions is None else [mentions])
    assert all(document.id == "file:1" for document in read)
    assert message in errors


@pytest.mark.parametrize("shape", [fuzzing.own, fuzzing.bioc], ids=lambda shape: shape.__name__)
def test_relations_of_mentions_that_are_left_out_are_counted(folder, shape):
    mentions = tuple(Mention(start, start + 4, "EGFR", "Gene", (f"G{start}",)) for start in (0, 5, 10))
    relations = (Relation("Bind", "G0", "G5"), Relation("Bind", "G10", "G5"))
    value = shape(Document("7", "EGFR EGFR EGFR", mentions, relations, (Passage(0, 14, "title"),)))
    mention = (value.get("entities") or value["passages"][0]["annotations"])[0]
    mention["text"] = "other"
    (read,), errors = outcome(folder, value)
    assert read.relations == relations[1:]
    assert "relation: file:1: Bind of G0 and G5" in errors


@pytest.mark.parametrize("odd", [["0"], 0, {"a": 1}])
def test_annotation_of_bioc_is_found_by_an_id_of_any_kind(folder, odd):
    mentions = tuple(
        Mention(*span, "EGFR", "Gene", (identifier,)) for span, identifier in [((0, 4), "1"), ((5, 9), "2")]
    )
    value = fuzzing.bioc(Document("7", "EGFR EGFR", mentions, passages=(Passage(0, 9, "title"),)))
    value["passages"][0]["annotations"][0]["id"] = odd
    nodes = [{"refid": odd, "role": "head"}, {"refid": "1", "role": "tail"}]
    value["relations"] = [{"id": "R", "infons": {"type": "Bind"}, "nodes": nodes}]
    (read,), errors = outcome(folder, value)
    assert read.relations == (Relation("Bind", "1", "2", subject_id="1"),)
    assert not errors


@pytest.mark.parametrize("relation", [Relation("1", "A", "B"), Relation("Bind", "A", "Subject:A")])
def test_relation_that_would_read_back_as_another_line_is_not_written(relation):
    with pytest.raises(AnnotationError, match="cannot be written as PubTator, where its line is one of"):
        format_pubtator(Document("7", "EGFR", relations=(relation,)))


@pytest.mark.parametrize(
    ("rows", "text"), [(b"T1\tGene 0 3\tcaf\n", b"caf\xe9"), (b"T1\tGene\xff 0 4\tEGFR\n", b"EGFR")]
)
def test_brat_that_is_not_utf8(folder, rows, text):
    (folder / "b.txt").write_bytes(text)
    read, errors = outcome(folder, rows, "b.ann")
    assert not read
    assert re.search("(b.txt:1|b.ann:1): not UTF-8 at character [37]; save the file as UTF-8", errors)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<text>", "<x:text>"),
        ("text>", "x:text>"),
        ("document>", "x:document>"),
        ("<passage>", "<passage x:a='1'>"),
        ("<infon key", "<infon x:key"),
        ("<collection>", "<x:collection>"),
    ],
)
def test_undeclared_prefix_in_bioc_xml(folder, old, new):
    document = Document("7", "EGFR", (Mention(0, 4, "EGFR", "Gene", ("1",)),), passages=(Passage(0, 4, "title"),))
    read, errors = outcome(folder, fuzzing.xml_file([document]).replace(old, new).encode())
    assert read == []
    assert re.search("prefix x .*is not defined|outermost element is <x:collection>", errors)
