"""The model is the paper's, keeps its scores however its input is batched, and learns, saves and loads as it should."""

import copy
import importlib
import json
import math
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import BertForMaskedLM, BertForPreTraining
from transformers.utils import is_flash_attn_2_available

from biodir.configuration_biodir import CODE_FILES, PAIR_ENCODINGS, BioDirConfig
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.labels_biodir import CHEMICAL, DISEASE, PAIR_TYPES, RELATION_LABELS
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.modeling_losses_biodir import head_loss, joint_loss
from biodir.modeling_pairwise_biodir import repeated_chunks
from biodir.processing_biodir import make_processor
from biodir.training.initialization import model_from_encoder
from helpers.checkout import CHECKOUT
from helpers.marked import marked_document
from helpers.tiny_models import (
    FAMILIES,
    MAX_TOKENS,
    PAD_ID,
    POOLINGS,
    TinyPair,
    all_logits,
    batch_of,
    random_pairs,
    random_row,
    save_encoder,
    targets_of,
    tiny_config,
    tiny_model,
    tiny_tokenizer,
    widened,
)

TOLERANCE = 1e-5
ONE_RELATION = {
    "relation_labels": ["None", "CID"],
    "novelty_labels": [],
    "direction_labels": [],
    "generic_relation": None,
    "pair_types": [(CHEMICAL, DISEASE)],
}
LN2 = math.log(2)
BERT_ATTENTION = "encoder.encoder.layer.0.attention"


def assert_close(found: Tensor, expected: Tensor, tolerance: float = TOLERANCE) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


def logits_of(model, *pairs: TinyPair, **sizes: int) -> Tensor:
    """(batch, labels of all tasks)"""
    return all_logits(model, batch_of(pairs, **sizes))


def loss_of(model, pairs, labels) -> Tensor:
    return model(**batch_of(pairs), **targets_of(model.config, labels)).loss


def gradients_of(model, pairs, labels) -> dict[str, Tensor]:
    """Parameter name -> gradient, zeros where it has none."""
    model.zero_grad()
    loss_of(model, pairs, labels).backward()
    return {
        name: torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.clone()
        for name, parameter in model.named_parameters()
    }


# --- the model against an independent implementation


def naive_pair_logits(model, encoder, pair: TinyPair) -> Tensor:
    """(labels of all tasks,) by plain loops: every chunk alone, padded to the maximum, through the whole encoder.

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
    encode_rows = model.encode_rows
    monkeypatch.setattr(
        model, "encode_rows", lambda ids, *others: sizes.append(tuple(ids.shape)) or encode_rows(ids, *others)
    )
    logits_of(model, *random_pairs(model.config))
    # Rows of 40, 31, 25, 20, 14, 14, 13, 12 and 9 tokens, longest first; each group is as wide as its longest.
    assert sizes == [(1, 40), (1, 31), (2, 25), (4, 14), (1, 9)]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_changes_nothing(family, pooling):
    model = tiny_model(family, chunk_pooling=pooling)
    pairs = random_pairs(model.config)
    assert_close(logits_of(model, *pairs, tokens=MAX_TOKENS), logits_of(model, *pairs, tokens=40))


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


@pytest.mark.parametrize("pooling", POOLINGS)
def test_order_of_the_chunks_changes_nothing(pooling):
    model = tiny_model(chunk_pooling=pooling)
    pair = random_pairs(model.config)[2]
    assert_close(logits_of(model, replace(pair, rows=pair.rows[::-1])), logits_of(model, pair))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_every_chunk_is_read(pooling):
    model = tiny_model(chunk_pooling=pooling)
    pair = random_pairs(model.config)[2]
    full = logits_of(model, pair)
    for left_out in range(3):
        rows = tuple(row for place, row in enumerate(pair.rows) if place != left_out)
        assert (logits_of(model, replace(pair, rows=rows)) - full).abs().max() > 0.01


def test_only_repetitions_of_earlier_chunks_of_the_pair_count_as_repeated():
    first = torch.tensor([[5, 6, 0], [5, 6, 9], [5, 6, 0], [5, 0, 0]])
    first_mask = torch.tensor([[1, 1, 0], [1, 1, 0], [1, 1, 1], [1, 0, 0]])
    second = torch.tensor([[5, 6, 0], [5, 0, 0], [7, 6, 0], [5, 0, 0]])
    second_mask = torch.tensor([[1, 1, 0], [1, 0, 0], [1, 1, 0], [1, 0, 0]])
    repeated = repeated_chunks(torch.stack([first, second]), torch.stack([first_mask, second_mask]))
    assert repeated.tolist() == [[False, True, False, False], [False, False, False, True]]


# --- the soft prompt


@pytest.mark.parametrize("family", FAMILIES)
def test_soft_prompt_of_the_pair_type_is_attended_and_that_of_others_is_not(family):
    model = tiny_model(family, soft_prompt_tokens=8)
    row = random_row(1, 30, 8)
    pair = TinyPair((row,), pair_type_id=2)
    before = logits_of(model, pair)
    for place in range(8):
        changed = copy.deepcopy(model)
        with torch.no_grad():
            changed.soft_prompt.vectors[:2, place] += 1.0
            changed.soft_prompt.vectors[3:, place] += 1.0
        assert torch.equal(logits_of(changed, pair), before)
        with torch.no_grad():
            changed.soft_prompt.vectors[2, place] += torch.linspace(-1, 1, changed.soft_prompt.vectors.shape[-1])
        assert (logits_of(changed, pair) - before).abs().max() > 1e-3


@pytest.mark.parametrize("family", FAMILIES)
def test_gradient_reaches_every_vector_of_the_soft_prompts_that_are_used(family):
    model = tiny_model(family, soft_prompt_tokens=8)
    pairs = [TinyPair((random_row(seed, 30, 8),), pair_type_id) for seed, pair_type_id in ((1, 2), (2, 5))]
    gradient = gradients_of(model, pairs, [1, 2])["soft_prompt.vectors"]  # (pair_types, prompt, hidden)
    used = gradient.abs().amax(dim=-1) > 0
    assert used.all(dim=1).tolist() == [index in (2, 5) for index in range(8)]
    assert used.any(dim=1).tolist() == used.all(dim=1).tolist()


@pytest.mark.parametrize("family", FAMILIES)
def test_value_of_the_placeholders_does_not_matter(family):
    model = tiny_model(family)
    pair = random_pairs(model.config)[1]
    others = replace(pair, rows=tuple((*row[:-3], 7, 8, 9) for row in pair.rows))
    assert torch.equal(logits_of(model, others), logits_of(model, pair))


def test_model_without_soft_prompt_has_no_table_and_reads_the_last_tokens_of_a_row():
    model = tiny_model(soft_prompt_tokens=0)
    assert model.soft_prompt is None
    assert not [name for name in model.state_dict() if name.startswith("soft_prompt")]
    row = random_row(1, 20, 0)
    assert (logits_of(model, TinyPair((row,))) - logits_of(model, TinyPair(((*row[:-1], 7),)))).abs().max() > 1e-3


def test_soft_prompt_of_a_new_model_is_random():
    vectors = BioDirForRelationExtraction(tiny_config(initializer_range=0.05)).soft_prompt.vectors  # 8 * 3 * 32 numbers
    assert vectors.std().item() == pytest.approx(0.05, rel=0.2)


# --- the heads


def test_heads_read_the_task_tokens_of_their_task():
    model = tiny_model()
    row = random_row(1, 20)
    output = model(**batch_of([TinyPair((row,), task_positions=(1, 2, 3))]))
    swapped = model(**batch_of([TinyPair((row,), task_positions=(1, 3, 2))]))
    assert torch.equal(output.relation_logits, swapped.relation_logits)
    assert not torch.allclose(output.novelty_logits, swapped.novelty_logits, atol=1e-3)
    assert not torch.allclose(output.direction_logits, swapped.direction_logits, atol=1e-3)


def test_output_has_the_shapes_of_the_label_lists():
    output = tiny_model()(**batch_of(random_pairs(tiny_config())))
    assert output.loss is None
    assert output.relation_logits.shape == (5, 9)
    assert output.novelty_logits.shape == (5, 3)
    assert output.direction_logits.shape == (5, 4)


def test_tasks_without_labels_have_no_head_and_no_logits():
    model = tiny_model(**ONE_RELATION)
    output = model(**batch_of(random_pairs(model.config)))
    assert list(model.heads) == ["relation"]
    assert output.relation_logits.shape == (5, 2)
    assert output.novelty_logits is None
    assert output.direction_logits is None
    assert model.soft_prompt.vectors.shape == (1, 3, 32)


@pytest.mark.parametrize("settings", [{}, ONE_RELATION], ids=["three heads", "one head"])
def test_training_steps_lower_the_loss(settings):
    model = tiny_model(**settings).train()
    pairs, labels = random_pairs(model.config), [0, 1, 0, 1, 1]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = loss_of(model, pairs, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)


def test_dropout_stands_before_the_classifiers_and_in_training_only():
    model = tiny_model(classifier_dropout=0.5)
    pair = random_pairs(model.config)[0]
    assert torch.equal(logits_of(model, pair), logits_of(model, pair))
    model.train()
    assert not torch.equal(logits_of(model, pair), logits_of(model, pair))


# --- the loss


def test_loss_of_the_model_is_the_joint_loss_of_its_logits():
    model = tiny_model()
    batch, targets = batch_of(random_pairs(model.config)), targets_of(model.config, [0, 1, 2, 0, 3])
    output = model(**batch, **targets)
    logits = {task: output[f"{task}_logits"] for task in model.config.tasks}
    expected = joint_loss(logits, {task: targets[f"{task}_targets"] for task in model.config.tasks})
    assert output.loss.item() == pytest.approx(expected.item())


def test_weights_of_the_configuration_weigh_the_loss():
    weights = {"novelty": 3.0, "direction": 0.0}
    model = tiny_model(task_weights=weights)
    batch, targets = batch_of(random_pairs(model.config)), targets_of(model.config, [1] * 5)
    output = model(**batch, **targets)
    logits = {task: output[f"{task}_logits"] for task in model.config.tasks}
    by_task = {task: targets[f"{task}_targets"] for task in model.config.tasks}
    assert output.loss.item() == pytest.approx(joint_loss(logits, by_task, weights).item(), rel=1e-6)
    assert output.loss.item() != pytest.approx(joint_loss(logits, by_task).item(), rel=1e-3)


def test_unrelated_pairs_have_a_finite_loss_and_train_the_relation_head_alone():
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


# --- from a pretrained encoder


@pytest.mark.parametrize("family", FAMILIES)
def test_from_encoder_adds_the_tags_once_and_keeps_the_weights_of_the_encoder(tmp_path, family):
    folder = save_encoder(tmp_path, family)
    old = load_file(folder / "model.safetensors")
    model, tokenizer = model_from_encoder(folder, max_tokens=MAX_TOKENS)

    # Three types with tags, two roles, opening and closing; three task tokens.
    assert len(tokenizer) == len(tiny_tokenizer()) + 15
    assert tokenizer.tokenize("@ChemicalEntitySrc$ aspirin @ChemicalEntitySrc/$ [REL]") == [
        "@ChemicalEntitySrc$",
        "aspirin",
        "@ChemicalEntitySrc/$",
        "[REL]",
    ]
    assert model.get_input_embeddings().num_embeddings == len(tokenizer)
    assert model.config.encoder_config.vocab_size == len(tokenizer)

    new = model.encoder.state_dict()
    words = next(name for name, value in new.items() if value is not None and len(value) == len(tokenizer))
    assert torch.equal(new[words][: len(tiny_tokenizer())], old[words])
    kept = {name for name in old if not name.startswith("pooler.")}
    assert kept == set(new)
    assert all(torch.equal(new[name], old[name]) for name in kept - {words})


def test_from_encoder_starts_each_tag_as_the_mean_of_its_sub_words(tmp_path):
    model, tokenizer = model_from_encoder(save_encoder(tmp_path), max_tokens=MAX_TOKENS)
    embeddings, pieces = model.get_input_embeddings().weight, tiny_tokenizer().get_vocab()
    for tag, sub_words in (
        ("@ChemicalEntitySrc$", ["@", "chemical", "##entity", "##src", "$"]),
        ("[REL]", ["[", "r", "##e", "##l", "]"]),
    ):
        expected = embeddings[[pieces[piece] for piece in sub_words]].mean(dim=0)
        assert_close(embeddings[tokenizer.convert_tokens_to_ids(tag)], expected, 1e-6)


def test_from_encoder_leaves_tags_that_are_there_already_as_they_are(tmp_path):
    model, tokenizer = model_from_encoder(save_encoder(tmp_path), max_tokens=MAX_TOKENS)
    model.encoder.save_pretrained(tmp_path / "again")
    tokenizer.save_pretrained(tmp_path / "again")
    again, tokenizer_again = model_from_encoder(tmp_path / "again", max_tokens=MAX_TOKENS)
    assert tokenizer_again.get_vocab() == tokenizer.get_vocab()
    assert torch.equal(again.get_input_embeddings().weight, model.get_input_embeddings().weight)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_from_encoder_starts_the_poolers_from_the_pooler_of_the_encoder(tmp_path, family):
    folder = save_encoder(tmp_path, family)
    model, _ = model_from_encoder(folder, max_tokens=MAX_TOKENS)
    old = load_file(folder / "model.safetensors")
    for head in model.heads.values():
        assert torch.equal(head.dense.weight, old["pooler.dense.weight"])
        assert torch.equal(head.dense.bias, old["pooler.dense.bias"])


@pytest.mark.parametrize("family", ["modernbert", "electra"])
def test_from_encoder_starts_the_poolers_at_random_where_the_encoder_has_none(tmp_path, family):
    model, _ = model_from_encoder(save_encoder(tmp_path, family), max_tokens=MAX_TOKENS)
    first, second, third = (head.dense.weight for head in model.heads.values())
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)


def test_from_encoder_starts_the_poolers_at_random_where_the_checkpoint_lacks_the_pooler(tmp_path):
    folder = save_encoder(tmp_path, model_class=BertForMaskedLM)
    model, _ = model_from_encoder(folder, max_tokens=MAX_TOKENS)
    old = load_file(folder / "model.safetensors")
    layer = "encoder.layer.1.output.dense.weight"
    assert torch.equal(model.encoder.state_dict()[layer], old[f"bert.{layer}"])
    first, second, _ = (head.dense.weight for head in model.heads.values())
    assert not torch.equal(first, second)


def test_from_encoder_takes_the_encoder_out_of_a_larger_model(tmp_path):
    folder = save_encoder(tmp_path, model_class=BertForPreTraining)
    model, _ = model_from_encoder(folder, max_tokens=MAX_TOKENS)
    old = load_file(folder / "model.safetensors")
    new = model.encoder.state_dict()
    names = [name for name in new if not name.startswith("embeddings.word_embeddings")]
    assert all(torch.equal(new[name], old[f"bert.{name}"]) for name in names)
    assert torch.equal(model.heads["relation"].dense.weight, old["bert.pooler.dense.weight"])


def test_from_encoder_starts_the_soft_prompt_with_the_spread_of_the_word_embeddings(tmp_path):
    model, _ = model_from_encoder(save_encoder(tmp_path), max_tokens=MAX_TOKENS)
    expected = model.get_input_embeddings().weight.std().item()
    assert model.soft_prompt.vectors.std().item() == pytest.approx(expected, rel=0.1)


def test_from_encoder_names_weights_that_the_checkpoint_lacks(tmp_path):
    folder = save_encoder(tmp_path)
    rewrite_weights(folder, lambda weights: weights.pop("encoder.layer.1.output.dense.weight"))
    with pytest.raises(CheckpointError, match=r"lacks .*encoder\.layer\.1\.output\.dense\.weight"):
        model_from_encoder(folder, max_tokens=MAX_TOKENS)


def test_from_encoder_takes_the_labels_of_a_config_or_of_settings_but_not_of_both(tmp_path):
    folder = save_encoder(tmp_path)
    config = BioDirConfig(**ONE_RELATION, max_tokens=MAX_TOKENS, chunk_pooling="attention")
    for given in ({"config": config}, {**ONE_RELATION, "max_tokens": MAX_TOKENS, "chunk_pooling": "attention"}):
        model, _ = model_from_encoder(folder, **given)
        assert model.config.tasks == ("relation",)
        assert model.config.chunk_pooling == "attention"
        assert model.config.encoder_config.hidden_size == 32
    with pytest.raises(SettingError, match="max_tokens"):
        model_from_encoder(folder, config=config, max_tokens=MAX_TOKENS)


def test_from_encoder_changes_the_fields_of_encoder_settings(tmp_path):
    model, _ = model_from_encoder(
        save_encoder(tmp_path), max_tokens=MAX_TOKENS, encoder_settings={"hidden_dropout_prob": 0.25}
    )
    assert model.encoder.embeddings.dropout.p == 0.25
    assert model.config.encoder_config.hidden_dropout_prob == 0.25


# --- from a checkpoint of this kind

ROOM = {"max_tokens": 128, "max_name_tokens": 8, "max_mention_tokens": 8, "window_overlap_tokens": 16}
ROOM |= {"infix_min_tokens": 16, "soft_prompt_tokens": 3}
PAIRS = marked_document("<C:1 aspirin> causes <D:2 headache> . <G:3 gene> causes it .")


def logits_for_pairs(model, tokenizer) -> Tensor:
    """(3, labels of all tasks) of the pairs of `PAIRS`."""
    return all_logits(model.eval(), inputs_of_pairs(model, tokenizer))


def inputs_of_pairs(model, tokenizer) -> dict[str, Tensor]:
    encoder = make_processor(tokenizer, model.config)
    return encoder.collate(list(encoder.features(encoder.tokenize(PAIRS))))


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> dict:
    """Pair encoding -> the folder of a checkpoint with wide weights, as after training."""
    found = {}
    for form in PAIR_ENCODINGS:
        folder = tmp_path_factory.mktemp(form)
        encoder = save_encoder(folder / "encoder", max_position_embeddings=128)
        model, tokenizer = model_from_encoder(encoder, pair_encoding=form, **ROOM)
        widened(model).save_pretrained(folder / "run")
        tokenizer.save_pretrained(folder / "run")
        found[form] = folder / "run"
    return found


@pytest.fixture
def warned(monkeypatch) -> list[str]:
    """Grows by every warning of the model's module."""
    messages = []
    logger = importlib.import_module("biodir.modeling_biodir").logger
    monkeypatch.setattr(logger, "warning", lambda text, *values: messages.append(text % values))
    return messages


def weights_in(folder: Path, prefix: str) -> dict[str, Tensor]:
    return {name: value for name, value in load_file(folder / "model.safetensors").items() if name.startswith(prefix)}


def is_as_saved(model, folder: Path, prefix: str) -> bool:
    """Whether all weights whose names begin so are those of the folder."""
    state, saved = model.state_dict(), weights_in(folder, prefix)
    assert saved, prefix
    return set(saved) == {name for name in state if name.startswith(prefix)} and all(
        state[name].shape == value.shape and torch.equal(state[name], value) for name, value in saved.items()
    )


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_from_checkpoint_of_the_same_form_and_labels_gives_its_logits(trained, form, warned):
    again, tokenizer = model_from_encoder(trained[form], pair_encoding=form, **ROOM)
    loaded = BioDirForRelationExtraction.from_pretrained(trained[form])
    assert torch.equal(logits_for_pairs(again, tokenizer), logits_for_pairs(loaded, tokenizer))
    assert len(tokenizer) == again.get_input_embeddings().num_embeddings
    assert warned == []


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_from_checkpoint_starts_the_head_anew_whose_labels_have_another_order(trained, form, warned):
    labels = ["None", *reversed(RELATION_LABELS[1:])]
    settings = {**ROOM, "pair_encoding": form, "relation_labels": labels}
    model, _ = model_from_encoder(trained[form], **settings)
    assert warned == [f"{trained[form]}: has no fitting heads.relation; training starts them anew"]
    assert not is_as_saved(model, trained[form], "heads.relation.")
    for prefix in ("encoder.", "soft_prompt.", "heads.novelty.", "heads.direction."):
        assert is_as_saved(model, trained[form], prefix), prefix


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_from_checkpoint_starts_the_soft_prompt_anew_of_other_pair_types(trained, form, warned):
    settings = {**ROOM, "pair_encoding": form, "pair_types": PAIR_TYPES[::-1]}
    model, _ = model_from_encoder(trained[form], **settings)
    assert warned == [f"{trained[form]}: has no fitting soft_prompt; training starts them anew"]
    assert not is_as_saved(model, trained[form], "soft_prompt.")
    assert is_as_saved(model, trained[form], "encoder.")
    assert is_as_saved(model, trained[form], "heads.")


@pytest.mark.parametrize(("form", "other"), [PAIR_ENCODINGS, PAIR_ENCODINGS[::-1]])
def test_from_checkpoint_of_the_other_form_starts_the_heads_anew(trained, form, other, warned):
    model, tokenizer = model_from_encoder(trained[form], pair_encoding=other, **ROOM)
    assert warned == [
        f"{trained[form]}: has no fitting heads.relation, heads.novelty, heads.direction; training starts them anew"
    ]
    assert is_as_saved(model, trained[form], "encoder.")
    assert is_as_saved(model, trained[form], "soft_prompt.")
    assert logits_for_pairs(model, tokenizer).isfinite().all()


def test_from_checkpoint_without_a_task_starts_its_head_anew(tmp_path, trained, warned):
    less, tokenizer = model_from_encoder(trained["pairwise"], **ROOM, novelty_labels=[])
    assert warned == []
    less.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model, _ = model_from_encoder(tmp_path, **ROOM)
    assert warned == [f"{tmp_path}: has no fitting heads.novelty; training starts them anew"]
    assert is_as_saved(model, tmp_path, "heads.direction.")


@pytest.mark.parametrize("prompt_tokens", [0, 5])
def test_from_checkpoint_takes_no_soft_prompt_of_another_length(trained, prompt_tokens, warned):
    settings = {**ROOM, "soft_prompt_tokens": prompt_tokens}
    model, _ = model_from_encoder(trained["pairwise"], **settings)
    assert [message.split(": ")[1] for message in warned] == [
        "has no fitting soft_prompt; training starts them anew"
    ] * (prompt_tokens > 0)
    assert is_as_saved(model, trained["pairwise"], "heads.")


def test_from_checkpoint_changes_the_fields_of_encoder_settings(trained):
    settings = {"hidden_dropout_prob": 0.25}
    model, _ = model_from_encoder(trained["document"], encoder_settings=settings, **ROOM)
    assert model.encoder.embeddings.dropout.p == 0.25
    assert is_as_saved(model, trained["document"], "encoder.")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_dropuot_prob": 0.1}, "encoder setting 'hidden_dropuot_prob': BertConfig has no such field"),
        ({"num_hidden_layers": 1}, "settings {'num_hidden_layers': 1} change the sizes of a trained encoder; leave"),
        ({"hidden_size": 16}, "settings {'hidden_size': 16} change the sizes of a trained encoder; leave"),
    ],
)
def test_from_checkpoint_refuses_settings_that_do_not_fit_it(trained, settings, message):
    with pytest.raises(SettingError, match=re.escape(message)):
        model_from_encoder(trained["pairwise"], encoder_settings=settings, **ROOM)


def test_from_checkpoint_asks_for_no_code_of_the_folder(trained, monkeypatch):
    asked = []
    monkeypatch.setattr("builtins.input", lambda question="": asked.append(question) or "n")
    model_from_encoder(trained["pairwise"], **ROOM)
    assert asked == []


# --- inputs that are missing


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("pairwise", "task_positions"),
        ("document", "window_documents"),
        ("document", "mention_windows"),
        ("document", "mention_positions"),
        ("document", "mention_entities"),
        ("document", "pair_entities"),
        ("document", "pair_windows"),
    ],
)
def test_missing_input_is_named(trained, form, name):
    model, tokenizer = model_from_encoder(trained[form], pair_encoding=form, **ROOM)
    inputs = inputs_of_pairs(model, tokenizer)
    model(**inputs)
    del inputs[name]
    with pytest.raises(SettingError, match=f"^{name}: missing in the input of a {form} model; make it with pair_enco"):
        model(**inputs)


def test_inputs_of_the_other_form_are_refused(trained):
    solid, tokenizer = model_from_encoder(trained["pairwise"], **ROOM)
    pooled, _ = model_from_encoder(trained["document"], pair_encoding="document", **ROOM)
    with pytest.raises(SettingError, match=r"^task_positions: missing in the input of a solid model"):
        solid(**inputs_of_pairs(pooled, tokenizer))
    with pytest.raises(
        SettingError, match=r"^window_documents, mention_windows, mention_positions, mention_entities, "
    ):
        pooled(**inputs_of_pairs(solid, tokenizer))


# --- saving and loading


def rewrite_weights(folder: Path, change) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def rewrite_config(folder: Path, **values) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("settings", [{"chunk_pooling": "attention"}, {"soft_prompt_tokens": 0, **ONE_RELATION}])
def test_saved_model_gives_the_same_logits_bit_for_bit(tmp_path, family, settings):
    model = tiny_model(family, **settings)
    pairs = random_pairs(model.config)
    model.save_pretrained(tmp_path)
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path)
    assert torch.equal(logits_of(loaded, *pairs), logits_of(model, *pairs))
    assert {name: value.shape for name, value in loaded.state_dict().items()} == {
        name: value.shape for name, value in model.state_dict().items()
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_resized_model_keeps_its_logits_through_saving_and_loading(tmp_path, family):
    model = tiny_model(family)
    pairs = random_pairs(model.config)
    before = logits_of(model, *pairs)
    embeddings = model.resize_token_embeddings(170)
    assert embeddings is model.get_input_embeddings()
    model.save_pretrained(tmp_path)
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path)
    assert loaded.get_input_embeddings().num_embeddings == loaded.config.encoder_config.vocab_size == 170
    assert torch.equal(logits_of(loaded, *pairs), before)


def test_saved_folder_holds_the_code_of_the_pipeline(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    assert {name: (tmp_path / name).read_text() for name in CODE_FILES} == {
        name: (CHECKOUT / name).read_text() for name in CODE_FILES
    }
    auto_map = json.loads((tmp_path / "config.json").read_text())["auto_map"]
    assert auto_map == {
        "AutoConfig": "configuration_biodir.BioDirConfig",
        "AutoModel": "modeling_biodir.BioDirForRelationExtraction",
    }


@pytest.mark.parametrize("loaded_first", [False, True])
def test_saved_folder_does_not_name_the_folder_of_the_encoder(tmp_path, loaded_first):
    model, _ = model_from_encoder(save_encoder(tmp_path / "encoder"), max_tokens=MAX_TOKENS)
    if loaded_first:
        model.save_pretrained(tmp_path / "first")
        model = BioDirForRelationExtraction.from_pretrained(tmp_path / "first")
    model.save_pretrained(tmp_path / "last")
    assert str(tmp_path) not in (tmp_path / "last" / "config.json").read_text()


def test_code_files_are_the_flat_modules_of_the_checkout():
    assert list(CODE_FILES) == sorted(path.name for path in CHECKOUT.glob("*_biodir.py"))


def test_saving_into_the_checkout_keeps_its_code(tmp_path, monkeypatch):
    checkout = tmp_path / "checkout_copy"
    checkout.mkdir()
    for name in CODE_FILES:
        (checkout / name).write_bytes((CHECKOUT / name).read_bytes())
    monkeypatch.syspath_prepend(tmp_path)
    modeling = importlib.import_module("checkout_copy.modeling_biodir")
    try:
        model = modeling.BioDirForRelationExtraction(tiny_config()).eval()
        model.save_pretrained(checkout)
        loaded = modeling.BioDirForRelationExtraction.from_pretrained(checkout)
        pairs = random_pairs(model.config)
        assert torch.equal(logits_of(loaded, *pairs), logits_of(model, *pairs))
    finally:
        for name in [name for name in sys.modules if name.startswith("checkout_copy")]:
            del sys.modules[name]
    assert sorted(path.name for path in checkout.iterdir() if path.name != "__pycache__") == sorted(
        [*CODE_FILES, "config.json", "model.safetensors"]
    )
    for name in CODE_FILES:
        assert (checkout / name).read_bytes() == (CHECKOUT / name).read_bytes()


def test_only_the_main_process_saves(tmp_path):
    tiny_model().save_pretrained(tmp_path, is_main_process=False)
    assert list(tmp_path.glob("*.py")) == []


def test_missing_weights_are_named(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    rewrite_weights(tmp_path, lambda weights: weights.pop("heads.relation.dense.weight"))
    with pytest.raises(CheckpointError, match=r"1 missing keys .*heads\.relation\.dense\.weight"):
        BioDirForRelationExtraction.from_pretrained(tmp_path)


def test_left_over_weights_are_named(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    rewrite_weights(tmp_path, lambda weights: weights.update({"heads.other.weight": torch.zeros(2)}))
    with pytest.raises(CheckpointError, match=r"1 unexpected keys .*heads\.other\.weight"):
        BioDirForRelationExtraction.from_pretrained(tmp_path)


def test_weights_of_another_shape_are_named(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    rewrite_config(tmp_path, novelty_labels=["None", "Novel"])
    with pytest.raises(CheckpointError, match=r"heads\.novelty\.classifier\.weight.*3, 32.*2, 32"):
        BioDirForRelationExtraction.from_pretrained(tmp_path)


def test_head_that_the_configuration_leaves_out_is_named(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    rewrite_config(tmp_path, novelty_labels=[])
    with pytest.raises(CheckpointError, match=r"unexpected keys .*heads\.novelty\.classifier\.bias"):
        BioDirForRelationExtraction.from_pretrained(tmp_path)


def test_loading_says_what_was_loaded_on_demand(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    model, info = BioDirForRelationExtraction.from_pretrained(tmp_path, output_loading_info=True)
    assert isinstance(model, BioDirForRelationExtraction)
    assert not any(info.values())


def test_weights_of_another_shape_start_anew_on_demand(tmp_path):
    model = tiny_model()
    model.save_pretrained(tmp_path)
    rewrite_config(tmp_path, novelty_labels=["None", "Novel"])
    loaded, info = BioDirForRelationExtraction.from_pretrained(
        tmp_path, ignore_mismatched_sizes=True, output_loading_info=True
    )
    assert {name for name, *_ in info["mismatched_keys"]} == {
        "heads.novelty.classifier.bias",
        "heads.novelty.classifier.weight",
    }
    assert torch.equal(loaded.heads["relation"].classifier.weight, model.heads["relation"].classifier.weight)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_missing_file_is_named(tmp_path, name):
    tiny_model().save_pretrained(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises((OSError, CheckpointError), match=f"no .*{name}"):
        BioDirForRelationExtraction.from_pretrained(tmp_path)


def test_pickled_weights_are_not_loaded(tmp_path):
    model = tiny_model()
    model.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match=r"model\.safetensors"):
        BioDirForRelationExtraction.from_pretrained(tmp_path)


# --- attention code, precision, memory, compilation


def count_sdpa_calls(monkeypatch) -> list[int]:
    """A list that grows by one for every call of torch's scaled dot product attention."""
    calls: list[int] = []
    sdpa = nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(
        nn.functional, "scaled_dot_product_attention", lambda *args, **kw: calls.append(1) or sdpa(*args, **kw)
    )
    return calls


@pytest.mark.parametrize("family", FAMILIES)
def test_attention_code_is_chosen_by_the_standard_argument_and_changes_no_score(tmp_path, monkeypatch, family):
    model = tiny_model(family)
    pairs = random_pairs(model.config)
    model.save_pretrained(tmp_path)
    calls = count_sdpa_calls(monkeypatch)
    by_sdpa = logits_of(BioDirForRelationExtraction.from_pretrained(tmp_path), *pairs)
    assert len(calls) > 0

    calls.clear()
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path, attn_implementation="eager")
    assert_close(logits_of(loaded, *pairs), by_sdpa)
    assert calls == []

    loaded.set_attn_implementation("sdpa")
    assert_close(logits_of(loaded, *pairs), by_sdpa)
    assert len(calls) > 0


@pytest.mark.skipif(is_flash_attn_2_available(), reason="flash attention is installed")
def test_flash_attention_lacks_nothing_but_its_package(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    with pytest.raises(ImportError, match="package"):
        BioDirForRelationExtraction.from_pretrained(tmp_path, attn_implementation="flash_attention_2")


def near_float32(model, pairs, reference: Tensor, tolerance: float) -> bool:
    found = logits_of(model, *pairs)
    return found.isfinite().all() and (found.float() - reference).abs().max() < tolerance


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.bfloat16, 0.2), (torch.float16, 0.03)], ids=["bf16", "fp16"])
@pytest.mark.parametrize("family", FAMILIES)
def test_half_precision_stays_near_float32_and_trains(tmp_path, family, dtype, tolerance, pooling):
    model = tiny_model(family, chunk_pooling=pooling)
    pairs, labels = random_pairs(model.config), [0, 1, 2, 0, 3]
    reference = logits_of(model, *pairs)
    model.save_pretrained(tmp_path)
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path, dtype=dtype)
    assert {parameter.dtype for parameter in loaded.parameters()} == {dtype}
    assert near_float32(loaded, pairs, reference, tolerance)
    assert all(gradient.isfinite().all() for gradient in gradients_of(loaded, pairs, labels).values())
    with torch.autocast("cpu", dtype=dtype):
        assert near_float32(model, pairs, reference, tolerance)
        loss = loss_of(model, pairs, labels)
    assert loss.dtype == torch.float32
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize("family", FAMILIES)
def test_gradient_checkpointing_changes_neither_loss_nor_gradients(family):
    model = tiny_model(family).train()
    pairs, labels = random_pairs(model.config), [0, 1, 2, 0, 3]
    plain_loss, plain = loss_of(model, pairs, labels), gradients_of(model, pairs, labels)
    calls = []
    inside_first_layer = model.get_submodule("encoder.layers.0.attn" if family == "modernbert" else BERT_ATTENTION)
    inside_first_layer.register_forward_hook(lambda *_: calls.append(1))
    model.activation_checkpointing_enable()
    checkpointed = gradients_of(model, pairs, labels)
    assert len(calls) == 2  # forward, then once more for the gradient
    assert torch.equal(loss_of(model, pairs, labels), plain_loss)
    for name, gradient in plain.items():
        assert_close(checkpointed[name], gradient, 1e-6)
    model.activation_checkpointing_disable()
    calls.clear()
    gradients_of(model, pairs, labels)
    assert len(calls) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_encoding_compiles_into_one_graph_for_all_lengths(family):
    model = tiny_model(family)
    graphs = []

    def counting_backend(graph, _):
        graphs.append(graph)
        return graph.forward

    pairs = random_pairs(model.config)
    plain = logits_of(model, *pairs)
    torch.compiler.reset()
    model.encode_rows = torch.compile(model.encode_rows, fullgraph=True, dynamic=True, backend=counting_backend)
    model.config.token_budget = 100  # two rows of 40 tokens, four of 25, three of 13
    assert_close(logits_of(model, *pairs), plain)
    assert len(graphs) == 1
