"""Documents to rows and back; candidate pairs to rows."""

from dataclasses import replace

import pytest
from datasets import List

from biodir import AnnotationError, Document, Passage, Relation, read_pubtator
from biodir.configuration_biodir import BioDirConfig
from biodir.dataset_script.features import document_features, pair_features
from biodir.dataset_script.rows import document_row, pair_rows, relations_outside_pairs
from biodir.dataset_script.sources import BC5CDR, BIORED_DIRECTION
from biodir.formats.rows import document_from_row, with_label_names
from helpers.corpus_folder import IRON

LABELS = BIORED_DIRECTION.labels


def encoded(row, features):
    """The row with the numbers that `datasets` stores."""
    return features.encode_example(row)


def pair_row(document, entity1_id, entity2_id, labels=LABELS):
    """The row of one pair."""
    rows = pair_rows(document, labels, "train")
    return next(row for row in rows if (row["entity1_id"], row["entity2_id"]) == (entity1_id, entity2_id))


# One row a document.


def test_stored_row_gives_the_document_back():
    features = document_features(LABELS)
    stored = encoded(document_row(IRON, LABELS), features)
    assert [entity["type"] for entity in stored["entities"]] == [2, 0, 0, 1, 4, 3]
    assert [relation["relation"] for relation in stored["relations"]] == [8, 1, 2]
    ids = {entity["text"]: entity["id"] for entity in stored["entities"]}
    assert ids == {"Iron": ["D1"], "EGFR": ["10"], "liver": ["D9", "D8"], "mice": ["9606"], "T790M": []}
    assert [part["type"] for part in stored["passages"]] == [0, 1]
    assert document_from_row(stored, features) == IRON


def test_plain_document_is_plain_in_its_row():
    for document, entities in ((Document("7", "Iron."), None), (Document("7", "Iron.", is_marked=True), [])):
        stored = encoded(document_row(document, LABELS), document_features(LABELS))
        assert stored["entities"] == entities
        assert document_from_row(stored, document_features(LABELS)).is_plain == document.is_plain


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"relations": (Relation("CID", "D1", "10", "No"),)}, "relation 'CID'; known are None, Association,"),
        ({"relations": (Relation("Bind", "D1", "10", "Yes"),)}, "novelty 'Yes'; known are None, Novel, No"),
        ({"passages": (Passage(0, 4, "caption"),)}, "passage type 'caption'; known are title, abstract"),
    ],
)
def test_unknown_label_is_refused(fields, message):
    with pytest.raises(AnnotationError, match=f"document 1: unknown {message}"):
        document_row(replace(IRON, **fields), LABELS)


# One row a candidate pair.


def test_pair_row_describes_the_pair():
    assert pair_row(IRON, "D9", "10") == {
        "document_id": "1",
        "split": "train",
        "entity1_id": "D9",
        "entity1_type": "DiseaseOrPhenotypicFeature",
        "entity1_name": "liver",
        "entity1_mentions": [{"start": 29, "end": 34, "text": "liver"}],
        "entity2_id": "10",
        "entity2_type": "GeneOrGeneProduct",
        "entity2_name": "EGFR",
        "entity2_mentions": [{"start": 12, "end": 16, "text": "EGFR"}, {"start": 18, "end": 22, "text": "EGFR"}],
        "sentence_distance": 0,
        "relation": "Association",
        "novelty": "No",
        "direction": "No_Direct",
        "further_relations": [],
    }


def test_every_candidate_pair_has_one_row():
    rows = list(pair_rows(IRON, LABELS, "train"))
    columns = ("entity1_id", "entity2_id", "sentence_distance", "relation", "novelty", "direction")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("D1", "10", 0, "Positive_Correlation", "Novel", "Left_to_Right"),
        ("D1", "D9", 1, "None", "None", "None"),
        ("D1", "D8", 1, "None", "None", "None"),
        ("D9", "10", 0, "Association", "No", "No_Direct"),
        ("D8", "10", 0, "None", "None", "None"),
    ]


def test_other_subject_swaps_the_direction():
    assert pair_row(IRON, "D1", "10")["direction"] == "Left_to_Right"
    swapped = replace(IRON, relations=(replace(IRON.relations[0], subject_id="10"),))
    assert pair_row(swapped, "D1", "10")["direction"] == "Right_to_Left"


def test_order_of_the_arguments_changes_nothing():
    relation = IRON.relations[0]
    turned = replace(relation, entity1_id=relation.entity2_id, entity2_id=relation.entity1_id)
    document = replace(IRON, relations=(turned, *IRON.relations[1:]))
    assert list(pair_rows(document, LABELS, "train")) == list(pair_rows(IRON, LABELS, "train"))


def test_pair_with_several_relations_keeps_all_in_one_row():
    document = replace(
        IRON, relations=(Relation("Bind", "D1", "10", "No"), Relation("Association", "10", "D1", "Novel", "10"))
    )
    row = pair_row(document, "D1", "10")
    assert [row[task] for task in ("relation", "novelty", "direction")] == ["Bind", "No", "No_Direct"]
    assert row["further_relations"] == [{"relation": "Association", "novelty": "Novel", "direction": "Right_to_Left"}]
    assert with_label_names(encoded(row, pair_features(LABELS)), pair_features(LABELS)) == row


def test_relation_without_novelty_is_refused_where_it_is_annotated():
    document = replace(IRON, relations=(Relation("Bind", "D1", "10"),))
    with pytest.raises(AnnotationError, match=r"document 1: relation D1 - 10: novelty None is none of"):
        list(pair_rows(document, LABELS, "train"))


def test_relations_that_no_pair_row_holds():
    relations = (
        Relation("Bind", "D1", "10"),
        Relation("Bind", "D1", "77"),
        Relation("Bind", "D1", "D1"),
        Relation("Bind", "D1", "9606"),
    )
    assert relations_outside_pairs(replace(IRON, relations=relations)) == relations[1:]


@pytest.mark.corpus
def test_gold_relations_are_in_pair_rows_or_outside(data_dir):
    documents = list(read_pubtator(data_dir / "bioredirect" / "bioredirect_test.pubtator"))
    rows = [row for document in documents for row in pair_rows(document, LABELS, "test")]
    directions = [row["direction"] for row in rows if row["relation"] != "None"]
    assert len(rows) == 7053
    assert sum(bool(row["further_relations"]) for row in rows) == 0
    assert sum(len(relations_outside_pairs(document)) for document in documents) == 1
    assert len(directions) == 1163 - 1
    assert directions.count("No_Direct") == 118 - sum(
        relation.subject_id is None for document in documents for relation in relations_outside_pairs(document)
    )


# Columns.


def test_labels_have_the_numbers_of_models():
    config, features = BioDirConfig(), pair_features(BIORED_DIRECTION.labels)
    assert {task: features[task].names for task in config.tasks} == config.labels
    assert features["entity1_type"].names == features["entity2_type"].names == config.entity_types


def test_pairs_have_a_column_for_every_task_of_the_corpus():
    features = pair_features(BC5CDR.labels)
    assert features["relation"].names == ["None", "CID"]
    assert features["further_relations"] == List({"relation": features["relation"]})
    assert not {"novelty", "direction"} & set(features)
    assert set(pair_features(BIORED_DIRECTION.labels)) - set(features) == {"novelty", "direction"}
