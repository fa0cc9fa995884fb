"""BioDirConfig: what it stores, what it gives back after saving, what it refuses."""

import json
from importlib.metadata import version

import pytest
from huggingface_hub.errors import StrictDataclassFieldValidationError
from transformers import BertConfig, RobertaConfig

from biodir.configuration_biodir import HARD_PROMPT, REQUIREMENTS, TASK, BioDirConfig
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.labels_biodir import CHEMICAL, DISEASE, ENTITY_TYPES, GENE, RELATION_LABELS, TYPE_MAP, VARIANT

# BC5CDR: one relation type, neither novelty nor direction.
BC5CDR = {
    "relation_labels": ["None", "CID"],
    "novelty_labels": [],
    "direction_labels": [],
    "pair_types": [[CHEMICAL, DISEASE]],
    "generic_relation": None,
}
THRESHOLDS = dict.fromkeys(RELATION_LABELS[1:], 0.5)
TINY_ENCODER = {
    "max_position_embeddings": 514,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 8,
}


def reloaded(config, folder):
    config.save_pretrained(folder)
    return BioDirConfig.from_pretrained(folder)


# Labels and tasks.


def test_default_labels_are_those_of_the_paper_in_its_order():
    assert BioDirConfig().labels == {
        "relation": ["None", "Association", "Bind", "Comparison", "Conversion", "Cotreatment", "Drug_Interaction",
                     "Negative_Correlation", "Positive_Correlation"],
        "novelty": ["None", "Novel", "No"],
        "direction": ["None", "Left_to_Right", "Right_to_Left", "No_Direct"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "tasks"),
    [
        ({}, ("relation", "novelty", "direction")),
        ({"novelty_labels": []}, ("relation", "direction")),
        ({"direction_labels": []}, ("relation", "novelty")),
        (BC5CDR, ("relation",)),
    ],
)
def test_empty_labels_leave_a_task_out(settings, tasks):
    assert BioDirConfig(**settings).tasks == tasks


def test_default_form_chunks_and_sizes_are_those_of_the_paper():
    config = BioDirConfig()
    assert (config.pair_encoding, config.tag_types) == ("pairwise", {VARIANT: GENE})
    found = config.chunks, config.max_tokens, config.soft_prompt_tokens, config.relation_threshold, config.chunk_pooling
    assert found == (["prefix", "suffix", "infix"], 512, 8, 0.5, "max")


def test_type_map_leads_to_entity_types():
    assert set(TYPE_MAP.values()) == {*ENTITY_TYPES, None}


def test_changing_a_configuration_does_not_change_the_defaults():
    BioDirConfig().type_map["Gene"] = None
    assert BioDirConfig().type_map["Gene"] == GENE


def test_configuration_names_its_pipeline():
    pipelines = BioDirConfig().to_dict()["custom_pipelines"]
    assert pipelines == {TASK: {"impl": "pipeline_biodir.BioDirPipeline", "pt": ["AutoModel"]}}


# Saving and loading.

CHANGED = {
    "pair_encoding": "document",
    "pair_types": [[GENE, CHEMICAL], [DISEASE, DISEASE]],
    "tag_types": {DISEASE: GENE},
    "type_map": {"Protein": GENE, "Plant": None},
    "hard_prompt": "{tasks} {entity1} {entity2}",
    "soft_prompt_tokens": 0,
    "chunks": ["infix"],
    "max_tokens": 300,
    "infix_min_tokens": 10,
    "max_name_tokens": 5,
    "max_mention_tokens": 6,
    "window_overlap_tokens": 7,
    "chunk_pooling": "mean",
    "generic_relation": None,
    "relation_threshold": 0.25,
    "none_bias": -1.5,
    "relation_thresholds": {name: 0.1 * number for number, name in enumerate(RELATION_LABELS[1:])},
    "label_biases": {"Novel": -0.5, "Right_to_Left": 2},
    "score_scaling": {"relation": [0.5, -1], "direction": [2, 0.25]},
    "calibrated_on": ["01234567", "89abcdef"],
    "classifier_dropout": 0,
    "token_budget": 99,
    "requirements": ["torch>=2", "numpy"],
}


@pytest.mark.parametrize("changes", [{}, BC5CDR, CHANGED], ids=["defaults", "BC5CDR", "changed"])
def test_configuration_comes_back_as_it_was_saved(changes, tmp_path):
    config = BioDirConfig(**changes)
    found = reloaded(config, tmp_path)
    assert found.to_dict() == config.to_dict()
    assert {name: getattr(found, name) for name in changes} == changes


@pytest.mark.parametrize("encoder", [BertConfig, RobertaConfig])
def test_encoder_configuration_comes_back_as_its_own_class(encoder, tmp_path):
    config = BioDirConfig(encoder_config=encoder(**TINY_ENCODER))
    found = reloaded(config, tmp_path).encoder_config
    assert (type(found), found.hidden_size) == (encoder, 8)


def test_positions_of_roberta_begin_after_the_padding():
    encoder = {"model_type": "roberta", **TINY_ENCODER}  # the padding id is 1
    assert BioDirConfig(encoder_config=encoder, max_tokens=512).max_tokens == 512
    with pytest.raises(SettingError, match="max_tokens is 513 but the encoder has 512 positions"):
        BioDirConfig(encoder_config=encoder, max_tokens=513)


# What it refuses.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"relation_labels": ["None", "A", "A"]}, "relation_labels ['None', 'A', 'A'] hold a label twice"),
        (
            {"relation_labels": [], "novelty_labels": [], "direction_labels": []},
            "relation_labels, novelty_labels, direction_labels and tagger_labels are all empty; give one",
        ),
        (
            {"relation_labels": [], "generic_relation": None},
            "without relation_labels a related pair needs a type; name it as generic_relation",
        ),
        ({"relation_labels": ["None"]}, "relation_labels ['None']: give the label of an unrelated pair, then the"),
        ({"pair_types": []}, "pair_types is empty; give at least one pair of entity types"),
        ({"pair_types": [[GENE, "Plant"]]}, f"pair type ['{GENE}', 'Plant'] is not two of the entity types"),
        ({"pair_types": [[GENE, DISEASE], [DISEASE, GENE]]}, f"pair_types [['{GENE}', '{DISEASE}'], ['{DISEASE}', "),
        ({"hard_prompt": "{entity1} {entity2}"}, "hard_prompt '{entity1} {entity2}' must hold {tasks}, {entity1}, "),
        ({"hard_prompt": HARD_PROMPT + "{entity1}"}, "hard_prompt 'What are the labels of {tasks} between {entity1} "),
        ({"chunks": ["middle"]}, "chunks ['middle']: choose any of prefix, suffix, infix"),
        ({"soft_prompt_tokens": -1}, "soft_prompt_tokens is -1; it must be at least 0"),
        ({"token_budget": 0}, "token_budget is 0; it must be at least 1"),
        ({"relation_threshold": 1.5}, "relation_threshold is 1.5; scores lie in 0..1"),
        (
            {"relation_thresholds": {**THRESHOLDS, "Bind": 1.5}},
            "relation_thresholds['Bind'] is 1.5; scores lie in 0..1",
        ),
        (
            {"relation_thresholds": {"Bind": 0.5}},
            "relation_thresholds: give one for every relation type and nothing else; see Association, Comparison, ",
        ),
        ({"label_biases": {"Old": 1.0, "No": 1.0}}, "label_biases name Old, no label of novelty or direction"),
        (
            {"score_scaling": {"statement": [1, 0], "novelty": [1, 0]}, "novelty_labels": []},
            "score_scaling names novelty, statement, no task of this model; it has relation, direction",
        ),
        *(
            (
                {"score_scaling": {"relation": [1, 0], "novelty": values}},
                f"score_scaling['novelty'] is {values!r}; give slope and offset, finite, and the slope above 0",
            )
            for values in ([], [1], [1, 0, 0], [0, 1], [-0.5, 1], [float("nan"), 0], [1.0, float("inf")])
        ),
        ({"task_weights": {"novelty": 1}}, "task_weights {'novelty': 1}: give one for each of direction, novelty"),
        (
            {"relation_labels": [], "task_weights": {"novelty": 1, "direction": 1}},
            "task_weights {'novelty': 1, 'direction': 1}: give one for each of direction",
        ),
        (
            {"novelty_labels": [], "direction_labels": [], "task_weights": {"novelty": 1}},
            "task_weights {'novelty': 1}: leave it out, since the first task has none",
        ),
        ({"focal_gamma": -1}, "focal_gamma is -1; it is not negative"),
        ({"sign_weight": -1}, "sign_weight is -1; it is not negative"),
        (
            {"sign_weight": 2, "relation_labels": ["None", "Association"]},
            "sign_weight is 2, but relation_labels lack one of Association, Negative_Correlation, Posit",
        ),
        ({"evidence_weight": -0.5}, "evidence_weight is -0.5; it is not negative"),
        ({"label_weights": {"Bind": -1}}, "label_weights['Bind'] is -1; weights are not negative"),
        ({"label_weights": {"Novel": 1}}, "label_weights name Novel, no label of relation_labels"),
        ({"chunk_tokens": {"middle": 99}}, "chunk_tokens name 'middle': choose any of prefix, suffix, infix"),
        (
            {"chunk_tokens": {"infix": 65}},
            "chunk_tokens['infix'] is 65, but a mention of max_mention_tokens with its tags takes 66; ",
        ),
        (
            {"max_tokens": 513, "encoder_config": {"model_type": "bert", "max_position_embeddings": 512}},
            "max_tokens is 513 but the encoder has 512 positions",
        ),
    ],
)
def test_value_outside_what_is_allowed_is_refused(changes, message):
    with pytest.raises(SettingError) as caught:
        BioDirConfig(**changes)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("changes", [{"max_tokens": "512"}, {"chunks": "infix"}, {"pair_encoding": "fast"},
                                     {"score_scaling": {"relation": 0.5}}])  # fmt: skip
def test_value_of_another_type_is_refused_by_the_declaration(changes):
    with pytest.raises(StrictDataclassFieldValidationError, match=next(iter(changes))):
        BioDirConfig(**changes)


def test_saved_file_with_a_bad_value_is_refused_when_it_is_loaded(tmp_path):
    BioDirConfig().save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"chunks": ["middle"]}))
    with pytest.raises(SettingError, match="middle"):
        BioDirConfig.from_pretrained(tmp_path)


# Packages that a checkpoint needs.


@pytest.mark.parametrize(
    ("requirement", "message"),
    [
        ("transformers>=99", f"transformers>=99 .* but found transformers=={version('transformers')}"),
        ("no-such-package", "'no-such-package' distribution was not found"),
    ],
)
def test_checkpoint_that_needs_a_package_names_it_and_the_command(requirement, message):
    assert BioDirConfig().requirements == list(REQUIREMENTS)
    with pytest.raises(CheckpointError, match=rf"{message}.* needs it; run: pip install '{requirement}'$"):
        BioDirConfig(requirements=["torch>=2", requirement])
