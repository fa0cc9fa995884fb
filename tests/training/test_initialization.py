"""A model starts from a pretrained encoder, or from a checkpoint with other labels."""

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import BertForMaskedLM, BertForPreTraining

from biodir.configuration_biodir import PAIR_ENCODINGS, BioDirConfig
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.labels_biodir import PAIR_TYPES, RELATION_LABELS
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.training import initialization
from biodir.training.initialization import model_from_encoder
from helpers.tiny_models import (
    FAMILIES,
    MAX_TOKENS,
    ONE_RELATION,
    ROOM,
    all_logits,
    assert_close,
    inputs_of_pairs,
    rewrite_weights,
    save_encoder,
    tiny_tokenizer,
    widened,
)

# --- from a pretrained encoder


@pytest.mark.parametrize("family", FAMILIES)
def test_encoder_adds_the_tags_once_and_keeps_the_weights_of_the_encoder(tmp_path, family):
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


def test_encoder_starts_each_tag_as_the_mean_of_its_sub_words(tmp_path):
    model, tokenizer = model_from_encoder(save_encoder(tmp_path), max_tokens=MAX_TOKENS)
    embeddings, pieces = model.get_input_embeddings().weight, tiny_tokenizer().get_vocab()
    for tag, sub_words in (
        ("@ChemicalEntitySrc$", ["@", "chemical", "##entity", "##src", "$"]),
        ("[REL]", ["[", "r", "##e", "##l", "]"]),
    ):
        expected = embeddings[[pieces[piece] for piece in sub_words]].mean(dim=0)
        assert_close(embeddings[tokenizer.convert_tokens_to_ids(tag)], expected, 1e-6)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_encoder_starts_the_poolers_from_the_pooler_of_the_encoder(tmp_path, family):
    folder = save_encoder(tmp_path, family)
    model, _ = model_from_encoder(folder, max_tokens=MAX_TOKENS)
    old = load_file(folder / "model.safetensors")
    for head in model.heads.values():
        assert torch.equal(head.dense.weight, old["pooler.dense.weight"])
        assert torch.equal(head.dense.bias, old["pooler.dense.bias"])


def test_encoder_starts_the_poolers_at_random_where_the_checkpoint_lacks_the_pooler(tmp_path):
    folder = save_encoder(tmp_path, model_class=BertForMaskedLM)
    model, _ = model_from_encoder(folder, max_tokens=MAX_TOKENS)
    old = load_file(folder / "model.safetensors")
    layer = "encoder.layer.1.output.dense.weight"
    assert torch.equal(model.encoder.state_dict()[layer], old[f"bert.{layer}"])
    first, second, _ = (head.dense.weight for head in model.heads.values())
    assert not torch.equal(first, second)


def test_encoder_takes_the_encoder_out_of_a_larger_model(tmp_path):
    folder = save_encoder(tmp_path, model_class=BertForPreTraining)
    model, _ = model_from_encoder(folder, max_tokens=MAX_TOKENS)
    old = load_file(folder / "model.safetensors")
    new = model.encoder.state_dict()
    names = [name for name in new if not name.startswith("embeddings.word_embeddings")]
    assert all(torch.equal(new[name], old[f"bert.{name}"]) for name in names)
    assert torch.equal(model.heads["relation"].dense.weight, old["bert.pooler.dense.weight"])


def test_encoder_starts_the_soft_prompt_with_the_spread_of_the_word_embeddings(tmp_path):
    model, _ = model_from_encoder(save_encoder(tmp_path), max_tokens=MAX_TOKENS)
    expected = model.get_input_embeddings().weight.std().item()
    assert model.soft_prompt.vectors.std().item() == pytest.approx(expected, rel=0.1)


def test_encoder_names_weights_that_the_checkpoint_lacks(tmp_path):
    folder = save_encoder(tmp_path)
    rewrite_weights(folder, lambda weights: weights.pop("encoder.layer.1.output.dense.weight"))
    with pytest.raises(CheckpointError, match=r"lacks .*encoder\.layer\.1\.output\.dense\.weight"):
        model_from_encoder(folder, max_tokens=MAX_TOKENS)


def test_encoder_takes_the_labels_of_a_config_or_of_settings_but_not_of_both(tmp_path):
    folder = save_encoder(tmp_path)
    config = BioDirConfig(**ONE_RELATION, max_tokens=MAX_TOKENS, chunk_pooling="attention")
    for given in ({"config": config}, {**ONE_RELATION, "max_tokens": MAX_TOKENS, "chunk_pooling": "attention"}):
        model, _ = model_from_encoder(folder, **given)
        assert model.config.tasks == ("relation",)
        assert model.config.chunk_pooling == "attention"
        assert model.config.encoder_config.hidden_size == 32
    with pytest.raises(SettingError, match="max_tokens"):
        model_from_encoder(folder, config=config, max_tokens=MAX_TOKENS)


def test_encoder_changes_the_fields_of_encoder_settings(tmp_path):
    model, _ = model_from_encoder(
        save_encoder(tmp_path), max_tokens=MAX_TOKENS, encoder_settings={"hidden_dropout_prob": 0.25}
    )
    assert model.encoder.embeddings.dropout.p == 0.25
    assert model.config.encoder_config.hidden_dropout_prob == 0.25


# --- from a checkpoint of this kind


def logits_for_pairs(model, tokenizer) -> Tensor:
    """(3, labels of all tasks) of the pairs of `PAIRS`."""
    return all_logits(model.eval(), inputs_of_pairs(model, tokenizer))


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> dict:
    """Form -> the folder of a checkpoint with wide weights, as after training."""
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
    """A list that grows by every warning."""
    messages = []
    logger = initialization.logger
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
def test_checkpoint_of_the_same_form_and_labels_gives_its_logits(trained, form, warned):
    again, tokenizer = model_from_encoder(trained[form], pair_encoding=form, **ROOM)
    loaded = BioDirForRelationExtraction.from_pretrained(trained[form])
    assert torch.equal(logits_for_pairs(again, tokenizer), logits_for_pairs(loaded, tokenizer))
    assert len(tokenizer) == again.get_input_embeddings().num_embeddings
    assert warned == []


HEADS = ["heads.relation", "heads.novelty", "heads.direction"]


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
@pytest.mark.parametrize(
    ("settings", "new"),
    [
        ({"relation_labels": ["None", *reversed(RELATION_LABELS[1:])]}, HEADS[:1]),
        ({"pair_types": PAIR_TYPES[::-1]}, ["soft_prompt"]),
        ({"soft_prompt_tokens": 5}, ["soft_prompt"]),
        ({"soft_prompt_tokens": 0}, []),
        ({"pair_encoding": "the other"}, HEADS),
    ],
    ids=["labels", "pair types", "longer prompt", "no prompt", "form"],
)
def test_checkpoint_re_initializes_what_has_another_meaning_and_nothing_else(trained, form, settings, new, warned):
    if form == "document" and settings == {"soft_prompt_tokens": 0}:
        new = HEADS  # these read the soft prompt
    (other,) = {*PAIR_ENCODINGS} - {form}
    encoding = other if "pair_encoding" in settings else form
    model, tokenizer = model_from_encoder(trained[form], **{**ROOM, **settings, "pair_encoding": encoding})
    assert warned == [f"{trained[form]}: has no fitting {', '.join(new)}; re-initialized"] * bool(new)
    kept = {"encoder", *HEADS, *(["soft_prompt"] if model.soft_prompt is not None else [])} - {*new}
    assert [name for name in kept if not is_as_saved(model, trained[form], f"{name}.")] == []
    assert encoding == other or [name for name in new if is_as_saved(model, trained[form], f"{name}.")] == []
    assert logits_for_pairs(model, tokenizer).isfinite().all()


def test_checkpoint_without_a_task_re_initializes_its_head(tmp_path, trained, warned):
    less, tokenizer = model_from_encoder(trained["pairwise"], **ROOM, novelty_labels=[])
    assert warned == []
    less.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model, _ = model_from_encoder(tmp_path, **ROOM)
    assert warned == [f"{tmp_path}: has no fitting heads.novelty; re-initialized"]
    assert is_as_saved(model, tmp_path, "heads.direction.")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_dropuot_prob": 0.1}, "encoder setting 'hidden_dropuot_prob': BertConfig has no such field"),
        ({"num_hidden_layers": 1}, "settings {'num_hidden_layers': 1} change the sizes of a trained encoder; leave"),
        ({"hidden_size": 16}, "settings {'hidden_size': 16} change the sizes of a trained encoder; leave"),
    ],
)
def test_checkpoint_refuses_settings_that_do_not_fit_it(trained, settings, message):
    with pytest.raises(SettingError, match=re.escape(message)):
        model_from_encoder(trained["pairwise"], encoder_settings=settings, **ROOM)
