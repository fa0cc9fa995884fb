"""One pass over the text gives what plain loops over single pairs give, however the pairs are batched."""

import math

import pytest
import torch
from torch import Tensor
from transformers import AlbertConfig

from biodir import modeling_document_biodir, processing_document_biodir
from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document, Mention
from biodir.errors_biodir import SettingError
from biodir.labels_biodir import CHEMICAL, GENE
from biodir.modeling_attention_biodir import PACKABLE_ENCODERS, PACKED_ATTENTION, PositionScores
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.modeling_document_biodir import (
    DocumentInputs,
    document_states,
    entity_states,
    mention_attention,
    pair_contexts,
)
from biodir.processing_biodir import make_processor
from helpers.document_models import (
    APART,
    CLOSER,
    DOCUMENTS,
    NARROW,
    OTHER,
    OTHER_KINDS,
    TEXT,
    assert_close,
    each_width,
    features_of,
    gradients_of,
    logits_of,
    logits_with_gradient,
    loss_of,
    model_and_processor,
    some_labels,
)
from helpers.marked import marked_document, word_piece_tokenizer
from helpers.naive_document import eager, naive_evidence, naive_logits
from helpers.tiny_models import tiny_config

# --- each pair by itself


@each_width
@pytest.mark.parametrize(
    "settings",
    [{}, {"soft_prompt_tokens": 0}, {"closest_mentions": True}],
    ids=["soft prompt", "no soft prompt", "closest mentions"],
)
def test_logits_and_gradients_equal_a_naive_implementation(sizes, settings):
    model, processor = model_and_processor(**settings, **sizes)
    features = features_of(processor, *DOCUMENTS)
    naive = eager(model)
    found, expected = logits_with_gradient(model, processor, features), naive_logits(naive, features)
    assert_close(found, expected)
    gradients, naive_gradients = gradients_of(model, found), gradients_of(naive, expected)
    for name, gradient in gradients.items():
        # Truly the bias of a key changes nothing: what its gradient holds is the rounding of that of its weight.
        weight = naive_gradients.get(name.replace(".bias", ".weight"), gradient)
        assert_close(gradient, naive_gradients[name], scale=weight.abs().max().item())


@each_width
def test_share_of_the_evidence_equals_a_naive_implementation(sizes):
    model, processor = model_and_processor(**sizes)
    features = features_of(processor, *DOCUMENTS)
    inputs = DocumentInputs(**{name: torch.as_tensor(value) for name, value in processor.collate(features).items()})
    naive = eager(model)
    with torch.no_grad():
        found = document_states(model.encoder, model.soft_prompt.vectors, inputs, 4096, with_evidence=True).evidence
        expected = [naive_evidence(naive, each, scored, processor.sep_id) for each in features for scored in each.pairs]
    assert_close(found, torch.tensor(expected))
    assert min(expected) < 0.9
    assert document_states(model.encoder, model.soft_prompt.vectors, inputs, 4096).evidence is None


def test_evidence_guides_the_context_in_training_only():
    model, processor = model_and_processor(evidence_weight=2.0)
    features = features_of(processor, TEXT)
    labels = some_labels(features)
    without = loss_of(model, processor, features, labels)
    model.train()
    model.config.evidence_weight = 0.0
    plain = loss_of(model, processor, features, labels)
    model.config.evidence_weight = 2.0
    guided = loss_of(model, processor, features, labels)
    assert_close(plain, without)
    assert guided > plain + 0.01
    (query,) = (
        value
        for name, value in model.encoder.named_parameters()
        if name.endswith("layer.1.attention.self.query.weight")
    )
    gradients = [torch.autograd.grad(loss, query)[0] for loss in (plain, guided)]
    assert not torch.allclose(*gradients)


@pytest.mark.parametrize(
    ("document", "windows", "mentions"),
    [
        (marked_document("<C:C1 iron> binds it <D:D1 pain> it <C:C1 iron> binds it."), [0, 0, 0], [1, 2]),
        (marked_document("<C:C1 iron> binds it <D:D1 pain> binds it <C:C1 iron>."), [0, 0, 0], [0, 2]),
        (CLOSER, [0, 0, 1, 1], [2, 3]),
    ],
    ids=["one window", "equal distances", "a later window"],
)
def test_closest_mentions_are_the_first_of_those_with_the_least_distance(document, windows, mentions):
    model, processor = model_and_processor(closest_mentions=True, **NARROW)
    features = features_of(processor, document)
    assert [marker.window for marker in features[0].markers] == windows
    inputs = DocumentInputs(**{name: torch.as_tensor(value) for name, value in processor.collate(features).items()})
    wanted = {"with_mentions": True, "with_closest": True}
    with torch.no_grad():
        states = document_states(model.encoder, model.soft_prompt.vectors, inputs, 4096, **wanted)
    assert torch.equal(states.closest[0, :2], states.mentions[mentions])


@pytest.mark.parametrize("family", PACKABLE_ENCODERS)
def test_every_packable_encoder_equals_a_naive_implementation(family):
    model, processor = model_and_processor(family, **NARROW)
    features = features_of(processor, TEXT, OTHER)
    with torch.no_grad():
        assert_close(logits_of(model, processor, features), naive_logits(eager(model), features))


def test_entities_with_windows_between_them_equal_a_naive_implementation():
    # The window in the middle shows no mention; both entities have mentions in windows in which the other has none.
    model, processor = model_and_processor(closest_mentions=True, **NARROW)
    features = features_of(processor, APART, OTHER)
    windows = [
        {mention.window for mention in features[0].markers if mention.entity[0] == name} for name in ("C1", "D1")
    ]
    assert windows[0] & windows[1]
    assert windows[0] - windows[1]
    assert windows[1] - windows[0]
    assert len(windows[0] | windows[1]) < len(features[0].rows)
    found, expected = logits_with_gradient(model, processor, features), naive_logits(eager(model), features)
    assert_close(found, expected)


def dense_document():
    """One mention of eight tokens in which 28 others lie, so that their tags fill more than any window; and a gene."""
    text = "it it it it it it it it binds iron and cox2 in it."
    spans = [(3 * first, 3 * last + 2) for first in range(8) for last in range(first + 1, 8)]
    genes = [Mention(*span, text[slice(*span)], GENE, (f"G{number}",)) for number, span in enumerate(spans)]
    others = [Mention(30, 34, "iron", CHEMICAL, ("C1",)), Mention(39, 43, "cox2", GENE, ("G99",))]
    return Document("7", text, (*sorted(genes, key=lambda gene: (gene.start_char, -gene.end_char)), *others))


def test_text_that_is_read_without_tags_equals_a_naive_implementation():
    model, processor = model_and_processor(**NARROW)
    features = features_of(processor, dense_document(), OTHER)
    assert len(features[0].pairs) == 30 * 29 // 2
    some = [features[0].select(range(0, len(features[0].pairs), 40)), features[1]]
    with torch.no_grad():
        assert_close(logits_of(model, processor, some), naive_logits(eager(model), some))


def test_documents_of_these_tests_have_the_cases_that_they_are_for():
    _, processor = model_and_processor(**NARROW)
    text, other, one_pair = features_of(processor, *DOCUMENTS)
    assert len(text.rows) > 2
    assert (len(other.rows), len(other.pairs), len(one_pair.pairs)) == (1, 3, 1)
    assert {scored.cross_window for scored in text.pairs} == {True, False}
    assert {len(scored.windows) for scored in text.pairs} >= {1, 2}
    assert len({scored.pair.pair_type_id for scored in text.pairs}) > 4


# --- batching changes no score


@each_width
@pytest.mark.parametrize("family", PACKABLE_ENCODERS)
def test_pair_by_itself_and_among_others_of_several_documents_has_the_same_scores(sizes, family):
    model, processor = model_and_processor(family, **sizes)
    features = features_of(processor, *DOCUMENTS)
    singly = [
        logits_of(model, processor, [found.select([index])]) for found in features for index in range(len(found.pairs))
    ]
    assert_close(logits_of(model, processor, features), torch.cat(singly))


def test_splitting_a_document_with_many_pairs_changes_no_score(monkeypatch):
    model, processor = model_and_processor(**NARROW)
    complete = features_of(processor, TEXT, OTHER)
    monkeypatch.setattr(processing_document_biodir, "PAIRS_PER_PASS", 4)
    monkeypatch.setattr(processing_document_biodir, "PAIRS_PER_TOKEN", 0)
    parts = features_of(processor, TEXT, OTHER)
    assert len(parts) > len(complete) == 2
    expected = logits_of(model, processor, complete)
    assert_close(logits_of(model, processor, parts), expected)
    assert_close(torch.cat([logits_of(model, processor, [part]) for part in parts]), expected)


# --- which tokens attend to which


def test_packed_row_may_be_longer_than_the_positions_of_the_encoder():
    model, processor = model_and_processor()
    features = features_of(processor, *[TEXT] * 4)
    assert sum(found.tokens for found in features) > 2 * model.config.encoder_config.max_position_embeddings
    logits = logits_of(model, processor, features).view(4, len(features[0].pairs), -1)
    assert_close(logits, logits[:1].expand_as(logits))


# --- which encoders


def test_encoder_that_cannot_read_packed_rows_is_refused():
    albert = AlbertConfig(vocab_size=9, hidden_size=8, num_attention_heads=2, intermediate_size=8, embedding_size=8)
    config = BioDirConfig(encoder_config=albert, pair_encoding="document")
    with pytest.raises(SettingError, match=r"^encoders of type 'albert' .* or pair_encoding 'pairwise'$"):
        BioDirForRelationExtraction(config)


def test_pairwise_model_keeps_the_attention_of_its_encoder():
    assert BioDirForRelationExtraction(tiny_config()).encoder.config._attn_implementation != PACKED_ATTENTION


# --- saving, precision, training


@pytest.mark.parametrize("family", ["bert", "roberta", "electra", *OTHER_KINDS])
def test_saved_model_keeps_its_encoding_and_its_scores(tmp_path, family):
    model, processor = model_and_processor(family, **NARROW)
    features = features_of(processor, *DOCUMENTS)
    model.save_pretrained(tmp_path)
    assert PACKED_ATTENTION not in (tmp_path / "config.json").read_text()
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path)
    assert loaded.config.pair_encoding == "document"
    processor = make_processor(word_piece_tokenizer(), loaded.config)
    assert features_of(processor, *DOCUMENTS) == features
    assert torch.equal(logits_of(loaded, processor, features), logits_of(model, processor, features))


@pytest.mark.parametrize(
    ("family", "attention"),
    [("bert", "eager"), ("bert", "sdpa"), ("modernbert", "sdpa"), ("mpnet", "eager"), ("deberta-v2", "eager")],
)
def test_attention_code_of_the_argument_changes_no_score(tmp_path, family, attention):
    model, processor = model_and_processor(family, **NARROW)
    features = features_of(processor, *DOCUMENTS)
    expected = logits_of(model, processor, features)
    model.save_pretrained(tmp_path)
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path, attn_implementation=attention)
    assert_close(logits_of(loaded, processor, features), expected)


@pytest.mark.parametrize("family", ["bert", *OTHER_KINDS])
@each_width
def test_autocast_to_half_precision_stays_near_float32_and_trains(sizes, family):
    model, processor = model_and_processor(family, closest_mentions=True, **sizes)
    features = features_of(processor, *DOCUMENTS)
    reference = logits_of(model, processor, features)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = logits_of(model, processor, features)
        loss = loss_of(model, processor, features, some_labels(features))
    assert (found.float() - reference).abs().max() < 0.08 * reference.abs().max()
    assert loss.isfinite()
    assert loss.dtype == torch.float32
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize("family", ["bert", *OTHER_KINDS])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=["bf16", "fp16"])
def test_model_of_half_precision_stays_near_float32_and_trains(tmp_path, dtype, family):
    model, processor = model_and_processor(family, closest_mentions=True, **NARROW)
    features = features_of(processor, *DOCUMENTS)
    reference = logits_of(model, processor, features)
    model.save_pretrained(tmp_path)
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path, dtype=dtype)
    assert (logits_of(loaded, processor, features).float() - reference).abs().max() < 0.08 * reference.abs().max()
    loss_of(loaded, processor, features, some_labels(features)).backward()
    assert all(parameter.grad.isfinite().all() for parameter in loaded.parameters())


@pytest.mark.parametrize("family", PACKABLE_ENCODERS)
@pytest.mark.parametrize("labels", ["unrelated", "mixed"])
def test_every_parameter_has_a_gradient(family, labels):
    # Training on several devices stops where a parameter has none.
    model, processor = model_and_processor(family, closest_mentions=True, **NARROW)
    features = features_of(processor, *DOCUMENTS)
    found = some_labels(features)
    loss_of(model, processor, features, found if labels == "mixed" else [0] * len(found)).backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []


@each_width
@pytest.mark.parametrize(
    ("family", "part"),
    [
        ("bert", "encoder.encoder.layer.0.attention.output"),
        ("modernbert", "encoder.layers.0.attn"),
        ("mpnet", "encoder.encoder.layer.0.intermediate"),
        ("deberta-v2", "encoder.encoder.layer.0.attention.output"),
    ],
)
def test_gradient_checkpointing_changes_neither_loss_nor_gradients(sizes, family, part):
    model, processor = model_and_processor(family, **sizes)
    features = features_of(processor, *DOCUMENTS)
    model.train()
    plain = gradients_of(model, logits_with_gradient(model, processor, features))
    plain_loss = loss_of(model, processor, features, some_labels(features))
    calls = []
    model.get_submodule(part).register_forward_hook(lambda *_: calls.append(1))
    model.gradient_checkpointing_enable()
    checkpointed = gradients_of(model, logits_with_gradient(model, processor, features))
    assert len(calls) == 2  # forward, then once more for the gradient
    assert torch.equal(loss_of(model, processor, features, some_labels(features)), plain_loss)
    for name, gradient in plain.items():
        assert_close(checkpointed[name], gradient)


# --- the parts: log-sum-exp over mentions, attention of mentions, context of a pair


@pytest.mark.parametrize("scale", [1, 1000], ids=["usual", "without overflow"])
def test_states_and_gradients_of_entities_are_the_log_sum_exp_of_torch(scale):
    states = (scale * torch.randn(5, 3, generator=torch.Generator().manual_seed(1))).requires_grad_()
    found = entity_states(states, torch.tensor([0, 1, 0, 0, 1]), 2)
    expected = torch.stack([states[[0, 2, 3]].logsumexp(dim=0), states[[1, 4]].logsumexp(dim=0)])
    assert_close(found, expected, scale)
    weights = torch.arange(6.0).view(2, 3)
    assert_close(*[torch.autograd.grad((part * weights).sum(), states)[0] for part in (found, expected)])


def test_half_precision_is_computed_in_float32():
    found = entity_states(torch.zeros(300, 1, dtype=torch.bfloat16), torch.zeros(300, dtype=torch.long), 1)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(math.log(300))
    half = torch.zeros(1, 1, 3, dtype=torch.bfloat16)
    assert mention_attention(half, half, PositionScores(), torch.zeros(1, dtype=torch.long)).dtype == torch.float32


def test_mention_attends_to_its_window_by_the_softmax_of_query_and_key():
    query = torch.tensor([[[1.0], [0.0]], [[0.0], [2.0]]])  # (heads, mentions, head_size)
    key = torch.tensor(
        [[[math.log(2)], [0.0], [math.log(2)]], [[math.log(2)], [0.0], [0.0]]]
    )  # (heads, tokens, head_size)
    thirds = [1 / 3] * 3
    positions, scores = torch.tensor([0, 2]), PositionScores()
    expected = Tensor([[[0.4, 0.2, 0.4], thirds], [thirds, [4 / 6, 1 / 6, 1 / 6]]])
    assert_close(mention_attention(query, key, scores, positions), expected)
    assert mention_attention(query[:, :0], key, scores, positions[:0]).shape == (2, 0, 3)


def test_context_weighs_the_text_by_the_attention_of_both_summed_over_heads():
    # Products of the heads: 0.06 and 0.28 on the first token, 0.56 and 0.18 on the second.
    attention = torch.tensor([[[0.2, 0.8], [0.3, 0.7]], [[0.7, 0.3], [0.4, 0.6]]])  # (heads, entities, tokens)
    states = torch.tensor([[1.0, 0.0], [0.0, 10.0]])
    first = 0.34 / 1.08
    weighed, totals = pair_contexts(attention, torch.tensor([[0, 1], [1, 0]]), states)
    assert_close(totals, Tensor([1.08] * 2))
    assert_close(weighed / totals[:, None], Tensor([[first, 10 * (1 - first)]] * 2))


def test_entities_that_share_no_window_have_no_context_and_finite_gradients():
    model, processor = model_and_processor(**NARROW)
    features = features_of(processor, TEXT)
    [found] = [[place for place, scored in enumerate(one.pairs) if scored.cross_window] for one in features]
    inputs = {name: torch.as_tensor(each) for name, each in processor.collate(features).items()}
    states = document_states(model.encoder, model.soft_prompt.vectors, DocumentInputs(**inputs), 4096)
    assert found
    assert torch.equal(states.contexts.any(dim=1).logical_not().nonzero()[:, 0], torch.tensor(found))
    states.contexts.sum().backward()
    assert all(each.grad is None or each.grad.isfinite().all() for each in model.parameters())


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_number_of_pairs_at_once_changes_no_context(monkeypatch, at_once):
    attention = torch.rand(2, 4, 9, generator=torch.Generator().manual_seed(1)).softmax(dim=-1)
    states = torch.randn(9, 5, generator=torch.Generator().manual_seed(2))
    pairs = torch.tensor([[one, other] for one in range(4) for other in range(4)])
    expected = pair_contexts(attention, pairs, states)
    monkeypatch.setattr(modeling_document_biodir, "PAIRS_AT_ONCE", at_once)
    for found, each in zip(pair_contexts(attention, pairs, states), expected, strict=True):
        assert_close(found, each)
