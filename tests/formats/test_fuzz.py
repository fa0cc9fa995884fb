"""Readers of all formats against damaged input: reading ends in documents that hold, or in a BioDirError.

BIODIR_FUZZ_EXAMPLES=20000 tries so many inputs of each kind, other ones each time.
"""

import os

import pytest

pytest.importorskip("hypothesis")  # not in the installation of `make test-lowest`

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from biodir import AnnotationError, BioDirError, Document, ErrorPolicy, parse_pubtator
from biodir.document_inputs_biodir import document_from_input, with_known_types
from biodir.document_json_biodir import document_from_json
from biodir.errors_biodir import SettingError
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
laws = settings(fuzzed, max_examples=EXAMPLES or 60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


# What holds for every file, however damaged.


def check_file(path):
    """Check that reading under all policies gives documents that hold or a BioDirError, and that the counts agree."""
    try:
        document_count(path)
    except BioDirError:
        pass
    strict, error = [], None
    try:
        for document in read_documents(path):
            strict.append(document)
    except BioDirError as found:
        error = found
        assert not isinstance(error, SettingError)
        assert str(error)
        assert error.reason
    totals = []
    for errors in ("skip-document", "skip-mention"):
        policy = ErrorPolicy(errors)
        lenient = list(policy.files([path], lambda path, policy=policy: read_documents(path, policy)))
        for document in lenient:
            check_document(document)
        totals.append(len(lenient) + policy.skipped_number("document"))
        assert lenient[: len(strict)] == strict
        assert bool(policy.skipped) == (error is not None)
        assert all(isinstance(line, str) for line in policy.summary())
        if error is None:
            assert lenient == strict
    assert totals[0] == totals[1]


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
    (again,) = parse_pubtator(block.split("\n"))
    assert len(again.mentions) == len(document.mentions)
    assert len(again.relations) == len(document.relations)


def check_content(folder, content, name="file"):
    path = folder / name
    path.write_bytes(content)
    check_file(path)


some_documents = st.lists(fuzzing.documents(), min_size=1, max_size=3)


@fuzzed
@given(data=st.data(), found=some_documents)
def test_damaged_pubtator(folder, data, found):
    text = data.draw(fuzzing.damaged_text(fuzzing.pubtator_file(found)))
    check_content(folder, data.draw(fuzzing.damaged_bytes(fuzzing.encoded(text))))


@pytest.mark.parametrize("shape", fuzzing.SHAPES, ids=lambda shape: shape.__name__)
@fuzzed
@given(data=st.data(), found=some_documents)
def test_damaged_json(folder, shape, data, found):
    values = data.draw(fuzzing.damaged_value(list(map(shape, found))))
    container = data.draw(st.sampled_from(list(fuzzing.CONTAINERS.values())))
    values = values if isinstance(values, list) else [values]
    content = fuzzing.encoded(container(values))
    if data.draw(st.integers(0, 3)) == 0:
        content = data.draw(fuzzing.damaged_bytes(content))
    check_content(folder, content)


@fuzzed
@given(data=st.data(), found=some_documents)
def test_damaged_text_of_json(folder, data, found):
    shape = data.draw(st.sampled_from(fuzzing.SHAPES))
    container = data.draw(st.sampled_from(list(fuzzing.CONTAINERS.values())))
    text = data.draw(fuzzing.damaged_text(container(list(map(shape, found)))))
    check_content(folder, data.draw(fuzzing.damaged_bytes(fuzzing.encoded(text))))


@fuzzed
@given(data=st.data(), found=some_documents)
def test_damaged_bioc_xml(folder, data, found):
    text = data.draw(fuzzing.damaged_text(fuzzing.xml_file(found)))
    check_content(folder, data.draw(fuzzing.damaged_bytes(fuzzing.encoded(text))))


@fuzzed
@given(data=st.data(), found=some_documents)
def test_damaged_parquet(folder, data, found):
    shape = data.draw(st.sampled_from([fuzzing.own, fuzzing.bigbio, fuzzing.prodigy, fuzzing.doccano_relations]))
    values = data.draw(fuzzing.damaged_value(list(map(shape, found))))
    content = fuzzing.parquet_file(values if isinstance(values, list) else [values])
    assume(content is not None)
    if data.draw(st.integers(0, 3)) == 0:
        content = data.draw(fuzzing.damaged_bytes(content))
    check_content(folder, content)


@fuzzed
@given(data=st.data(), document=fuzzing.documents())
def test_damaged_brat(folder, data, document):
    text = document.text
    if data.draw(st.integers(0, 3)) == 0:
        text = data.draw(fuzzing.damaged_text(text))
    (folder / "a.txt").write_bytes(data.draw(fuzzing.damaged_bytes(fuzzing.encoded(text))))
    rows = data.draw(fuzzing.damaged_text(fuzzing.brat_file(document)))
    check_content(folder, data.draw(fuzzing.damaged_bytes(fuzzing.encoded(rows))), "a.ann")
