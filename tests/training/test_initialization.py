"""A model starts from a pretrained encoder, or from a checkpoint with other labels."""

import re
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModel, BertConfig, BertForSequenceClassification

from biodir.configuration_biodir import PAIR_ENCODINGS
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.labels_biodir import PAIR_TYPES, RELATION_LABELS
from biodir.modeling_attention_biodir import PACKABLE_ENCODERS
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.processing_biodir import make_processor
from biodir.released.importing import import_released
from biodir.training import initialization
from biodir.training.initialization import model_from_encoder
from helpers.checkout import CHECKOUT
from helpers.document_models import encoder_config
from helpers.marked import marked_document
from helpers.released import save_released
from helpers.tiny_models import (
    FAMILIES,
    MAX_TOKENS,
    all_logits,
    save_encoder,
    tiny_tokenizer,
    widened,
)

TOLERANCE = 1e-5


def assert_close(found: Tensor, expected: Tensor, tolerance: float = TOLERANCE) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


def rewrite_weights(folder: Path, change) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


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


def test_encoder_names_weights_that_the_checkpoint_lacks(tmp_path):
    folder = save_encoder(tmp_path)
    rewrite_weights(folder, lambda weights: weights.pop("encoder.layer.1.output.dense.weight"))
    with pytest.raises(CheckpointError, match=r"lacks .*encoder\.layer\.1\.output\.dense\.weight"):
        model_from_encoder(folder, max_tokens=MAX_TOKENS)


# --- from a checkpoint of this kind

ROOM = {"max_tokens": 128, "max_name_tokens": 8, "max_mention_tokens": 8, "window_overlap_tokens": 16}
ROOM |= {"infix_min_tokens": 16, "soft_prompt_tokens": 3}
HEADS = ["heads.relation", "heads.novelty", "heads.direction"]
PAIRS = marked_document("<C:1 aspirin> causes <D:2 headache> . <G:3 gene> causes it .")


def logits_for_pairs(model, tokenizer) -> Tensor:
    """(3, labels of all tasks) of the pairs of `PAIRS`."""
    return all_logits(model.eval(), inputs_of_pairs(model, tokenizer))


def inputs_of_pairs(model, tokenizer) -> dict[str, Tensor]:
    encoder = make_processor(tokenizer, model.config)
    return encoder.collate(list(encoder.features(encoder.tokenize(PAIRS))))


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
    """Return whether all weights whose names begin so are those of the folder."""
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


def test_closest_mentions_join_a_checkpoint_without_a_change_of_its_logits(trained, warned):
    settings = {"pair_encoding": "document", "closest_mentions": True, **ROOM}
    model, tokenizer = model_from_encoder(trained["document"], **settings)
    loaded = BioDirForRelationExtraction.from_pretrained(trained["document"])
    before = logits_for_pairs(model, tokenizer)
    torch.testing.assert_close(before, logits_for_pairs(loaded, tokenizer), rtol=0, atol=1e-6)
    assert warned == []
    for head in model.heads.values():
        for side in head.sides:
            torch.nn.init.normal_(side.mention.weight)
    assert not torch.allclose(before, logits_for_pairs(model, tokenizer))


REORDERED = ["None", *reversed(RELATION_LABELS[1:])]


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
@pytest.mark.parametrize(
    ("settings", "new"),
    [
        ({"relation_labels": REORDERED}, ["heads.relation"]),
        ({"pair_types": PAIR_TYPES[::-1]}, ["soft_prompt"]),
        ({}, HEADS),
    ],
)
def test_checkpoint_re_initializes_what_has_another_meaning(trained, form, settings, new, warned):
    other = next(each for each in PAIR_ENCODINGS if each != form) if new == HEADS else form
    model, tokenizer = model_from_encoder(trained[form], **{**ROOM, "pair_encoding": other, **settings})
    assert warned == [f"{trained[form]}: has no fitting {', '.join(new)}; re-initialized"]
    for part in {"encoder", "soft_prompt", *HEADS} - {*new}:
        assert is_as_saved(model, trained[form], f"{part}."), part
    assert new == HEADS or not any(is_as_saved(model, trained[form], f"{part}.") for part in new)
    assert logits_for_pairs(model, tokenizer).isfinite().all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_dropuot_prob": 0.1}, "encoder setting 'hidden_dropuot_prob': BertConfig has no such field"),
        ({"num_hidden_layers": 1}, "settings {'num_hidden_layers': 1} change the sizes of a trained encoder; leave"),
        ({"hidden_act": "foo"}, "no encoder has the settings {'hidden_act': 'foo'} ("),
    ],
)
def test_checkpoint_refuses_settings_that_do_not_fit_it(trained, settings, message):
    with pytest.raises(SettingError, match=re.escape(message)):
        model_from_encoder(trained["pairwise"], encoder_settings=settings, **ROOM)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_act": "foo"}, "^no encoder has the settings {'hidden_act': 'foo'} (.*); change the value$"),
        ({"hidden_size": 48}, "^encoder settings {'hidden_size': 48} change the sizes of a trained encoder; leave"),
        ({"num_hidden_layers": 5}, "^encoder settings {'num_hidden_layers': 5} change the sizes of a trained encod"),
    ],
)
def test_bare_encoder_refuses_settings_that_do_not_fit_it(tmp_path, settings, message):
    with pytest.raises(SettingError, match=message):
        model_from_encoder(save_encoder(tmp_path), encoder_settings=settings, **ROOM)


@pytest.mark.parametrize("form", ["pairwise", "encoder"])
def test_whole_number_becomes_the_float_that_the_configuration_of_the_encoder_has(trained, tmp_path, form):
    start = save_encoder(tmp_path, max_position_embeddings=128) if form == "encoder" else trained[form]
    model, _ = model_from_encoder(start, encoder_settings={"attention_probs_dropout_prob": 0}, **ROOM)
    value = model.config.encoder_config.to_dict()["attention_probs_dropout_prob"]
    assert (value, type(value)) == (0.0, float)


@pytest.mark.parametrize("family", PACKABLE_ENCODERS)
@pytest.mark.parametrize("recipe", ["stage1", "stage2", "bc5cdr"])
def test_settings_of_recipes_fit_every_kind_of_encoder(tmp_path, recipe, family):
    names = yaml.safe_load((CHECKOUT / "recipes" / f"{recipe}.yaml").read_text())["encoder_settings"]
    AutoModel.from_config(encoder_config(family, vocab_size=len(tiny_tokenizer()))).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    model, _ = model_from_encoder(tmp_path, encoder_settings=dict.fromkeys(names, 0.25), **ROOM)
    found = model.config.encoder_config.to_dict()
    name = "attention_dropout" if family in ("distilbert", "modernbert") else "attention_probs_dropout_prob"
    assert {key: value for key, value in found.items() if "attention" in key and "dropout" in key} == {name: 0.25}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=["bf16", "fp16"])
@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_checkpoint_of_half_precision_starts_a_model_in_float32(trained, tmp_path, form, dtype):
    model, tokenizer = model_from_encoder(trained[form], pair_encoding=form, **ROOM)
    model.to(dtype).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    again, _ = model_from_encoder(tmp_path, pair_encoding=form, **ROOM)
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path)
    found = [{each.dtype for each in every.parameters()} for every in (again, loaded)]
    assert found == [{torch.float32}, {dtype}]
    fresh = BioDirForRelationExtraction(loaded.config)
    assert {each.dtype for each in fresh.parameters()} == {torch.float32}


def test_checkpoint_runs_no_code_of_the_folder(trained, monkeypatch):
    asked = []
    monkeypatch.setattr("builtins.input", lambda question="": asked.append(question) or "n")
    model_from_encoder(trained["pairwise"], **ROOM)
    assert asked == []


# --- from the folder of BioREx: a classifier in an old pickle, with tags in its vocabulary


class _Unsafe:
    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return Path, (self.path,)


@pytest.fixture
def biorex(tmp_path) -> Path:
    """A folder with a classifier over an encoder, without safetensors and tokenizer.json, as older programs save."""
    folder = save_released(tmp_path / "biorex_biolinkbert_pt")
    (folder / "out_bioredirect_model.pth").unlink()
    classifier = widened(BertForSequenceClassification(BertConfig.from_pretrained(folder)))
    torch.save(classifier.state_dict(), folder / "pytorch_model.bin")
    return folder


def test_encoder_of_biorex_keeps_its_weights_and_its_tags(biorex):
    saved = torch.load(biorex / "pytorch_model.bin", weights_only=True)
    model, tokenizer = model_from_encoder(biorex)
    assert torch.equal(model.get_input_embeddings().weight, saved["bert.embeddings.word_embeddings.weight"])
    assert len(tokenizer) == len(saved["bert.embeddings.word_embeddings.weight"])
    for head in model.heads.values():
        assert torch.equal(head.dense.weight, saved["bert.pooler.dense.weight"])


@pytest.mark.parametrize("damage", ["unsafe", "cut", "empty", "older and cut"])
def test_old_pickle_that_holds_more_than_tensors_or_is_damaged_is_refused(biorex, damage):
    path = biorex / "pytorch_model.bin"
    if damage == "unsafe":
        torch.save({"a": _Unsafe(biorex)}, path)
    elif damage == "older and cut":
        torch.save({}, path, _use_new_zipfile_serialization=False)
        path.write_bytes(path.read_bytes()[:55])  # inside a number of four bytes
    else:
        path.write_bytes(path.read_bytes()[: 2000 if damage == "cut" else 0])
    message = r"biorex_biolinkbert_pt: the weights cannot be read as tensors \(.*\); get the files again, or save"
    with pytest.raises(CheckpointError, match=message):
        model_from_encoder(biorex)


def test_released_weights_start_a_pairwise_model_with_new_heads(tmp_path, caplog):
    import_released(save_released(tmp_path / "source"), tmp_path / "imported")
    model, _ = model_from_encoder(tmp_path / "imported")
    encoder = load_file(tmp_path / "imported" / "model.safetensors")
    name = "encoder.embeddings.word_embeddings.weight"
    assert torch.equal(model.state_dict()[name], encoder[name])
    assert model.config.pair_encoding == "pairwise"
    assert "has no fitting heads.relation" in caplog.text
