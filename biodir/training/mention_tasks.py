"""A helper task of the document form, which exists in training only: which mentions of a window are one entity.

After SAIS (Xiao et al. 2022), which teaches entity types and coreference beside the relations. Differs from it: no head
learns the types, since the tags around a mention name them; the tagger learns types, of texts without tags.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from biodir.modeling_document_biodir import DocumentInputs

# Width of the vectors whose products are compared.
PROJECTED_SIZE = 128


class SameEntityHead(nn.Module):
    """Whether two mentions are of one entity: the product of their projected states.

    Compared are mentions of one window that have the same tag, which therefore gives nothing away.

    Args:
        hidden_size: of the states.
        weight: of the loss.

    >>> head = SameEntityHead(hidden_size=8, weight=0.5)
    >>> [name for name, _ in head.named_parameters()]
    ['bias', 'projection.weight', 'projection.bias']
    """

    def __init__(self, hidden_size: int, weight: float) -> None:
        super().__init__()
        self.weight = weight
        self.projection = nn.Linear(hidden_size, PROJECTED_SIZE)
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, states: Tensor, inputs: DocumentInputs) -> Tensor:
        """Return the weighted scalar mean over the compared mentions of their binary cross-entropy; 0 without any.

        Args:
            states: (mentions, hidden) of the start markers.
            inputs: of the model.
        """
        rows, compared, same = compared_mentions(inputs)
        projected = self.projection(states[rows])  # (markers, projected)
        logits = projected @ projected.T / math.sqrt(PROJECTED_SIZE) + self.bias  # (markers, markers)
        losses = nn.functional.binary_cross_entropy_with_logits(logits.float(), same.float(), reduction="none")
        return self.weight * (losses * compared).sum() / compared.sum().clamp_min(1)


def compared_mentions(inputs: DocumentInputs) -> tuple[Tensor, Tensor, Tensor]:
    """Return (markers,), a mention of each start marker; which two are compared, and which two share an entity.

    The last two are (markers, markers) booleans. A mention of several entities has one marker; two markers are compared
    once.
    """
    places = inputs.mention_windows * inputs.input_ids.shape[1] + inputs.mention_positions  # (mentions,)
    found, numbers = places.unique(return_inverse=True)  # (markers,), (mentions,)
    windows = found // inputs.input_ids.shape[1]
    tags = inputs.input_ids.flatten()[found]
    compared = (windows.unsqueeze(0) == windows.unsqueeze(1)) & (tags.unsqueeze(0) == tags.unsqueeze(1))
    entities = torch.zeros(len(found), int(inputs.mention_entities.max()) + 1, device=places.device)
    entities[numbers, inputs.mention_entities] = 1
    rows = numbers.new_zeros(len(found)).scatter_(0, numbers, torch.arange(len(places), device=places.device))
    return rows, compared.triu(diagonal=1), entities @ entities.T > 0


def with_mention_tasks(model: Any, coreference_weight: float) -> Any:
    """Return the model, with a head for the helper task where this has a weight; what is saved lacks the head."""
    if coreference_weight:
        model.mention_tasks = SameEntityHead(model.encoder.config.hidden_size, coreference_weight)
        names = {f"mention_tasks.{name}" for name, _ in model.mention_tasks.named_parameters()}
        model._keys_to_ignore_on_save = {*(model._keys_to_ignore_on_save or ()), *names}
    return model
