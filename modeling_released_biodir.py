"""The model of NCBI's released weights, as the authors' code computes it: `pair_encoding="released"`.

Only checkpoints of `biodir import-released` are computed this way; nothing else imports this file. Its ways that differ
from the paper, each of which moves scores, are here, and those of the input in `processing_released_biodir`:

- The soft prompt is in the last of 512 places, but the mask ends where the prompt of a short row would end. So it
  is attended to only as far as a row is that long.
- Chunks are not joined by their maximum: they attend to each other by the products of their states, and the prefix
  counts. So a chunk that is there twice weighs twice.
- With `use_single_chunk` they are joined by their maximum, but the embeddings of tokens, with their positions and layer
  norm, go through the embeddings again.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .configuration_biodir import DOT_PRODUCT, RELEASED
from .modeling_biodir import BioDirForRelationExtraction
from .modeling_pairwise_biodir import PairwiseInputs, equal_chunks, pairwise_states

if TYPE_CHECKING:  # from a folder, transformers before 5.8 copies only files that this one names
    from .errors_biodir import SettingError  # noqa: F401
    from .labels_biodir import TASKS  # noqa: F401
    from .modeling_attention_biodir import PACKED_CLASSES  # noqa: F401
    from .modeling_document_biodir import DocumentInputs  # noqa: F401
    from .modeling_heads_biodir import SoftPrompt  # noqa: F401
    from .modeling_losses_biodir import HeadLoss  # noqa: F401
    from .modeling_tagger_biodir import Tagger  # noqa: F401


class DotProductPooling(nn.Module):
    """Joins the chunks of a pair as the first of them attends to all: softmax of dot products, without scale.

    >>> states = torch.tensor([[[1.0, 0.0], [1.0, 0.0], [1.0, 2.0]]])  # one pair, three chunks
    >>> DotProductPooling()(states, torch.ones(1, 3, dtype=torch.bool))
    tensor([[1.0000, 0.6667]])
    """

    def forward(self, states: Tensor, present: Tensor) -> Tensor:
        """Return (batch, hidden) from states (batch, chunks, hidden) and present (batch, chunks) booleans."""
        products = states[:, :1] @ states.transpose(1, 2)  # (batch, 1, chunks)
        weights = products.masked_fill(~present.unsqueeze(1), torch.finfo(states.dtype).min).softmax(dim=-1)
        return (weights @ states).squeeze(1)


class ReleasedForRelationExtraction(BioDirForRelationExtraction):
    """The released model: inputs, outputs and heads are those of `BioDirForRelationExtraction`.

    >>> from transformers import BertConfig
    >>> from biodir.configuration_biodir import BioDirConfig
    >>> bert = BertConfig(vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    >>> config = BioDirConfig(encoder_config=bert, pair_encoding="released", chunk_pooling="dot_product")
    >>> model = ReleasedForRelationExtraction(config).eval()
    >>> rows = torch.arange(20).expand(1, 3, 20)  # one pair, three equal chunks
    >>> positions = torch.tensor([[1, 3, 2]])  # of [REL], [NOV] and [DIR]
    >>> inputs = {"input_ids": rows, "attention_mask": torch.ones_like(rows), "pair_type_ids": torch.tensor([0])}
    >>> model(**inputs, task_positions=positions).direction_logits.shape
    torch.Size([1, 4])
    """

    pair_encodings = (RELEASED,)

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.embeds_twice = config.chunk_pooling != DOT_PRODUCT
        for head in self.heads.values():
            if not self.embeds_twice:
                head.pooling = DotProductPooling()

    def pair_states(self, inputs: PairwiseInputs) -> tuple[Tensor, Tensor]:
        """Return states of the task tokens, (batch, chunks, tasks, hidden), and which chunks are present."""
        states, _ = pairwise_states(self.encoder, self.with_prompts, inputs, self.config.token_budget)
        # A chunk that occurs again is computed once and weighs as often as it occurs.
        first = equal_chunks(inputs.input_ids, inputs.attention_mask).int().argmax(dim=-1)  # (batch, chunks)
        states = states.gather(1, first[..., None, None].expand_as(states))
        return states, inputs.attention_mask[..., 0].bool()

    def with_prompts(self, embeddings: Tensor, attention_mask: Tensor, pair_type_ids: Tensor) -> Tensor:
        """Return the embeddings, with the prompt vectors in the last of `max_tokens` places, as far as there are these.

        Args:
            embeddings: (rows, tokens, hidden)
            attention_mask: not looked at.
            pair_type_ids: (rows,)
        """
        if self.embeds_twice:
            encoder: Any = getattr(self.encoder, "inner", self.encoder)  # inside that of a back end
            embeddings = encoder.embeddings(inputs_embeds=embeddings)
        first_place = self.config.max_tokens - self.config.soft_prompt_tokens
        if self.soft_prompt is None or embeddings.shape[1] <= first_place:
            return embeddings
        prompts = self.soft_prompt.vectors[pair_type_ids].to(embeddings.dtype)  # (rows, prompt, hidden)
        shown = prompts[:, : embeddings.shape[1] - first_place]
        return torch.cat([embeddings[:, :first_place], shown], dim=1)


ReleasedForRelationExtraction.register_for_auto_class("AutoModel")
