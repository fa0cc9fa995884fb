"""The columns of the data sets: types, names and order of the labels."""

from datasets import List

from biodir.configuration_biodir import BioDirConfig
from biodir.dataset_script.features import pair_features
from biodir.dataset_script.sources import BC5CDR, BIORED_DIRECTION


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
