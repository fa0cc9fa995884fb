"""The encoder as an ONNX graph: export, and an encoder that runs the graph in ONNX Runtime."""

import hashlib
import logging
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.modeling_outputs import BaseModelOutput

from biodir.errors_biodir import CheckpointError
from biodir.modeling_attention_biodir import PACKED_ATTENTION, PackedLayout, is_last_layer
from biodir.optional import optional_library

# Back end -> the file that holds its graph.
ONNX_FILES = {"onnx": "encoder.onnx", "onnx-int8": "encoder.int8.onnx"}
ONNX_ATTENTION = "biodir_onnx"
WEIGHTS_KEY = "biodir_weights"


def export_encoder(model: Any, folder: Path, backend: str) -> Path:
    """Write the graph of the model's encoder for this back end, and return its file.

    Rows have any number and any length. The graph of an encoder of packed rows takes who sees whom as a further
    input, and gives the queries and keys of its last layer, too.

    Raises:
        SettingError: a library is missing.
    """
    onnx, *_ = (optional_library(name, "onnx", "this back end") for name in ("onnx", "onnxscript", "onnxruntime"))
    is_packed = model.encoder.config._attn_implementation == PACKED_ATTENTION
    wrapper = _PackedGraph(model.encoder) if is_packed else _RowsGraph(model.encoder)
    wrapper.eval()
    path = folder / ONNX_FILES["onnx"]
    plain = path if backend == "onnx" else folder / f"float32.{path.name}"
    _export(wrapper, plain)
    graph = onnx.load(plain)
    if backend != "onnx":
        from onnxruntime.quantization import QuantType, quantize_dynamic

        path = folder / ONNX_FILES[backend]
        logging.getLogger().addFilter(_without_preprocessing_advice)
        try:
            quantize_dynamic(plain, path, weight_type=QuantType.QInt8)
        finally:
            logging.getLogger().removeFilter(_without_preprocessing_advice)
        plain.unlink()
        graph = onnx.load(path)
    onnx.helper.set_model_props(graph, {WEIGHTS_KEY: weights_fingerprint(model.encoder)})
    onnx.save(graph, path)
    return path


class OnnxEncoder(nn.Module):
    """An encoder that runs its graph in ONNX Runtime.

    Args:
        model: the model whose encoder it is.
        path: a file that `export_encoder` wrote.

    Raises:
        CheckpointError: the file is that of other weights.
        SettingError: a library is missing.
    """

    def __init__(self, model: Any, path: Path) -> None:
        super().__init__()
        onnxruntime = optional_library("onnxruntime", "onnx", "this back end")
        self.config = model.encoder.config
        self.embeddings = model.encoder.get_input_embeddings()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        found = self.session.get_modelmeta().custom_metadata_map.get(WEIGHTS_KEY)
        if found != weights_fingerprint(model.encoder):
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
        output_attentions: bool = False,
    ) -> BaseModelOutput:
        """Return the last states, (rows, tokens, hidden), of rows or of one packed row.

        Args:
            inputs_embeds: (rows, tokens, embedding_size)
            attention_mask: (rows, tokens); rows only.
            position_ids: (1, tokens); packed row only.
            layout: packed row only.
            output_attentions: unused; a packed row always gets queries and keys, as `packed_attention` returns them.
        """
        if layout is None:
            assert attention_mask is not None, "rows come with their mask"
            return BaseModelOutput(last_hidden_state=self._run(inputs_embeds, attention_mask.long())[0])
        assert position_ids is not None, "a packed row comes with its positions"
        states, query, key = self._packed_states(inputs_embeds[0], position_ids[0], layout)
        return BaseModelOutput(last_hidden_state=states[None], attentions=((query, key),))

    def _packed_states(self, embeddings: Tensor, positions: Tensor, layout: PackedLayout) -> tuple[Tensor, ...]:
        """Return states (tokens, hidden), queries and keys (heads, tokens, head_size).

        Each window, with its soft prompts, is a row of its own.
        """
        parts = layout.parts()
        found = [
            [values[0] for values in self._run(embeddings[part][None], positions[part][None], visible[None, None])]
            for part, visible in ((part, layout.visible(part)) for part in parts)
        ]
        states, queries, keys = zip(*found, strict=True)
        back = torch.cat(parts).argsort()
        return torch.cat(states)[back], torch.cat(queries, dim=1)[:, back], torch.cat(keys, dim=1)[:, back]

    def _run(self, *inputs: Tensor) -> list[Tensor]:
        names = [node.name for node in self.session.get_inputs()]
        values = [value.detach().contiguous().numpy() for value in inputs]
        return [torch.from_numpy(found) for found in self.session.run(None, dict(zip(names, values, strict=True)))]


class _RowsGraph(nn.Module):
    """The encoder of the pairwise form, as it is exported."""

    encoder: Any
    dynamic: Any = ({0: "rows", 1: "tokens"}, {0: "rows", 1: "tokens"})

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def example(self) -> tuple[Tensor, ...]:
        embeddings = self.encoder.get_input_embeddings()(torch.arange(10).view(2, 5) + 1)
        return embeddings, torch.ones(2, 5, dtype=torch.long)

    def forward(self, embeddings: Tensor, attention_mask: Tensor) -> Tensor:
        return self.encoder(inputs_embeds=embeddings, attention_mask=attention_mask).last_hidden_state


class _PackedGraph(nn.Module):
    """The encoder of packed rows, as it is exported."""

    encoder: Any
    dynamic: Any = (*_RowsGraph.dynamic, {0: "rows", 2: "tokens", 3: "tokens"})

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def example(self) -> tuple[Tensor, ...]:
        embeddings = self.encoder.get_input_embeddings()(torch.arange(10).view(2, 5) + 1)
        positions = torch.arange(5).expand(2, -1) + 2
        return embeddings, positions, torch.ones(2, 1, 5, 5, dtype=torch.bool)

    def forward(self, embeddings: Tensor, positions: Tensor, visible: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        output = self.encoder(inputs_embeds=embeddings, position_ids=positions, visible=visible, output_attentions=True)
        return output.last_hidden_state, *output.attentions[-1]


def _masked_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    visible: Tensor,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, tuple[Tensor, Tensor] | None]:
    """Return the attended values, (rows, tokens, heads, head_size), and scaled queries and keys of the last layer.

    Args:
        query, key, value: (rows, heads, tokens, head_size)
        visible: (rows, 1, tokens, tokens) which tokens attend to which.
    """
    query = query * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    scores = (query @ key.transpose(2, 3)).masked_fill(~visible, torch.finfo(query.dtype).min)
    return (scores.softmax(dim=-1) @ value).transpose(1, 2), (query, key) if is_last_layer(module) else None


def weights_fingerprint(encoder: nn.Module) -> str:
    """Return 64 hexadecimal digits that change with any weight."""
    digest = hashlib.sha256()
    for name, values in sorted(encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(values.detach().float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _export(wrapper: _RowsGraph | _PackedGraph, path: Path) -> None:
    config = wrapper.encoder.config
    before = config._attn_implementation
    AttentionInterface.register(ONNX_ATTENTION, _masked_attention)
    config._attn_implementation = ONNX_ATTENTION if isinstance(wrapper, _PackedGraph) else "eager"
    try:
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")
            # It reports every operator of packages that are not installed as skipped.
            logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
            torch.onnx.export(
                wrapper, wrapper.example(), path, dynamo=True, dynamic_shapes=wrapper.dynamic, verbose=False,
                external_data=False,
            )  # fmt: skip
    finally:
        config._attn_implementation = before


def _without_preprocessing_advice(record: logging.LogRecord) -> bool:
    return "pre-processing" not in record.getMessage()
