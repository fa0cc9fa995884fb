"""One pass over the text gives what plain loops over single pairs give, however the pairs are batched."""

import copy
import math

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from transformers import AlbertConfig
from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position

from biodir import modeling_biodir, modeling_document_biodir, processing_document_biodir
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
from biodir.modeling_heads_biodir import PairStates
from biodir.processing_biodir import make_processor
from biodir.processing_document_biodir import DocumentFeatures
from helpers.document_models import (
    DOCUMENTS,
    NARROW,
    OFFSET_FAMILIES,
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
    naive_head,
    some_labels,
)
from helpers.marked import marked_document, word_piece_tokenizer
from helpers.tiny_models import tiny_config

# --- naive: each pair by itself, in rows with a full mask, through the encoder's own attention


def eager(model):
    """A copy of the model whose encoder attends as its own code says."""
    model = copy.deepcopy(model)
    model.encoder.config._attn_implementation = "eager"
    return model


def run_eagerly(model, embeddings: Tensor, positions: list[int], mask: Tensor):
    """The encoder's output for one row; mask (tokens, tokens), minus infinity where a token does not see another."""
    encoder, config, kind = model.encoder, model.encoder.config, model.encoder.config.model_type
    first = {"mpnet": 2}.get(kind, config.pad_token_id + 1 if kind in OFFSET_FAMILIES else 0)
    places = torch.tensor([positions])
    far = places[0][:, None] - places[0]  # (tokens, tokens)
    inputs = {"inputs_embeds": embeddings[None], "position_ids": places + first, "output_attentions": True}
    if kind == "modernbert":
        local = mask.masked_fill(far.abs() > config.sliding_window, -torch.inf)
        inputs["attention_mask"] = {"full_attention": mask[None, None], "sliding_attention": local[None, None]}
        return encoder(**inputs)
    if kind in ("mpnet", "deberta-v2"):  # whose encoders count positions by the places of a row
        states = encoder.embeddings(inputs_embeds=embeddings[None], position_ids=places + first)
    if kind == "mpnet":
        bias = encoder.encoder.relative_attention_bias(encoder.encoder.relative_position_bucket(-far))
        encoder.encoder.compute_position_bias = lambda *_: bias.movedim(-1, 0)[None]  # instead of that of the row
        return encoder.encoder(states, mask[None, None], output_attentions=True, return_dict=True)
    if kind == "deberta-v2":
        far = make_log_bucket_position(far, config.position_buckets, config.max_position_embeddings)[None]
        return encoder.encoder(states, mask[None] == 0, relative_pos=far, output_attentions=True)
    return encoder(**inputs, attention_mask=mask[None, None])


def evidence_attention(model, attentions) -> Tensor:
    """(heads, tokens, tokens): of the last layer that is not local."""
    kinds = getattr(model.encoder.config, "layer_types", None) or ["full_attention"] * len(attentions)
    return [found for kind, found in zip(kinds, attentions, strict=True) if kind == "full_attention"][-1][0]


def naive_row(model, text, scored):
    """The encoder's output for [text | soft prompt] of one pair."""
    prompt = model.soft_prompt.vectors[scored.pair.pair_type_id]
    embeddings = torch.cat([model.get_input_embeddings()(torch.tensor(text)), prompt])
    mask = torch.zeros(len(embeddings), len(embeddings))
    mask[: len(text), len(text) :] = -torch.inf
    return run_eagerly(model, embeddings, [*range(len(text)), *[0] * len(prompt)], mask)


def naive_text(model, features: DocumentFeatures):
    """States (tokens, hidden) and attention (heads, tokens, tokens) of each window by itself."""
    for row in features.rows:
        embeddings = model.get_input_embeddings()(torch.tensor(row))
        output = run_eagerly(model, embeddings, list(range(len(row))), torch.zeros(len(row), len(row)))
        yield output.last_hidden_state[0], evidence_attention(model, output.attentions)


def naive_entity(texts, features: DocumentFeatures, key) -> tuple[Tensor, list[Tensor]]:
    """The entity's state (hidden,), and for each window what it attends to there, (heads, tokens)."""
    mentions = [mention for mention in features.markers if mention.entity == key]
    total = sum(texts[mention.window][0][mention.position].exp() for mention in mentions)
    attention = []
    for number, (_, weights) in enumerate(texts):
        here = [weights[:, mention.position] for mention in mentions if mention.window == number]
        attention.append(sum(here) / len(mentions) if here else torch.zeros_like(weights[:, 0]))
    return total.log(), attention


def naive_context(texts, attention1, attention2) -> Tensor:
    """(hidden,): the states weighed by the attention of both entities; zeros where they share no window."""
    total, weighed = 0.0, torch.zeros_like(texts[0][0][0])
    for (states, _), one, other in zip(texts, attention1, attention2, strict=True):
        for place, state in enumerate(states):
            weight = sum(one[head, place] * other[head, place] for head in range(len(one)))
            total, weighed = total + weight, weighed + weight * state
    return weighed / total if total > 0 else weighed


def naive_prompt(model, features: DocumentFeatures, scored) -> Tensor:
    """(hidden,): the mean state of the pair's soft prompt over windows and tokens."""
    found = []
    for window in scored.windows:
        text = features.rows[window]
        found += naive_row(model, text, scored).last_hidden_state[0][len(text) :]
    return sum(found) / len(found)


def naive_pair(model, features: DocumentFeatures, scored) -> Tensor:
    """(labels of all tasks,) of one pair."""
    texts = list(naive_text(model, features))
    keys = [(entity.identifier, entity.entity_type) for entity in (scored.pair.entity1, scored.pair.entity2)]
    (state1, attention1), (state2, attention2) = (naive_entity(texts, features, key) for key in keys)
    context = naive_context(texts, attention1, attention2)
    prompt = None if model.soft_prompt is None else naive_prompt(model, features, scored)[None]
    states = PairStates(torch.stack([state1, state2]), torch.tensor([[0, 1]]), context[None], prompt)
    return torch.cat([naive_head(head, states)[0] for head in model.heads.values()])


def naive_logits(model, features) -> Tensor:
    """(batch, labels of all tasks)"""
    return torch.stack([naive_pair(model, found, scored) for found in features for scored in found.pairs])


@each_width
@pytest.mark.parametrize("prompt_tokens", [3, 0], ids=["soft prompt", "no soft prompt"])
def test_logits_and_gradients_equal_a_naive_implementation(sizes, prompt_tokens):
    model, processor = model_and_processor(soft_prompt_tokens=prompt_tokens, **sizes)
    features = features_of(processor, *DOCUMENTS)
    naive = eager(model)
    found, expected = logits_with_gradient(model, processor, features), naive_logits(naive, features)
    assert_close(found, expected)
    gradients, naive_gradients = gradients_of(model, found), gradients_of(naive, expected)
    for name, gradient in gradients.items():
        # Truly the bias of a key changes nothing: what its gradient holds is the rounding of that of its weight.
        weight = naive_gradients.get(name.replace(".bias", ".weight"), gradient)
        assert_close(gradient, naive_gradients[name], scale=weight.abs().max().item())


def naive_evidence(model, features: DocumentFeatures, scored, sep_id: int) -> float:
    """The share of the context in the sentences of the pair's closest mentions, window by window."""
    keys = [(entity.identifier, entity.entity_type) for entity in (scored.pair.entity1, scored.pair.entity2)]
    texts = list(naive_text(model, features))
    (_, attention1), (_, attention2) = (naive_entity(texts, features, key) for key in keys)
    total = supported = 0.0
    for number, row in enumerate(features.rows):
        sentence_of = [row[:place].count(sep_id) for place in range(len(row))]
        sides = [
            [each.position for each in features.markers if (each.entity, each.window) == (key, number)] for key in keys
        ]
        pairs = [(abs(one - other), one, other) for one in sides[0] for other in sides[1]]
        evidence = {sentence_of[place] for place in min(pairs)[1:]} if pairs else set()
        weights = (attention1[number] * attention2[number]).sum(dim=0).tolist()
        total += sum(weights)
        supported += sum(weight for weight, sentence in zip(weights, sentence_of, strict=True) if sentence in evidence)
    return supported / total if total else 0.0


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


@pytest.mark.parametrize("family", PACKABLE_ENCODERS)
def test_every_packable_encoder_equals_a_naive_implementation(family):
    model, processor = model_and_processor(family, **NARROW)
    features = features_of(processor, TEXT, OTHER)
    with torch.no_grad():
        assert_close(logits_of(model, processor, features), naive_logits(eager(model), features))


def test_entities_with_windows_between_them_equal_a_naive_implementation():
    # The window in the middle shows no mention; both entities have mentions in windows in which the other has none.
    words = "it binds " * 12
    document = marked_document(f"<C:C1 iron> {words}<D:D1 pain> and <C:C1 iron> {words}{words}<D:D1 pain> <G:G1 it>")
    model, processor = model_and_processor(**NARROW)
    features = features_of(processor, document, OTHER)
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
    model, processor = model_and_processor(family, **sizes)
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
    model, processor = model_and_processor(family, **NARROW)
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
    model, processor = model_and_processor(family, **NARROW)
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


# --- memory


@pytest.mark.parametrize("token_budget", [1, 60, 200])
def test_windows_are_read_in_passes_of_the_token_budget_without_a_change_of_scores(token_budget):
    model, processor = model_and_processor(**NARROW)
    features = features_of(processor, *DOCUMENTS)
    expected = logits_of(model, processor, features)
    passes = []
    model.encoder.register_forward_pre_hook(
        lambda _, args, inputs: passes.append((len(inputs["layout"].windows), inputs["inputs_embeds"].shape[1])),
        with_kwargs=True,
    )
    model.config.token_budget = token_budget
    assert_close(logits_of(model, processor, features), expected)
    assert sum(windows for windows, _ in passes) == sum(len(found.rows) for found in features)
    assert all(tokens <= token_budget or windows == 1 for windows, tokens in passes)
    assert token_budget == 1 or any(windows > 1 for windows, _ in passes)


@pytest.mark.parametrize("pairs_of_heads", [1, 4])
def test_number_of_pairs_that_heads_compute_at_once_changes_no_score(monkeypatch, pairs_of_heads):
    for prompt_tokens in (0, 3):
        model, processor = model_and_processor(soft_prompt_tokens=prompt_tokens, **NARROW)
        features = features_of(processor, *DOCUMENTS)
        expected = logits_of(model, processor, features)
        with monkeypatch.context() as patched:
            patched.setattr(modeling_biodir, "PAIRS_OF_HEADS", pairs_of_heads)
            assert_close(logits_of(model, processor, features), expected)


def test_long_text_is_read_for_more_pairs_at_once(monkeypatch):
    _, processor = model_and_processor(**NARROW)
    monkeypatch.setattr(processing_document_biodir, "PAIRS_PER_PASS", 2)
    first, *_ = features_of(processor, TEXT)
    assert len(first.pairs) == len(processor.tokenize(TEXT).token_ids) // 2 > 2


def test_largest_tensor_does_not_grow_with_text_and_entities_at_once():
    model, processor = model_and_processor(**NARROW)
    model.config.token_budget = 100
    largest = []
    for copies in (10, 40):
        text = "it binds it . " * 4
        document = marked_document(" ".join(f"<C:C{number} iron> {text}" for number in range(copies)))
        [features] = features_of(processor, document)
        some = features.select(range(0, len(features.pairs), len(features.pairs) // 20))
        with _LargestTensor() as watched:
            logits_of(model, processor, [some])
        largest.append(watched.numbers)
    assert largest[1] <= largest[0]


class _LargestTensor(TorchFunctionMode):
    """Counts the numbers of the largest tensor that torch returns."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        if isinstance(found, Tensor) and not isinstance(found, torch.nn.Parameter) and found.is_floating_point():
            self.numbers = max(self.numbers, found.numel())
        return found
