"""The columns of the data sets: types, names and order of the labels."""

from datasets import ClassLabel, List, Value

from biodir.configuration_biodir import BioDirConfig
from biodir.dataset_script.features import document_features, pair_features
from biodir.dataset_script.sources import BC5CDR, BIORED_DIRECTION
from biodir.labels_biodir import ENTITY_TYPES, NOVELTY_LABELS, RELATION_LABELS


def test_entities_and_relations_are_lists_of_mappings():
    features = document_features(BIORED_DIRECTION.labels)
    assert list(features) == ["id", "text", "passages", "entities", "relations"]
    assert features["entities"] == List(
        {
            "start": Value("int32"),
            "end": Value("int32"),
            "text": Value("string"),
            "type": ClassLabel(names=list(ENTITY_TYPES)),
            "id": List(Value("string")),
        }
    )
    assert features["passages"].feature["type"] == ClassLabel(names=["title", "abstract"])
    relation = features["relations"].feature
    assert list(relation) == ["relation", "entity1", "entity2", "novelty", "subject"]
    assert relation["relation"].names == list(RELATION_LABELS)
    assert relation["novelty"].names == list(NOVELTY_LABELS)


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
