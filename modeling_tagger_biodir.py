"""The tagger of mentions: a label for each word of a plain text, over the encoder that reads the relations, too.

Devlin et al. 2019, section 5.3: the first sub-word represents a word. Differs: the upper layers may be the tagger's
own, so that a trained model of relations learns to find mentions and keeps every score.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .configuration_biodir import BioDirConfig
from .errors_biodir import SettingError
from .modeling_attention_biodir import PACKED_ATTENTION, encode_packed, packed_layout
from .modeling_pairwise_biodir import window_groups


@dataclass(frozen=True)
class TaggerInputs:
    """Inputs of the tagger, as `TaggerProcessor.collate` makes them.

    Args:
        input_ids: (windows, tokens)
        attention_mask: (windows, tokens), ones first.
        word_windows: (words,) rows of `input_ids`.
        word_positions: (words,) place of the first sub-word in that row.

    >>> ids = torch.tensor([[2, 7, 8, 3]])
    >>> inputs = TaggerInputs(ids, torch.ones_like(ids), torch.tensor([0, 0]), torch.tensor([1, 2]))
    >>> inputs.input_ids[inputs.word_windows, inputs.word_positions]
    tensor([7, 8])
    """

    input_ids: Tensor
    attention_mask: Tensor
    word_windows: Tensor
    word_positions: Tensor


class Tagger(nn.Module):
    """The head of the tagger, and the upper encoder layers of its own.

    Args:
        config: of the model.
        encoder: of the model; its upper layers are copied where the tagger owns any.

    >>> from transformers import BertConfig, BertModel
    >>> bert = BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=8)
    >>> config = BioDirConfig(encoder_config=bert, tagger_labels=["O", "B-CellLine", "I-CellLine"], tagger_layers=1)
    >>> tagger = Tagger(config, BertModel(bert))
    >>> ids = torch.tensor([[2, 7, 8, 3]])
    >>> inputs = TaggerInputs(ids, torch.ones_like(ids), torch.tensor([0, 0]), torch.tensor([1, 2]))
    >>> tagger(tagger.reading_encoder(BertModel(bert)), inputs, token_budget=512).shape
    torch.Size([2, 3])
    """

    def __init__(self, config: BioDirConfig, encoder: Any) -> None:
        super().__init__()
        own = config.tagger_layers
        layers = list(encoder_layers(encoder))[-own:] if own else []
        shared = {id(encoder.config): encoder.config}  # which says how the layers attend
        self.layers = nn.ModuleList(copy.deepcopy(layer, dict(shared)) for layer in layers)
        self.dropout = nn.Dropout(config.classifier_dropout)
        self.classifier = nn.Linear(encoder.config.hidden_size, len(config.tagger_labels))

    def reading_encoder(self, encoder: Any) -> Any:
        """Return the encoder with the tagger's upper layers in place of its own; all else is shared, not copied."""
        return with_upper_layers(encoder, self.layers) if len(self.layers) else encoder

    def forward(self, encoder: Any, inputs: TaggerInputs, token_budget: int) -> Tensor:
        """Return (words, labels).

        Args:
            encoder: `reading_encoder`, or a back end that computes it.
            inputs: see `TaggerInputs`.
            token_budget: the most tokens, with padding, that go through the encoder at once; a longer window goes by
                itself.
        """
        logits = self.classifier.weight.new_zeros(len(inputs.word_windows), self.classifier.out_features)
        is_packed = encoder.config._attn_implementation == PACKED_ATTENTION
        for windows in window_groups(inputs.attention_mask.sum(dim=1).tolist(), token_budget, is_packed):
            start, end = windows.start, windows.stop
            inside = ((inputs.word_windows >= start) & (inputs.word_windows < end)).nonzero()[:, 0]  # (words here,)
            mask = inputs.attention_mask[start:end]
            mask = mask[:, : int(mask.sum(dim=1).max())]
            states = _states(encoder, inputs.input_ids[start:end, : mask.shape[1]], mask)  # (windows, tokens, hidden)
            found = states[inputs.word_windows[inside] - start, inputs.word_positions[inside]]  # (words here, hidden)
            found = self.classifier(self.dropout(found.to(self.classifier.weight.dtype)))
            logits = logits.index_copy(0, inside, found.to(logits.dtype))
        return logits


def tagger_loss(logits: Tensor, allowed: Tensor) -> Tensor:
    """Return a scalar: minus the log of the probability of the labels that a word may have, mean over the words.

    Where one label is allowed, this is the cross entropy. A corpus that does not annotate a type allows its labels
    wherever it says nothing else, so that nothing is learned about them there (Greenberg et al. 2018).

    Args:
        logits: (words, labels)
        allowed: (words, labels) booleans, at least one in each row.
    """
    scores = logits.float().log_softmax(dim=-1).masked_fill(~allowed.bool(), -torch.inf)
    return -scores.logsumexp(dim=-1).mean()


def encoder_layers(encoder: Any) -> nn.ModuleList:
    """Return the layers of an encoder, in order.

    Raises:
        SettingError: the encoder does not have them in one list.
    """
    return _layer_list(encoder)[1]


def with_upper_layers(encoder: Any, layers: nn.ModuleList) -> Any:
    """Return an encoder that shares all parameters, but has these as its last layers."""
    path, all_layers = _layer_list(encoder)
    view = part = _shallow_copy(encoder)
    for name in path[:-1]:
        part._modules[name] = _shallow_copy(part._modules[name])
        part = part._modules[name]
    kept = list(all_layers)[: len(all_layers) - len(layers)]
    part._modules[path[-1]] = nn.ModuleList([*kept, *layers])
    return view


def _shallow_copy(module: Any) -> Any:
    other = copy.copy(module)
    other._modules = dict(module._modules)
    return other


def _layer_list(encoder: Any) -> tuple[list[str], nn.ModuleList]:
    """Return the attribute names that lead to the list of the layers, and the list."""
    wanted = encoder.config.num_hidden_layers
    for name, module in encoder.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) == wanted:
            return name.split("."), module
    raise SettingError(
        f"{type(encoder).__name__} does not hold its {wanted} layers in one list; set tagger_layers to 0"
    )


def _states(encoder: Any, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
    """Return (windows, tokens, hidden); those of the padding are zeros with packed attention."""
    if encoder.config._attn_implementation != PACKED_ATTENTION:
        embeddings = encoder.get_input_embeddings()(input_ids)  # (windows, tokens, embedding_size)
        states: Tensor = encoder(inputs_embeds=embeddings, attention_mask=attention_mask).last_hidden_state
        return states
    attended = attention_mask.bool()
    embeddings = encoder.get_input_embeddings()(input_ids[attended])  # (attended, embedding_size)
    positions = (attention_mask.cumsum(dim=1) - 1)[attended]  # (attended,)
    hidden = encode_packed(encoder, embeddings, positions, packed_layout(attention_mask)).hidden
    states = hidden.new_zeros(*attention_mask.shape, hidden.shape[-1])
    return states.masked_scatter(attended.unsqueeze(-1), hidden)


def copy_upper_layers(source: Any, tagger: Tagger) -> None:
    """Set the tagger's own layers to those of a trained encoder."""
    layers = list(encoder_layers(source))
    for own, layer in zip(tagger.layers, layers[len(layers) - len(tagger.layers) :], strict=True):
        values: Mapping[str, Any] = layer.state_dict()
        own.load_state_dict(values)
