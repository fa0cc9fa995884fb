"""The label lists of a run."""

from dataclasses import replace

import pytest

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Relation
from biodir.errors_biodir import SettingError
from biodir.labels_biodir import (
    CHEMICAL,
    DIRECTION_LABELS,
    DISEASE,
    ENTITY_TYPES,
    GENE,
    MENTIONS,
    NOVELTY_LABELS,
    PAIR_TYPES,
    RELATION_LABELS,
    TASKS,
)
from biodir.training.labels import LabelLists, label_lists, labels_of
from helpers.marked import marked_document
from helpers.tiny_models import save_encoder, tiny_encoder_config

TEXT = "<C:1 Iron> binds <G:2 it>. <D:3 Pain> is <S:- it>."


def document(*relations: Relation, text: str = TEXT):
    return marked_document(text, relations=relations)


BIORED = document(Relation("Bind", "1", "2", "No", "2"), Relation("Association", "3", "2", "Novel"))
BC5CDR = document(Relation("CID", "1", "3"))
OWN = document(Relation("heals", "1", "3", "new"), Relation("breaks", "3", "2", "old", "2"))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> str:
    return str(save_encoder(tmp_path_factory.mktemp("encoder")))


@pytest.fixture
def checkpoint(tmp_path):
    """The folder of a checkpoint's configuration with these settings."""

    def save(**settings) -> str:
        BioDirConfig(encoder_config=tiny_encoder_config(), max_tokens=48, **settings).save_pretrained(tmp_path)
        return str(tmp_path)

    return save


# Lists of the data.


def test_lists_of_the_data_are_sorted_and_begin_with_unrelated_pairs():
    found = labels_of([OWN, BC5CDR])
    assert found.relation_labels == ("None", "CID", "breaks", "heals")
    assert found.novelty_labels == ("None", "new", "old")
    assert found.direction_labels == DIRECTION_LABELS
    assert found.entity_types == (CHEMICAL, DISEASE, GENE, "OrganismTaxon")
    assert found.pair_types == ((CHEMICAL, DISEASE), (DISEASE, GENE))
    assert (found.tag_types, found.type_map, found.generic_relation) == ({}, {}, None)


@pytest.mark.parametrize(
    ("relations", "message"),
    [
        ((), r"^the 1 training documents have no relation to learn from$"),
        (
            (Relation("None", "1", "2"),),
            r"^the training data has the label 'None', which means an unrelated pair; rename",
        ),
        ((Relation("Bind", "1", "9"),), r"^none of the 1 relations to learn from joins two entities with mentions$"),
    ],
)
def test_data_that_teaches_nothing_is_refused(relations, message):
    with pytest.raises(SettingError, match=message):
        labels_of([document(*relations)])


# Which lists a run takes.


def test_bare_encoder_takes_the_lists_of_biored_where_they_hold_the_data(encoder):
    found = label_lists([BIORED], "auto", encoder)
    assert found == LabelLists("BioRED")
    assert (found.relation_labels, found.novelty_labels) == (RELATION_LABELS, NOVELTY_LABELS)
    assert (found.entity_types, found.pair_types) == (ENTITY_TYPES, PAIR_TYPES)


def test_lists_of_biored_are_not_taken_for_other_data():
    relations = Relation("CID", "1", "4"), Relation("bind", "1", "4")
    other = with_types(marked_document("<C:1 Iron> <S:4 skin> <S:4 skin> <D:5 red>", relations=relations))
    message = (
        r"^the training data has relation type 'CID' \(2\), 'bind' \(1; did you mean 'Bind'\?\); entity type 'Tissue' "
        r"\(2\), 'Dye' \(1\), which BioRED's label lists do not hold; map the corpus with"
    )
    with pytest.raises(SettingError, match=message):
        label_lists([BC5CDR, other], "biored", "no such folder")


def with_types(document):
    """The document with types that BioRED does not have."""
    others = {"OrganismTaxon": "Tissue", DISEASE: "Dye"}
    mentions = (replace(each, entity_type=others.get(each.entity_type, each.entity_type)) for each in document.mentions)
    return replace(document, mentions=tuple(mentions))


def test_types_that_are_left_out_later_do_not_count_where_biored_is_wanted():
    other = with_types(marked_document("<C:1 Iron> <S:4 skin>", relations=(Relation("Bind", "1", "4"),)))
    assert label_lists([BIORED, other], "biored", "no such folder", errors="skip-mention") == LabelLists("BioRED")
    logged = []
    assert label_lists([BIORED, other], "data", "no such folder", log=logged.append).source == "the training data"
    assert logged == []


def test_log_says_why_the_lists_are_those_of_the_data(encoder):
    logged = []
    data = document(Relation("positive_correlation", "1", "2", "novel"))
    assert label_lists([data], "auto", encoder, log=logged.append).source == "the training data"
    assert logged == [
        "label lists are those of the data, since BioRED lacks relation type 'positive_correlation' (1; did you mean "
        "'Positive_Correlation'?); novelty 'novel' (1; did you mean 'Novel'?)"
    ]


def test_checkpoint_keeps_its_own_lists(checkpoint):
    of_data = labels_of([OWN, BC5CDR])
    folder = checkpoint(**of_data.to_settings(TASKS))
    found = label_lists([BC5CDR], "auto", folder)
    assert found.source == "the checkpoint"
    assert found.relation_labels == ["None", "CID", "breaks", "heals"]
    assert found.pair_types == [list(pair) for pair in of_data.pair_types]
    assert (found.tag_types, found.type_map, found.generic_relation) == ({}, {}, None)
    again = BioDirConfig(**found.to_settings(TASKS))
    assert again.to_dict() == BioDirConfig(**of_data.to_settings(TASKS)).to_dict()


def test_checkpoint_without_a_head_gets_it_where_the_data_teaches_it(checkpoint):
    folder = checkpoint(novelty_labels=[], direction_labels=[])
    found = label_lists([BIORED], "auto", folder)
    assert (found.source, found.novelty_labels) == ("the checkpoint", NOVELTY_LABELS)
    assert label_lists([OWN_OF_BIORED], "auto", folder).novelty_labels == ("None", "Known")
    assert label_lists([BIORED], "auto", folder, ["relation", "direction"]).novelty_labels == []
    plain = document(Relation("Bind", "1", "2"))
    assert label_lists([plain], "auto", folder).novelty_labels == ()


def test_tagger_without_heads_gets_the_lists_of_a_bare_encoder(checkpoint):
    folder = checkpoint(**LabelLists("BioRED").to_settings([MENTIONS]))
    found, wanted = label_lists([BIORED], "auto", folder), LabelLists("BioRED")
    assert (found.pair_types, found.relation_labels) == (wanted.pair_types, wanted.relation_labels)
    assert BioDirConfig(**found.to_settings(TASKS)).generic_relation == "Association"


OWN_OF_BIORED = document(Relation("Bind", "1", "2", "Known", "2"))
