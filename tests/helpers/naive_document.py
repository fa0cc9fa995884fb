"""The document form by plain loops: each pair by itself, rows with a full mask, the encoder's own attention."""

import copy

import torch
from torch import Tensor
from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position

from biodir.modeling_heads_biodir import PairStates
from biodir.processing_document_biodir import DocumentFeatures
from helpers.document_models import OFFSET_FAMILIES, naive_head


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


def naive_closest(texts, features: DocumentFeatures, keys) -> Tensor:
    """(3, hidden): states of the closest mentions in a window, and the mean from one to the other."""
    found = [
        (abs(one.position - other.position), one.window, one.position, other.position)
        for one in features.markers
        for other in features.markers
        if (one.entity, other.entity, one.window) == (*keys, other.window)
    ]
    if not found:
        return torch.zeros(3, texts[0][0].shape[-1])
    _, window, one, other = min(found)
    states = texts[window][0]
    return torch.stack([states[one], states[other], states[min(one, other) : max(one, other) + 1].mean(dim=0)])


def naive_pair(model, features: DocumentFeatures, scored) -> Tensor:
    """(labels of all tasks,) of one pair."""
    texts = list(naive_text(model, features))
    keys = [(entity.identifier, entity.entity_type) for entity in (scored.pair.entity1, scored.pair.entity2)]
    (state1, attention1), (state2, attention2) = (naive_entity(texts, features, key) for key in keys)
    context = naive_context(texts, attention1, attention2)
    prompt = None if model.soft_prompt is None else naive_prompt(model, features, scored)[None]
    closest = naive_closest(texts, features, keys)[None] if model.config.closest_mentions else None
    pair = torch.stack([state1, state2]), torch.tensor([[0, 1]])
    states = PairStates(*pair, context[None], prompt, closest=closest)
    return torch.cat([naive_head(head, states)[0] for head in model.heads.values()])


def naive_logits(model, features) -> Tensor:
    """(batch, labels of all tasks)"""
    return torch.stack([naive_pair(model, found, scored) for found in features for scored in found.pairs])


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
