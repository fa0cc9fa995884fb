"""A checkpoint as ONNX graphs: everything that a prediction needs, for the run-time of `biodir.runtime`."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch import Tensor, nn
from transformers import AttentionInterface

from biodir import __version__
from biodir.configuration_biodir import RELEASED, first_position
from biodir.errors_biodir import SettingError
from biodir.files import file_sha256
from biodir.inference.onnx_graphs import with_half_weights, with_simple_norms
from biodir.inference.onnx_int8 import with_int8_products
from biodir.inference.parts import model_fingerprint
from biodir.modeling_attention_biodir import (
    PACKED_ATTENTION,
    Evidence,
    PositionScores,
    is_evidence_layer,
    prompt_states,
)
from biodir.modeling_document_biodir import mention_attention
from biodir.modeling_heads_biodir import PairStates
from biodir.optional import optional_library
from biodir.runtime.manifest import (
    EMBEDDINGS,
    ENCODER,
    ENDINGS,
    FILES,
    HEADS,
    PROMPTS,
    TAGGER,
    TOKENIZER,
    Manifest,
    RuntimeSettings,
    described,
)

ONNX_ATTENTION = "biodir_onnx"
# Files of a checkpoint of which a change makes the graphs those of another model.
SOURCES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
# Sizes of the examples with which graphs are traced; no two are equal, and none is 1.
TEXT, SOFT_PROMPTS, PAIRS, ENTITIES = 7, 6, 5, 4

Example = tuple[Tensor, dict[int, str]]  # a value and its dimensions of any size


def export_model(model: Any, tokenizer: Any, folder: Path, backends: Sequence[str], checkpoint: Path) -> list[Path]:
    """Write the graphs of a model, its tables, its tokenizer and their manifest, and return the graphs' files.

    Args:
        model: a `BioDirForRelationExtraction` on the CPU; it becomes one of float32.
        tokenizer: of the model.
        folder: where the files are written; it is made.
        backends: of `ENDINGS`, in their order.
        checkpoint: folder that model and tokenizer were loaded from; the graphs belong to its files.

    Raises:
        SettingError: a library is missing, or the model has released weights.
    """
    if model.config.pair_encoding == RELEASED:
        raise SettingError(
            f"{checkpoint}: released weights have no graphs, since the released code joins chunks and places soft "
            "prompts in its own way; use the checkpoint with --backend torch"
        )
    onnx, *_ = (optional_library(name, "export", "the export") for name in ("onnx", "onnxscript", "onnxruntime"))
    weights = model_fingerprint(model, tokenizer)
    model.float().eval()
    folder.mkdir(exist_ok=True)
    # No file is left of another export, nor overwritten, since a process may have it mapped into memory.
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    for name, exported in _encoder_graphs(model).items():
        graph = with_simple_norms(exported)
        for backend in backends:  # the exact one first: the other changes the graph
            changed = with_int8_products(graph) if backend == "onnx-int8" else graph
            written = type(graph).FromString(changed.SerializeToString())
            onnx.save(with_half_weights(written), folder / f"{name}{ENDINGS[backend]}")
    if model.config.tasks:
        onnx.save(with_half_weights(_heads_graph(model)), folder / HEADS)
    _write_tables(model, folder)
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
    written = sorted(path for name in FILES if (path := folder / name).is_file())
    Manifest(
        settings=RuntimeSettings.from_config(model.config),
        token_ids={name: getattr(tokenizer, f"{name}_token_id") for name in ("cls", "sep", "pad", "unk")},
        files={path.name: described(path) for path in written},
        sources={path.name: file_sha256(path) for path in _sources(checkpoint)},
        weights=weights,
        versions={"biodir": __version__, "torch": torch.__version__, "transformers": transformers.__version__}
        | {"onnx": onnx.__version__},
    ).write(folder)
    return [path for path in written if path.suffix == ".onnx"]


def _sources(checkpoint: Path) -> list[Path]:
    """Return the files of a checkpoint that its graphs depend on; the weights may be in several."""
    named = (checkpoint / name for name in SOURCES)
    return [path for path in (*named, *sorted(checkpoint.glob("model-*.safetensors"))) if path.is_file()]


def _write_tables(model: Any, folder: Path) -> None:
    """Write the vectors of tokens and of soft prompts, which all graphs share."""
    tokens = model.get_input_embeddings().weight.detach().numpy()
    prompts = np.zeros((0, 1, tokens.shape[1]), dtype=np.float32)
    if model.soft_prompt is not None:
        prompts = model.soft_prompt.vectors.detach().numpy()
    for name, table in ((EMBEDDINGS, tokens), (PROMPTS, prompts)):
        half = table.astype(np.float16)
        np.save(folder / name, half if np.array_equal(half.astype(np.float32), table) else table)


def _encoder_graphs(model: Any) -> dict[str, Any]:
    """Return the graphs of the encoder, of relations and of the tagger, by the names of their files."""
    is_packed = model.config.pair_encoding == "document"
    prompt_tokens = model.config.soft_prompt_tokens or 1
    graphs: dict[str, Any] = {}
    if model.config.tasks:
        graphs[ENCODER] = _exported(
            _Packed(model.encoder, prompt_tokens) if is_packed else _Rows(model.encoder), model.encoder
        )
    if model.tagger is not None:
        encoder = model.tagging_encoder()
        graphs[TAGGER] = _exported((_PackedTagger if is_packed else _RowTagger)(encoder, model.tagger), encoder)
    return graphs


class _Traced(nn.Module):
    """A part of the model with the inputs and outputs of its graph."""

    outputs: Sequence[str]

    def examples(self) -> Mapping[str, Example]:
        """Return input -> an example."""
        raise NotImplementedError


class _Rows(_Traced):
    """An encoder of rows: embeddings to states."""

    outputs = ("states",)

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def examples(self) -> Mapping[str, Example]:
        tokens = {1: "tokens"}
        embedded = self.encoder.get_input_embeddings()(torch.arange(TEXT)[None] + 1)
        return {"inputs_embeds": (embedded, tokens), "attention_mask": (torch.ones(1, TEXT, dtype=torch.long), tokens)}

    def forward(self, inputs_embeds: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        return (self.encoder(inputs_embeds=inputs_embeds, attention_mask=attention_mask).last_hidden_state,)


class _RowTagger(_Rows):
    """A tagger over an encoder of rows: embeddings to labels."""

    outputs = ("labels",)

    def __init__(self, encoder: Any, tagger: Any) -> None:
        super().__init__(encoder)
        self.classifier = tagger.classifier

    def forward(self, inputs_embeds: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        return (self.classifier(super().forward(inputs_embeds, attention_mask)[0]),)


class _Packed(_Traced):
    """An encoder of a window with its soft prompts: embeddings to states, and what each mention attends to."""

    outputs = ("states", "attention")

    def __init__(self, encoder: Any, prompt_tokens: int) -> None:
        super().__init__()
        self.encoder, self.prompt_tokens = encoder, prompt_tokens

    def examples(self) -> Mapping[str, Example]:
        embedded = self.encoder.get_input_embeddings()
        ids = torch.arange(SOFT_PROMPTS * self.prompt_tokens).view(SOFT_PROMPTS, self.prompt_tokens)
        return {
            "text": (embedded(torch.arange(TEXT)[None] + 1), {1: "text_tokens"}),
            "prompts": (embedded(ids + 1), {0: "prompts"}),
            "markers": (torch.arange(ENTITIES), {0: "mentions"}),
        }

    def forward(self, text: Tensor, prompts: Tensor, markers: Tensor) -> tuple[Tensor, ...]:
        of_prompts = prompts.flatten(0, 1)[None]  # (1, prompts * prompt, embedding_size)
        text_tokens = text.shape[1]
        # A soft prompt represents no place of the text; its tokens take the first position.
        positions = torch.cat([torch.arange(text_tokens), torch.zeros(of_prompts.shape[1], dtype=torch.long)])
        row = torch.cat([text, of_prompts], dim=1)
        states, evidence = _packed(self.encoder, row, positions, text_tokens, self.prompt_tokens)
        query, key, scores = evidence  # (tokens, heads, head_size)
        of_markers, of_text = query[markers].transpose(0, 1), key[:text_tokens].transpose(0, 1)
        return states, mention_attention(of_markers, of_text, scores, markers)


class _PackedTagger(_Traced):
    """A tagger over the encoder of windows: embeddings to labels."""

    outputs = ("labels",)

    def __init__(self, encoder: Any, tagger: Any) -> None:
        super().__init__()
        self.encoder, self.classifier = encoder, tagger.classifier

    def examples(self) -> Mapping[str, Example]:
        embedded = self.encoder.get_input_embeddings()(torch.arange(TEXT)[None] + 1)
        return {"text": (embedded, {1: "tokens"})}

    def forward(self, text: Tensor) -> tuple[Tensor, ...]:
        return (self.classifier(_packed(self.encoder, text, torch.arange(text.shape[1]), text.shape[1])[0]),)


class _Heads(_Traced):
    """The heads of the document form: states of pairs to logits."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.heads, self.outputs = model.heads, model.config.tasks
        self.hidden, self.has_prompts = model.config.encoder_config.hidden_size, model.soft_prompt is not None
        self.has_closest = model.config.closest_mentions

    def examples(self) -> Mapping[str, Example]:
        found: dict[str, Example] = {
            "entities": (torch.randn(ENTITIES, self.hidden), {0: "entities"}),
            "pair_entities": (torch.arange(2 * PAIRS).view(PAIRS, 2) % ENTITIES, {0: "pairs"}),
            "contexts": (torch.randn(PAIRS, self.hidden), {0: "pairs"}),
        }
        if self.has_closest:
            found["closest"] = torch.randn(PAIRS, 3, self.hidden), {0: "pairs"}
        if self.has_prompts:
            found["prompts"] = torch.randn(SOFT_PROMPTS, self.hidden), {0: "prompts"}
            found["pair_prompts"] = torch.arange(PAIRS) % SOFT_PROMPTS, {0: "pairs"}
        return found

    def forward(
        self,
        entities: Tensor,
        pair_entities: Tensor,
        contexts: Tensor,
        closest: Tensor | None = None,
        prompts: Tensor | None = None,
        pair_prompts: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        states = PairStates(entities, pair_entities, contexts, prompts, pair_prompts, closest=closest)
        return tuple(self.heads[task](states) for task in self.outputs)


class _RowHeads(_Traced):
    """The heads of the pairwise form: states of task tokens to logits."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.heads, self.outputs = model.heads, model.config.tasks
        self.hidden = model.config.encoder_config.hidden_size

    def examples(self) -> Mapping[str, Example]:
        rows = {0: "pairs", 1: "chunks"}
        states = torch.randn(PAIRS, 2, len(self.outputs), self.hidden)
        return {"states": (states, rows), "present": (torch.ones(PAIRS, 2, dtype=torch.bool), rows)}

    def forward(self, states: Tensor, present: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.heads[task](states[:, :, index], present) for index, task in enumerate(self.outputs))


def _packed(
    encoder: Any, row: Tensor, positions: Tensor, text_tokens: int, prompt_tokens: int = 0
) -> tuple[Tensor, Evidence]:
    """Return states of a row, (1, tokens, hidden), with the evidence of `_window_attention`."""
    evidence: list[Evidence] = []
    positions = positions + first_position(encoder.config)
    sizes = {"text_tokens": text_tokens, "prompt_tokens": prompt_tokens}
    output = encoder(inputs_embeds=row, position_ids=positions[None], evidence=evidence, **sizes)
    return output.last_hidden_state, evidence[-1]


def _window_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    text_tokens: int,
    prompt_tokens: int,
    evidence: list[Evidence],
    scaling: float | None = None,
    sliding_window: int | None = None,
    scores: PositionScores | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Return the attended values, (1, tokens, heads, head_size), and no weights: `packed_attention` of one window.

    Args:
        query, key, value: (1, heads, tokens, head_size)
        text_tokens: of the window.
        prompt_tokens: of a soft prompt; 0 without.
        evidence: gets scaled queries and keys of the evidence layer, (tokens, heads, head_size).
    """
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = scores or PositionScores(reach=sliding_window - 1 if sliding_window else None)
    # Tokens first, as the encoder has them: so a part of the tokens is a piece of memory.
    query, key, value = (part.transpose(1, 2).squeeze(0) for part in (query * scaling, key, value))
    text = [part[:text_tokens] for part in (query, key, value)]  # (text, heads, head_size)
    parts = [_text_states(text[0], text[1], text[2], scores)]
    if prompt_tokens:
        own_query, own_key, own_value, text_key, text_value = (
            part.transpose(0, 1) for part in (*(part[text_tokens:] for part in (query, key, value)), *text[1:])
        )  # (heads, tokens, head_size)
        own = own_query, own_key, own_value
        parts.append(prompt_states(own, (text_key, text_value), prompt_tokens, scores).transpose(0, 1))
    if is_evidence_layer(module):
        evidence.append((query, key, scores))
    return torch.cat(parts, dim=0)[None], None


def _text_states(query: Tensor, key: Tensor, value: Tensor, scores: PositionScores) -> Tensor:
    """Return (tokens, heads, head_size): the text of a window over itself.

    Where positions do nothing, an operator of ONNX Runtime computes it, which holds no weights of all tokens.

    Args:
        query, key, value: (tokens, heads, head_size), the query scaled.
    """
    if scores != PositionScores() or not hasattr(torch.onnx, "ops"):  # before torch 2.8
        query, key, value = (part.transpose(0, 1) for part in (query, key, value))
        tokens = slice(0, query.shape[1])
        return (scores(query, key, tokens, tokens).softmax(dim=-1) @ value).transpose(0, 1)
    flat = [part.flatten(1)[None] for part in (query, key, value)]  # (1, tokens, hidden)
    settings: dict[str, Any] = {"num_heads": query.shape[1], "scale": 1.0}
    name, shape = "com.microsoft::MultiHeadAttention", flat[0].shape
    states = torch.onnx.ops.symbolic(name, flat, settings, dtype=query.dtype, shape=shape, version=1)
    return states[0].unflatten(-1, query.shape[1:])


def _heads_graph(model: Any) -> Any:
    is_packed = model.config.pair_encoding == "document"
    return _exported(_Heads(model) if is_packed else _RowHeads(model))


def _exported(part: _Traced, encoder: Any = None) -> Any:
    """Return the ONNX graph of a part.

    Args:
        part: with its examples.
        encoder: whose attention becomes that of a graph; None for a part without.
    """
    examples = part.examples()
    before = encoder.config._attn_implementation if encoder is not None else None
    if before is not None:
        AttentionInterface.register(ONNX_ATTENTION, _window_attention)
        encoder.config._attn_implementation = ONNX_ATTENTION if before == PACKED_ATTENTION else "eager"
    try:
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")
            # It reports every operator of packages that are not installed as skipped.
            logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
            program = torch.onnx.export(
                part.eval(),
                kwargs={name: value for name, (value, _) in examples.items()},
                dynamic_shapes={name: sizes for name, (_, sizes) in examples.items()},
                input_names=[*examples],
                output_names=[*part.outputs],
                dynamo=True,
                verbose=False,
            )
    finally:
        if before is not None:
            encoder.config._attn_implementation = before
    assert program is not None, "given for dynamo"
    return program.model_proto
