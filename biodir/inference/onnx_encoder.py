"""The encoder as an ONNX graph: export, and an encoder that runs the graph in ONNX Runtime."""

import hashlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.modeling_outputs import BaseModelOutput

from biodir.configuration_biodir import first_position
from biodir.errors_biodir import CheckpointError
from biodir.inference.onnx_int8 import with_int8_products
from biodir.modeling_attention_biodir import (
    PACKED_ATTENTION,
    Evidence,
    PackedLayout,
    PositionScores,
    is_evidence_layer,
)
from biodir.optional import optional_library

# Back end -> the ending of the files that hold its graphs.
ONNX_ENDINGS = {"onnx": ".onnx", "onnx-int8": ".int8.onnx"}
ONNX_ATTENTION = "biodir_onnx"
WEIGHTS_KEY = "biodir_weights"


def graph_files(model: Any, folder: Path, backend: str) -> dict[Path, Any]:
    """Return the files of a back end with the encoders whose graphs they hold: that of the relations first.

    A tagger that has layers of its own reads with another encoder.
    """
    encoders = {"encoder": model.encoder}
    if model.tagger is not None and len(model.tagger.layers):
        encoders["tagger"] = model.tagging_encoder()
    return {folder / f"{name}{ONNX_ENDINGS[backend]}": encoder for name, encoder in encoders.items()}


def export_encoder(encoder: Any, path: Path, backend: str) -> None:
    """Write the graph of an encoder for this back end.

    The encoder becomes one of float32. Rows have any number and any length. The graph of an encoder of packed rows
    takes who sees whom as a further input, and gives the queries and keys of its last layer, too.

    Raises:
        SettingError: a library is missing.
    """
    onnx, *_ = (optional_library(name, "onnx", "this back end") for name in ("onnx", "onnxscript", "onnxruntime"))
    encoder.float()  # whatever the checkpoint holds
    graph = _graph(encoder)
    if backend == "onnx-int8":
        graph = with_int8_products(graph)
    onnx.helper.set_model_props(graph, {WEIGHTS_KEY: weights_fingerprint(encoder)})
    onnx.save(graph, path)


class OnnxEncoder(nn.Module):
    """An encoder that runs its graph in ONNX Runtime.

    Args:
        encoder: the encoder of the same weights.
        path: a file that `export_encoder` wrote.

    Raises:
        CheckpointError: the file is that of other weights.
        SettingError: a library is missing.

    >>> from tempfile import TemporaryDirectory
    >>> from transformers import BertConfig, BertModel
    >>> tiny = BertConfig(vocab_size=19, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    >>> encoder = BertModel(tiny).eval()
    >>> with TemporaryDirectory() as folder:
    ...     export_encoder(encoder, Path(folder, "encoder.onnx"), "onnx")
    ...     onnx_encoder = OnnxEncoder(encoder, Path(folder, "encoder.onnx"))
    >>> onnx_encoder(torch.rand(3, 4, 8), attention_mask=torch.ones(3, 4)).last_hidden_state.shape
    torch.Size([3, 4, 8])
    """

    def __init__(self, encoder: Any, path: Path) -> None:
        super().__init__()
        onnxruntime = optional_library("onnxruntime", "onnx", "this back end")
        self.config = encoder.config
        self.embeddings = encoder.get_input_embeddings()
        is_packed = encoder.config._attn_implementation == PACKED_ATTENTION
        self.scores = _evidence_scores(encoder) if is_packed else PositionScores()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        found = self.session.get_modelmeta().custom_metadata_map.get(WEIGHTS_KEY)
        if found != weights_fingerprint(encoder):
            raise CheckpointError(f"{path}: the graph of other weights; write it again with biodir export-onnx")

    def get_input_embeddings(self) -> nn.Module:
        """The word embeddings."""
        return self.embeddings

    def forward(
        self,
        inputs_embeds: Tensor,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        layout: PackedLayout | None = None,
        evidence: list[Evidence] | None = None,
    ) -> BaseModelOutput:
        """Return the last states, (rows, tokens, hidden), of rows or of one packed row.

        Args:
            inputs_embeds: (rows, tokens, embedding_size)
            attention_mask: (rows, tokens); rows only.
            position_ids: (1, tokens); packed row only.
            layout: packed row only.
            evidence: packed row only; gets the queries and keys of the evidence layer, as from `packed_attention`.
        """
        if layout is None:
            assert attention_mask is not None, "rows come with their mask"
            return BaseModelOutput(last_hidden_state=self._run(inputs_embeds, attention_mask.long())[0])
        assert position_ids is not None, "a packed row comes with its positions"
        parts = row_parts(layout)  # each window, with its soft prompts, is a row of its own
        found = [
            self._run(inputs_embeds[:, part], position_ids[:, part], visible_places(layout, part)[None, None])
            for part in parts
        ]
        back = torch.cat(parts).argsort()
        states, queries, keys = zip(*found, strict=True)  # (1, tokens, hidden), (1, heads, tokens, head_size) twice
        query, key = (torch.cat(each, dim=2)[0, :, back] for each in (queries, keys))  # (heads, tokens, head_size)
        if evidence is not None:
            evidence.append((query, key, self.scores))
        return BaseModelOutput(last_hidden_state=torch.cat(states, dim=1)[:, back])

    def _run(self, *inputs: Tensor) -> list[Tensor]:
        names = [node.name for node in self.session.get_inputs()]
        values = [value.detach().contiguous().numpy() for value in inputs]
        return [torch.from_numpy(found) for found in self.session.run(None, dict(zip(names, values, strict=True)))]


class _Encoder(nn.Module):
    """The encoder as it is exported, with its inputs by position; of packed rows with queries and keys."""

    encoder: Any

    def __init__(self, encoder: nn.Module, names: Sequence[str]) -> None:
        super().__init__()
        self.encoder, self.names = encoder, names

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        arguments: dict[str, Any] = dict(zip(self.names, inputs, strict=True))
        evidence: list[Evidence] = []
        if "visible" in self.names:
            positions = arguments["position_ids"] - first_position(self.encoder.config)
            arguments |= {"evidence": evidence, "positions": positions}
        output = self.encoder(**arguments)
        return output.last_hidden_state, *(each for found in evidence[-1:] for each in found[:2])


def _masked_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    visible: Tensor,
    positions: Tensor,
    evidence: list[Evidence],
    scaling: float | None = None,
    sliding_window: int | None = None,
    scores: PositionScores | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Return the attended values, (rows, tokens, heads, head_size), and no weights.

    Args:
        query, key, value: (rows, heads, tokens, head_size)
        visible: (rows, 1, tokens, tokens) which tokens attend to which.
        positions: (rows, tokens) from 0.
        evidence: gets the scaled queries and keys of the evidence layer.
    """
    query = query * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    products = query @ key.transpose(2, 3)  # (rows, heads, tokens, tokens)
    scores = scores or PositionScores(reach=sliding_window - 1 if sliding_window else None)
    if scores.reach is not None:
        distances = positions.unsqueeze(2) - positions.unsqueeze(1)  # (rows, tokens, tokens)
        visible = visible & (distances.abs() <= scores.reach).unsqueeze(1)
    if scores.bias is not None or scores.distances is not None:
        products = products + _position_scores(scores, query, key, positions)
    products = products.masked_fill(~visible, torch.finfo(query.dtype).min)
    if is_evidence_layer(module):
        evidence.append((query, key, scores))
    return (products.softmax(dim=-1) @ value).transpose(1, 2), None


def _position_scores(scores: PositionScores, query: Tensor, key: Tensor, positions: Tensor) -> Tensor:
    """Return (rows, heads, tokens, tokens): what `scores` add, but for its reach; arguments as of attention."""
    first, second = positions.unsqueeze(2), positions.unsqueeze(1)  # (rows, tokens, 1), (rows, 1, tokens)
    added = query.new_zeros(())
    if scores.bias is not None:
        added = added + scores.bias[:, first, second].transpose(0, 1)
    if scores.distances is not None:
        places = scores.distances[first, second].unsqueeze(1).expand(-1, query.shape[1], -1, -1)
        if scores.distance_keys is not None:
            added = added + (query @ scores.distance_keys.transpose(1, 2)).gather(3, places)
        if scores.distance_queries is not None:
            by_key = (key @ scores.distance_queries.transpose(1, 2)).gather(3, places.transpose(2, 3))
            added = added + by_key.transpose(2, 3)
    return added


def row_parts(layout: PackedLayout) -> list[Tensor]:
    """Return for each window the places, (places,), of its text and of its soft prompts, ascending."""
    return [
        torch.cat([torch.arange(*window), torch.arange(*prompts)])
        for window, prompts in zip(layout.windows, layout.prompts, strict=True)
    ]


def visible_places(layout: PackedLayout, places: Tensor) -> Tensor:
    """Return (places, places) booleans: which of the places each of them attends to.

    Args:
        places: one of `row_parts`.
    """
    first_prompt = layout.windows[-1][1]
    prompt = (places - first_prompt) // layout.prompt_tokens  # (places,), below zero in the text
    return (places < first_prompt) | (prompt.unsqueeze(1) == prompt)  # (places, places)


def weights_fingerprint(encoder: nn.Module) -> str:
    """Return 64 hexadecimal digits that change with any weight."""
    digest = hashlib.sha256()
    for name, values in sorted(encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(values.detach().float().contiguous().numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def _exported_attention(encoder: Any) -> Iterator[None]:
    """Make the encoder attend as its graph does, for a while."""
    config, before = encoder.config, encoder.config._attn_implementation
    AttentionInterface.register(ONNX_ATTENTION, _masked_attention)
    config._attn_implementation = ONNX_ATTENTION if before == PACKED_ATTENTION else "eager"
    try:
        yield
    finally:
        config._attn_implementation = before


def _evidence_scores(encoder: Any) -> PositionScores:
    """Return how the evidence layer of an encoder of packed rows scores queries and keys at all its positions."""
    evidence: list[Evidence] = []
    place = torch.zeros(1, 1, dtype=torch.long, device=encoder.device)
    arguments = {"visible": torch.ones_like(place, dtype=torch.bool)[None], "positions": place, "evidence": evidence}
    arguments["position_ids"] = place + first_position(encoder.config)
    with _exported_attention(encoder), torch.no_grad():
        encoder(inputs_embeds=encoder.get_input_embeddings()(place), **arguments)
    return evidence[-1][2]


def _graph(encoder: Any) -> Any:
    """Return the ONNX graph of the encoder."""
    is_packed = encoder.config._attn_implementation == PACKED_ATTENTION
    rows = {0: "rows", 1: "tokens"}
    # name -> an example and its dimensions of any size
    inputs: dict[str, tuple[Tensor, dict[int, str]]] = {
        "inputs_embeds": (encoder.get_input_embeddings()(torch.arange(10).view(2, 5) + 1), rows)
    }
    if is_packed:
        inputs["position_ids"] = torch.arange(5).expand(2, -1) + 2, rows
        inputs["visible"] = torch.ones(2, 1, 5, 5, dtype=torch.bool), {0: "rows", 2: "tokens", 3: "tokens"}
    else:
        inputs["attention_mask"] = torch.ones(2, 5, dtype=torch.long), rows
    examples, shapes = zip(*inputs.values(), strict=True)
    with _exported_attention(encoder), warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        # It reports every operator of packages that are not installed as skipped.
        logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
        wrapped = _Encoder(encoder, [*inputs]).eval()
        program = torch.onnx.export(wrapped, examples, dynamic_shapes=(shapes,), dynamo=True, verbose=False)
    assert program is not None, "given for dynamo"
    return program.model_proto
