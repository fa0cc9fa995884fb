"""The model takes the inputs of its form, is saved and loaded completely, and runs in any precision."""

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from transformers import modeling_utils
from transformers.utils import PushToHubMixin

from biodir import modeling_pairwise_biodir
from biodir.configuration_biodir import PAIR_ENCODINGS
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.modeling_pairwise_biodir import encode_rows
from biodir.training.initialization import model_from_encoder
from helpers.checkout import CHECKOUT
from helpers.tiny_models import (
    FAMILIES,
    MAX_TOKENS,
    ONE_RELATION,
    POOLINGS,
    ROOM,
    assert_close,
    gradients_of,
    inputs_of_pairs,
    logits_of,
    loss_of,
    random_pairs,
    rewrite_weights,
    save_encoder,
    tiny_config,
    tiny_model,
)

BERT_ATTENTION = "encoder.encoder.layer.0.attention"


HUB_FILES = sorted(path.name for path in CHECKOUT.glob("*_biodir.py"))


# --- inputs that are missing


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict:
    """Form -> a model with its tokenizer."""
    encoder = save_encoder(tmp_path_factory.mktemp("encoder"), max_position_embeddings=128)
    return {form: model_from_encoder(encoder, pair_encoding=form, **ROOM) for form in PAIR_ENCODINGS}


def test_inputs_of_the_other_form_are_refused(models):
    (pairwise, tokenizer), (document, _) = models["pairwise"], models["document"]
    with pytest.raises(SettingError, match=r"^inputs of the pairwise form: task_positions missing"):
        pairwise(**inputs_of_pairs(document, tokenizer))
    with pytest.raises(SettingError, match=r"^inputs of the document form: mention_windows, "):
        document(**inputs_of_pairs(pairwise, tokenizer))
    with pytest.raises(SettingError, match=r"^inputs of the pairwise form: token_ids unknown"):
        pairwise(**inputs_of_pairs(pairwise, tokenizer), token_ids=torch.zeros(1))


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_arrays_and_tensors_give_the_same_logits(models, form):
    model, tokenizer = models[form]
    arrays = inputs_of_pairs(model.eval(), tokenizer)
    tensors = {name: torch.from_numpy(values) for name, values in arrays.items()}
    assert torch.equal(model(**arrays).relation_logits, model(**tensors).relation_logits)


# --- saving and loading


# --- vectors of corpora


@pytest.fixture(scope="module")
def with_vectors(tmp_path_factory) -> dict:
    """Form -> a model with vectors of two corpora, and inputs of two pairs."""
    encoder = save_encoder(tmp_path_factory.mktemp("encoder"), max_position_embeddings=128)
    found = {}
    for form in PAIR_ENCODINGS:
        model, tokenizer = model_from_encoder(encoder, pair_encoding=form, corpus_labels=["a", "b"], **ROOM)
        found[form] = model.eval(), inputs_of_pairs(model, tokenizer)
    return found


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_vector_of_a_corpus_changes_its_pairs_and_no_prediction(with_vectors, form):
    model, inputs = with_vectors[form]
    pairs = len(inputs["pair_type_ids"])
    plain = model(**inputs).relation_logits
    assert torch.equal(model(**inputs, corpus_ids=[2] * pairs).relation_logits, plain)  # zeros at first
    with torch.no_grad():
        model.corpus_vectors.weight[2] = 1.0
    assert torch.equal(model(**inputs).relation_logits, plain)
    assert torch.equal(model(**inputs, corpus_ids=[0] * pairs).relation_logits, plain)
    changed = model(**inputs, corpus_ids=[2, *[0] * (pairs - 1)]).relation_logits
    assert (changed[0] - plain[0]).abs().min() > 0
    assert torch.equal(changed[1:], plain[1:])


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_corpora_that_the_model_is_for_have_no_vector_that_could_learn(with_vectors, form):
    model, inputs = with_vectors[form]
    pairs = len(inputs["pair_type_ids"])
    model(**inputs, corpus_ids=[0, *[1] * (pairs - 1)]).relation_logits.sum().backward()
    gradient = model.corpus_vectors.weight.grad
    assert [row.abs().sum().item() > 0 for row in gradient] == [False, pairs > 1, False]
    model.zero_grad()


def test_model_without_names_of_corpora_has_no_vectors(models):
    assert all(model.corpus_vectors is None for model, _ in models.values())
    assert not any("corpus" in name for name in models["document"][0].state_dict())


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


def test_saved_weights_can_be_read_by_those_who_can_read_the_configuration(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    modes = [(tmp_path / name).stat().st_mode for name in ("model.safetensors", "config.json")]
    assert modes[0] == modes[1]


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


@pytest.mark.parametrize("loaded_first", [False, True])
def test_saved_folder_does_not_name_the_folder_of_the_encoder(tmp_path, loaded_first):
    model, _ = model_from_encoder(save_encoder(tmp_path / "encoder"), max_tokens=MAX_TOKENS)
    if loaded_first:
        model.save_pretrained(tmp_path / "first")
        model = BioDirForRelationExtraction.from_pretrained(tmp_path / "first")
    model.save_pretrained(tmp_path / "last")
    assert str(tmp_path) not in (tmp_path / "last" / "config.json").read_text()


def test_saving_into_the_checkout_keeps_its_code(tmp_path, monkeypatch):
    checkout = tmp_path / "checkout_copy"
    checkout.mkdir()
    for name in HUB_FILES:
        (checkout / name).write_bytes((CHECKOUT / name).read_bytes())
    monkeypatch.syspath_prepend(tmp_path)
    modeling = importlib.import_module("checkout_copy.modeling_biodir")
    try:
        model = modeling.BioDirForRelationExtraction(tiny_config()).eval()
        with pytest.raises(ValueError, match="checkout_copy is the folder of biodir's code, which push_to_hub=True"):
            model.save_pretrained(checkout, push_to_hub=True)
        model.save_pretrained(checkout)
        loaded = modeling.BioDirForRelationExtraction.from_pretrained(checkout)
        pairs = random_pairs(model.config)
        assert torch.equal(logits_of(loaded, *pairs), logits_of(model, *pairs))
    finally:
        for name in [name for name in sys.modules if name.startswith("checkout_copy")]:
            del sys.modules[name]
    assert sorted(path.name for path in checkout.iterdir() if path.name != "__pycache__") == sorted(
        [*HUB_FILES, "config.json", "model.safetensors"]
    )
    for name in HUB_FILES:
        assert (checkout / name).read_bytes() == (CHECKOUT / name).read_bytes()


def test_upload_while_saving_has_the_code_of_the_pipeline(tmp_path, monkeypatch):
    api, uploaded = SimpleNamespace(create_repo=lambda *args, **given: SimpleNamespace(repo_id="a/b")), []
    monkeypatch.setattr(modeling_utils, "hf_api", lambda: api, raising=False)
    monkeypatch.setattr(modeling_utils, "create_repo", api.create_repo, raising=False)  # before there was `hf_api`
    card = SimpleNamespace(save=lambda path: Path(path).touch())
    monkeypatch.setattr(modeling_utils, "create_and_tag_model_card", lambda *args, **given: card)
    upload = lambda self, folder, *args, **given: uploaded.extend(path.name for path in Path(folder).iterdir())  # noqa: E731
    monkeypatch.setattr(PushToHubMixin, "_upload_modified_files", upload)
    tiny_model().save_pretrained(tmp_path, push_to_hub=True)
    tiny_model().save_pretrained(tmp_path / "local")
    assert set(uploaded) == {path.name for path in (tmp_path / "local").iterdir()} | {"README.md"}
    assert "pipeline_biodir.py" in uploaded


def test_only_the_main_process_saves_the_code_of_the_pipeline(tmp_path):
    # The code of the model is transformers' affair: before 5.8 every process saves it.
    tiny_model().save_pretrained(tmp_path, is_main_process=False)
    assert not (tmp_path / "pipeline_biodir.py").exists()


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda weights: weights.pop("heads.relation.dense.weight"), {}, r"1 missing keys .*heads\.relation\.dense"),
        (lambda weights: weights.update(new=torch.zeros(2)), {}, r"1 unexpected keys .*new"),
        (dict.copy, {"novelty_labels": ["None", "Novel"]}, r"heads\.novelty\.classifier\.weight.*3, 32.*2, 32"),
        (dict.copy, {"novelty_labels": []}, r"unexpected keys .*heads\.novelty\.classifier\.bias"),
    ],
    ids=["missing", "left over", "other shape", "other heads"],
)
def test_weights_that_do_not_fit_are_named(tmp_path, change, settings, message):
    tiny_model().save_pretrained(tmp_path)
    rewrite_weights(tmp_path, change)
    rewrite_config(tmp_path, **settings)
    with pytest.raises(CheckpointError, match=message):
        BioDirForRelationExtraction.from_pretrained(tmp_path)


def test_weights_of_another_shape_are_re_initialized_on_demand(tmp_path):
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


def test_pickled_weights_are_not_loaded(tmp_path):
    model = tiny_model()
    model.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match=r"model\.safetensors"):
        BioDirForRelationExtraction.from_pretrained(tmp_path)


# --- attention code, precision, memory, compilation


@pytest.mark.parametrize("family", FAMILIES)
def test_attention_code_changes_no_score(tmp_path, family):
    model = tiny_model(family)
    pairs = random_pairs(model.config)
    model.save_pretrained(tmp_path)
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path, attn_implementation="eager")
    assert loaded.encoder.config._attn_implementation == "eager"
    assert_close(logits_of(loaded, *pairs), logits_of(model, *pairs))
    loaded.set_attn_implementation("sdpa")
    has_sdpa = family not in ("mpnet", "deberta-v2")
    if family != "modernbert":  # which keeps eager in transformers 5.4
        assert loaded.encoder.config._attn_implementation == ("sdpa" if has_sdpa else "eager")
    assert_close(logits_of(loaded, *pairs), logits_of(model, *pairs))


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
    model.gradient_checkpointing_enable()
    checkpointed = gradients_of(model, pairs, labels)
    assert len(calls) == 2  # forward, then once more for the gradient
    assert torch.equal(loss_of(model, pairs, labels), plain_loss)
    for name, gradient in plain.items():
        assert_close(checkpointed[name], gradient, 1e-6)
    model.gradient_checkpointing_disable()
    calls.clear()
    gradients_of(model, pairs, labels)
    assert len(calls) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_encoding_compiles_into_one_graph_for_all_lengths(family, monkeypatch):
    model = tiny_model(family)
    graphs = []

    def counting_backend(graph, _):
        graphs.append(graph)
        return graph.forward

    pairs = random_pairs(model.config)
    plain = logits_of(model, *pairs)
    torch.compiler.reset()
    compiled = torch.compile(encode_rows, fullgraph=True, dynamic=True, backend=counting_backend)
    monkeypatch.setattr(modeling_pairwise_biodir, "encode_rows", compiled)
    model.config.token_budget = 100  # two rows of 40 tokens, four of 25, three of 13
    assert_close(logits_of(model, *pairs), plain)
    assert len(graphs) == 1
