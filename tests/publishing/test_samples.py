"""The sample of a published model is one that its labels know."""

from pathlib import Path

import pytest

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document
from biodir.document_inputs_biodir import with_known_types
from biodir.document_pubtator_biodir import parse_document
from biodir.formats.pubtator_writer import format_pubtator
from biodir.publishing.assembly import assemble
from biodir.publishing.checking import check_model
from biodir.publishing.errors import PublishError
from biodir.publishing.model_repository import MADE_PAIRS, made_document, model_repository, sample
from helpers.checkout import CHECKOUT
from helpers.published_model import save_publishable

LABELS = {
    "entity_types": ["Drug", "Food"],
    "pair_types": [["Drug", "Food"], ["Food", "Food"]],
    "type_map": {"Meal": "Food"},
    "relation_labels": ["None", "Raises"],
    "generic_relation": None,
    "tag_types": {},
}
OWN = "d|t|Tea and warfarin.\nd|a|\nd\t0\t3\tTea\tMeal\ttea\nd\t8\t16\twarfarin\tDrug\twarfarin\n"


@pytest.fixture
def other_labels(tmp_path) -> Path:
    """A folder with nothing but a configuration that has other labels than biodir's."""
    BioDirConfig(**LABELS).save_pretrained(tmp_path / "other")
    return tmp_path / "other"


def test_model_with_other_labels_has_a_sample_made_of_them(other_labels):
    assert sample(other_labels, CHECKOUT) == (
        "sample|t|Drug 1 acts on Food 1.\n"
        "sample|a|Food 1 acts on Food 2.\n"
        "sample\t0\t6\tDrug 1\tDrug\tDrug_1\n"
        "sample\t15\t21\tFood 1\tFood\tFood_1\n"
        "sample\t23\t29\tFood 1\tFood\tFood_1\n"
        "sample\t38\t44\tFood 2\tFood\tFood_2\n\n"
    )


def test_own_sample_goes_first_and_the_one_named_so_before_others(other_labels):
    (other_labels / "samples").mkdir()
    (other_labels / "samples" / "a.pubtator").write_text(OWN)
    assert sample(other_labels, CHECKOUT) == other_labels / "samples" / "a.pubtator"
    (other_labels / "samples" / "sample.pubtator").write_text(OWN)
    assert sample(other_labels, CHECKOUT) == other_labels / "samples" / "sample.pubtator"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (OWN.replace("Drug", "Poison"), "unknown entity types: 'Poison'"),
        (OWN.replace("Drug", "Food").replace("warfarin\n", "tea\n"), "no two of its entities form a pair type"),
        (OWN + "\n" + OWN.replace("d|", "e|").replace("d\t", "e\t"), "holds 2 documents, not one"),
    ],
)
def test_own_sample_that_does_not_fit_is_refused(other_labels, text, message):
    (other_labels / "samples").mkdir()
    (other_labels / "samples" / "mine.pubtator").write_text(text)
    with pytest.raises(PublishError, match=rf"mine\.pubtator cannot be the sample: .*{message}"):
        sample(other_labels, CHECKOUT)


def test_made_document_stays_small_and_reads_back():
    kinds = [f"Kind{number}" for number in range(50)]
    made = made_document([[first, second] for first in kinds for second in kinds])
    assert len(made.mentions) == 2 * MADE_PAIRS
    read: Document = parse_document(format_pubtator(made))
    assert (read.text, read.mentions) == (made.text, made.mentions)
    assert with_known_types(read, kinds, {}) == read


@pytest.mark.slow
def test_model_with_other_labels_passes_the_check(tmp_path):
    model = save_publishable(tmp_path, **LABELS)
    folder = assemble(model_repository(model, "some-group/other"), tmp_path / "repository")
    assert check_model(folder) > 0
