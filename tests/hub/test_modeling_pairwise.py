"""The pairwise form is the paper's, and batching changes no score."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from biodir import modeling_pairwise_biodir
from biodir.errors_biodir import SettingError
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.modeling_losses_biodir import head_loss, joint_loss
from biodir.modeling_pairwise_biodir import encode_rows, repeated_chunks
from helpers.tiny_models import (
    FAMILIES,
    MAX_TOKENS,
    ONE_RELATION,
    PAD_ID,
    POOLINGS,
    TinyPair,
    assert_close,
    batch_of,
    gradients_of,
    logits_of,
    loss_of,
    random_pairs,
    targets_of,
    tiny_config,
    tiny_model,
)

# --- the model against an independent implementation


def naive_pair_logits(model, encoder, pair: TinyPair) -> Tensor:
    """(labels of all tasks,) by plain loops: each chunk by itself, padded to the maximum, through the encoder.

    Args:
        encoder: a copy of the model's, whose vocabulary ends in the soft prompts, one word for each vector.
    """
    config = model.config
    prompt_tokens = config.soft_prompt_tokens
    first_word = encoder.get_input_embeddings().num_embeddings - len(config.pair_types) * prompt_tokens
    hidden_of_rows = []
    for row in dict.fromkeys(pair.rows):
        text = row[: len(row) - prompt_tokens]
        words = [first_word + pair.pair_type_id * prompt_tokens + place for place in range(prompt_tokens)]
        padding = MAX_TOKENS - len(row)
        input_ids = torch.tensor([[*text, *words, *[PAD_ID] * padding]])
        attention_mask = torch.tensor([[1] * len(row) + [0] * padding])
        hidden_of_rows.append(encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[0])
    logits = []
    for task, position in zip(config.tasks, pair.task_positions, strict=True):
        head = model.heads[task]
        vectors = [torch.tanh(head.dense.weight @ hidden[position] + head.dense.bias) for hidden in hidden_of_rows]
        if config.chunk_pooling == "max":
            pooled = torch.stack([max(values) for values in zip(*vectors, strict=True)])
        elif config.chunk_pooling == "mean":
            pooled = sum(vectors) / len(vectors)
        else:
            weights = [math.exp(float(head.pooling.scorer.weight[0] @ vector)) for vector in vectors]
            pooled = sum(weight * vector for weight, vector in zip(weights, vectors, strict=True)) / sum(weights)
        logits.append(head.classifier.weight @ pooled + head.classifier.bias)
    return torch.cat(logits)


@torch.no_grad()
def naive_logits(model, pairs) -> Tensor:
    """(batch, labels of all tasks)"""
    encoder = copy.deepcopy(model.encoder)
    words = encoder.get_input_embeddings().weight
    if model.soft_prompt is not None:
        words = torch.cat([words, model.soft_prompt.vectors.flatten(0, 1)])
    encoder.set_input_embeddings(nn.Embedding.from_pretrained(words))
    return torch.stack([naive_pair_logits(model, encoder, pair) for pair in pairs])


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("family", FAMILIES)
def test_model_equals_a_naive_implementation(family, pooling):
    model = tiny_model(family, chunk_pooling=pooling)
    pairs = random_pairs(model.config)
    pairs.append(replace(pairs[2], rows=(*pairs[2].rows, pairs[2].rows[0])))
    assert_close(logits_of(model, *pairs), naive_logits(model, pairs))


@pytest.mark.parametrize("prompt_tokens", [0, 1, 8])
def test_model_equals_a_naive_implementation_for_any_length_of_the_soft_prompt(prompt_tokens):
    model = tiny_model(soft_prompt_tokens=prompt_tokens)
    pairs = random_pairs(model.config)
    assert_close(logits_of(model, *pairs), naive_logits(model, pairs))


# --- batching changes no score


@pytest.mark.parametrize("family", FAMILIES)
def test_batching_keeps_the_scores(family):
    model = tiny_model(family)
    pairs = random_pairs(model.config)
    together = logits_of(model, *pairs)
    assert_close(together, torch.cat([logits_of(model, pair) for pair in pairs]))
    order = [3, 0, 4, 2, 1]
    assert_close(together[order], logits_of(model, *[pairs[index] for index in order]))


@pytest.mark.parametrize("token_budget", [1, 60, 10**6])
def test_token_budget_keeps_the_scores(token_budget):
    model = tiny_model()
    pairs = random_pairs(model.config)
    expected = logits_of(model, *pairs)
    model.config.token_budget = token_budget
    assert_close(logits_of(model, *pairs), expected)


def test_token_budget_bounds_what_goes_through_the_encoder(monkeypatch):
    model = tiny_model(token_budget=60)
    sizes = []
    monkeypatch.setattr(
        modeling_pairwise_biodir,
        "encode_rows",
        lambda encoder, prompt, ids, *others: (
            sizes.append(tuple(ids.shape)) or encode_rows(encoder, prompt, ids, *others)
        ),
    )
    logits_of(model, *random_pairs(model.config))
    # Rows of 40, 31, 25, 20, 14, 14, 13, 12 and 9 tokens, longest first; each group is as wide as its longest.
    assert sizes == [(1, 40), (1, 31), (2, 25), (4, 14), (1, 9)]


@pytest.mark.parametrize("pooling", POOLINGS)
def test_absent_chunk_does_not_change_logits(pooling):
    model = tiny_model(chunk_pooling=pooling)
    pairs = random_pairs(model.config)
    torch.testing.assert_close(logits_of(model, *pairs, chunks=7), logits_of(model, *pairs), rtol=0, atol=0)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_chunk_seen_twice_changes_nothing(pooling):
    model = tiny_model(chunk_pooling=pooling)
    pair = random_pairs(model.config)[2]
    twice = replace(pair, rows=(pair.rows[0], pair.rows[1], pair.rows[0], pair.rows[2], pair.rows[1]))
    assert_close(logits_of(model, twice), logits_of(model, pair))


def test_only_repetitions_of_earlier_chunks_of_the_pair_count_as_repeated():
    first = torch.tensor([[5, 6, 0], [5, 6, 9], [5, 6, 0], [5, 0, 0]])
    first_mask = torch.tensor([[1, 1, 0], [1, 1, 0], [1, 1, 1], [1, 0, 0]])
    second = torch.tensor([[5, 6, 0], [5, 0, 0], [7, 6, 0], [5, 0, 0]])
    second_mask = torch.tensor([[1, 1, 0], [1, 0, 0], [1, 1, 0], [1, 0, 0]])
    repeated = repeated_chunks(torch.stack([first, second]), torch.stack([first_mask, second_mask]))
    assert repeated.tolist() == [[False, True, False, False], [False, False, False, True]]


# --- the soft prompt


def test_soft_prompt_of_a_new_model_is_random():
    vectors = BioDirForRelationExtraction(tiny_config(initializer_range=0.05)).soft_prompt.vectors  # 8 * 3 * 32 numbers
    assert vectors.std().item() == pytest.approx(0.05, rel=0.2)


# --- the heads


def test_tasks_without_labels_have_no_head_and_no_logits():
    model = tiny_model(**ONE_RELATION)
    output = model(**batch_of(random_pairs(model.config)))
    assert list(model.heads) == ["relation"]
    assert output.relation_logits.shape == (5, 2)
    assert output.novelty_logits is None
    assert output.direction_logits is None
    assert model.soft_prompt.vectors.shape == (1, 3, 32)


def test_dropout_is_before_the_classifiers_and_only_in_training():
    model = tiny_model(classifier_dropout=0.5)
    pair = random_pairs(model.config)[0]
    assert torch.equal(logits_of(model, pair), logits_of(model, pair))
    model.train()
    assert not torch.equal(logits_of(model, pair), logits_of(model, pair))


# --- the loss


def test_weights_of_the_configuration_weigh_the_loss():
    weights = {"novelty": 3.0, "direction": 0.0}
    model = tiny_model(task_weights=weights)
    batch, targets = batch_of(random_pairs(model.config)), targets_of(model.config, [1] * 5)
    output = model(**batch, **targets)
    logits = {task: output[f"{task}_logits"] for task in model.config.tasks}
    by_task = {task: targets[f"{task}_targets"] for task in model.config.tasks}
    assert output.loss.item() == pytest.approx(joint_loss(logits, by_task, weights).item(), rel=1e-6)
    assert output.loss.item() != pytest.approx(joint_loss(logits, by_task).item(), rel=1e-3)


def test_unrelated_pairs_have_a_finite_loss_and_train_only_the_relation_head():
    model = tiny_model()
    pairs = random_pairs(model.config)
    gradients = gradients_of(model, pairs, [0] * 5)
    logits = model(**batch_of(pairs)).relation_logits
    expected = head_loss(logits, targets_of(model.config, [0] * 5)["relation_targets"]).mean()
    assert loss_of(model, pairs, [0] * 5).item() == pytest.approx(expected.item())
    assert all(gradient.isfinite().all() for gradient in gradients.values())
    touched = {name.split(".")[1] for name, value in gradients.items() if name.startswith("heads.") and value.any()}
    assert touched == {"relation"}


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_parameter_has_a_gradient_even_from_unrelated_pairs(family, pooling):
    # Training on several devices stops where a parameter has none.
    model = tiny_model(family, chunk_pooling=pooling)
    loss_of(model, random_pairs(model.config), [0] * 5).backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []


@pytest.mark.parametrize("left_out", ["relation", "novelty", "direction"])
def test_missing_targets_are_named(left_out):
    model = tiny_model()
    targets = targets_of(model.config, [0, 1, 2, 0, 3])
    del targets[f"{left_out}_targets"]
    with pytest.raises(SettingError, match=f"{left_out}_targets are missing"):
        model(**batch_of(random_pairs(model.config)), **targets)
