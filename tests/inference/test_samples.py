"""The hand-written abstracts of samples/: their offsets hold, and they are what the demo shows."""

import pytest

from biodir.configuration_biodir import BioDirConfig
from biodir.errors_biodir import ErrorPolicy
from biodir.formats.pubtator_reader import read_pubtator
from biodir.formats.pubtator_writer import format_pubtator
from biodir.formats.reading import read_documents
from biodir_demo.documents import EXAMPLES, PLAIN_EXAMPLE, example_text
from helpers.checkout import CHECKOUT

SAMPLES = CHECKOUT / "samples"
FILES = sorted(SAMPLES.glob("*.pubtator"))


def test_samples_are_the_examples_of_the_demo_beside_that_of_make_run():
    assert {path.name for path in FILES} == {*EXAMPLES, "sample.pubtator"}


def test_sample_without_marks_is_one_plain_text():
    policy = ErrorPolicy(finds_entities=True)
    (document,) = read_documents(SAMPLES / PLAIN_EXAMPLE, policy)
    assert (document.id, document.is_plain, document.text) == ("plain", True, example_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_sample_is_one_document_named_as_its_file_and_is_written_back_as_it_stands(path):
    (document,) = read_pubtator(path)
    assert document.id == path.stem
    assert format_pubtator(document) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_mentions_are_whole_words_of_known_types_that_do_not_overlap(path):
    (document,) = read_pubtator(path)
    reach = 0
    for mention in document.mentions:
        assert mention.start_char >= reach
        reach = mention.end_char
        around = document.text[mention.start_char - 1 : mention.start_char], document.text[reach : reach + 1]
        assert not any(character.isalnum() for character in around), mention
        assert mention.entity_type in BioDirConfig().entity_types
        assert mention.identifiers
