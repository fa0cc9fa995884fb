"""Rates of parameters, weights of rare labels, and the divergence of two dropouts."""

import pytest
import torch
from torch.distributions import Bernoulli, Categorical, kl_divergence

from biodir.document_biodir import Relation
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.training.mention_tasks import with_mention_tasks
from biodir.training.optimization import (
    NEW_PARAMETERS,
    STEPS_OF_A_PROCESS,
    balanced_weights,
    divergence,
    dropout_seed,
    parameter_groups,
)
from biodir.training.settings import TrainingSettings
from helpers.document_models import model_and_processor
from helpers.tiny_models import FAMILIES, tiny_config

ENCODER_RATE, NEW_RATE, WEIGHT_DECAY = 0.5, 2.0, 0.125
LABELS = ("None", "Bind", "Raise", "Cause")


def settings(**changes) -> TrainingSettings:
    rates = {"encoder_learning_rate": ENCODER_RATE, "head_learning_rate": NEW_RATE, "weight_decay": WEIGHT_DECAY}
    return TrainingSettings(train=["a"], encoder="bert", output_dir="run", **{**rates, **changes})


def tiny(family: str):
    """A model over two layers of the family, with every kind of head that it can have."""
    if family == "distilbert":  # whose layers have another name
        return model_and_processor(family)[0]
    return BioDirForRelationExtraction(tiny_config(family))


def values_of(model, found, name: str) -> dict[str, float]:
    """Parameter name -> its rate or weight decay, each parameter once."""
    names = {id(parameter): key for key, parameter in model.named_parameters()}
    listed = [(names[id(parameter)], group[name]) for group in found for parameter in group["params"]]
    assert sorted(key for key, _ in listed) == sorted(names.values())
    return dict(listed)


# Rates.

# Of ModernBERT, MPNet and DeBERTa.
OF_ALL_LAYERS = ["encoder.final_norm.weight", "encoder.encoder.relative_attention_bias.weight"]
OF_ALL_LAYERS += [f"encoder.encoder.{name}" for name in ("rel_embeddings.weight", "LayerNorm.weight", "LayerNorm.bias")]


@pytest.mark.parametrize("family", [*FAMILIES, "distilbert"])
def test_rate_falls_layer_by_layer(family):
    model = tiny(family)
    rates = values_of(model, parameter_groups(model, settings(layer_learning_rate_decay=0.5)), "lr")
    for name, rate in rates.items():
        if name.startswith(NEW_PARAMETERS):
            assert rate == NEW_RATE, name
        elif ".embeddings." in name or "embeddings_project" in name:
            assert rate == ENCODER_RATE / 4, name
        elif "layer.0." in name or "layers.0." in name:
            assert rate == ENCODER_RATE / 2, name
        elif "layer.1." in name or "layers.1." in name:
            assert rate == ENCODER_RATE, name
        else:
            assert name in OF_ALL_LAYERS
            assert rate == ENCODER_RATE
    assert set(rates.values()) == {NEW_RATE, ENCODER_RATE, ENCODER_RATE / 2, ENCODER_RATE / 4}


@pytest.mark.parametrize("form", ["pairwise", "document"])
def test_only_matrices_decay(form):
    model = tiny("bert") if form == "pairwise" else with_mention_tasks(model_and_processor()[0], 1.0)
    decays = values_of(model, parameter_groups(model, settings(layer_learning_rate_decay=0.5)), "weight_decay")
    dimensions = {name: parameter.ndim for name, parameter in model.named_parameters()}
    assert decays == {name: WEIGHT_DECAY if dimensions[name] > 1 else 0.0 for name in decays}


def test_head_of_the_helper_task_has_the_rate_of_new_parameters():
    model = with_mention_tasks(model_and_processor()[0], 1.0)
    rates = values_of(model, parameter_groups(model, settings()), "lr")
    assert {rate for name, rate in rates.items() if name.startswith("mention_tasks.")} == {NEW_RATE}


# Weights of relation types.


def relations(**counts: int) -> list[Relation]:
    return [Relation(name, "1", "2") for name, count in counts.items() for _ in range(count)]


def test_weights_are_those_of_the_effective_numbers():
    # 1 / (1 + 0.5), 1 / 1, and 1 / 1 for a type without examples, over their mean, (2 * 2/3 + 1) / 3.
    found = balanced_weights(relations(Bind=2, Raise=1), LABELS, 0.5)
    assert found == pytest.approx({"Bind": 6 / 7, "Raise": 9 / 7, "Cause": 9 / 7})


# Divergence.


def logits(rows: int, seed: int = 1) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {task: 3 * torch.randn(rows, size, generator=generator) for task, size in (("relation", 9), ("novelty", 3))}


def test_divergence_is_the_mean_of_both_kullback_leibler_divergences():
    made = logits(10)
    expected = 0.0
    for values in made.values():
        first, second = (Bernoulli(logits=half.double()) for half in (values[:5], values[5:]))
        both = kl_divergence(first, second) + kl_divergence(second, first)  # (pairs, labels)
        expected += both.sum().item() / 5 / 2
    assert divergence(made).item() == pytest.approx(expected, rel=1e-5)


def test_divergence_of_labels_that_exclude_each_other_is_that_of_one_distribution():
    made = {"relation": logits(10)["relation"]}
    first, second = (Categorical(logits=half.double()) for half in made["relation"].split(5))
    expected = (kl_divergence(first, second) + kl_divergence(second, first)).mean().item() / 2
    assert divergence(made, "softmax").item() == pytest.approx(expected, rel=1e-5)


# Seeds.


def test_no_two_steps_of_any_process_share_a_seed():
    steps = (0, 1, STEPS_OF_A_PROCESS - 1)
    seeds = [dropout_seed(seed, step, process) for seed in (0, 1, 2) for process in (0, 1, 999) for step in steps]
    assert len(set(seeds)) == len(seeds)
