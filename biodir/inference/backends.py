"""What computes the encoder: torch as it is, in bfloat16 or in int8, or ONNX Runtime, in float32 or in int8.

Everything but the encoder stays torch: soft prompts, layout, heads. So both forms run on all back ends, and a back
end is just another encoder inside the model.
"""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

from biodir.errors_biodir import SettingError
from biodir.inference import BACKENDS
from biodir.inference.onnx_encoder import ONNX_FILES, OnnxEncoder, export_encoder


def use_backend(model: Any, backend: str, folder: Path | None = None) -> None:
    """Make the model compute its encoder by this back end, for inference; all but bf16 need a CPU.

    The model can no longer be saved.

    Args:
        model: a `BioDirForRelationExtraction`.
        backend: one of `BACKENDS`.
        folder: where `biodir export-onnx` may have left its files; without them the encoder is exported again.

    Raises:
        SettingError: the back end is unknown, the model is not on a CPU, or a library is missing.
    """
    if backend not in BACKENDS:
        raise SettingError(f"backend is {backend!r}; choose one of {', '.join(BACKENDS)}")
    if backend not in ("torch", "bf16") and model.device.type != "cpu":
        raise SettingError(
            f"backend {backend!r} is for CPUs, but the model is on {model.device}; choose torch or bf16, or device cpu"
        )
    if backend == "bf16":
        model.encoder = LowPrecisionEncoder(model.encoder)
    elif backend == "int8":
        with warnings.catch_warnings():
            # torch calls this deprecated in favour of a package of its own, which knows no int8 on CPUs.
            warnings.simplefilter("ignore")
            model.encoder = torch.ao.quantization.quantize_dynamic(model.encoder, {nn.Linear}, dtype=torch.qint8)
    elif backend in ONNX_FILES:
        model.encoder = _onnx_encoder(model, backend, folder)


class LowPrecisionEncoder(nn.Module):
    """An encoder whose matrix products are computed in bfloat16; its states are returned as float32.

    >>> from transformers import BertConfig, BertModel
    >>> tiny = BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    >>> encoder = LowPrecisionEncoder(BertModel(tiny))
    >>> encoder(inputs_embeds=torch.rand(1, 3, 8)).last_hidden_state.dtype
    torch.float32
    """

    inner: Any

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.inner = encoder
        self.config = encoder.config

    def get_input_embeddings(self) -> nn.Module:
        """The word embeddings."""
        return self.inner.get_input_embeddings()

    def forward(self, **inputs: Any) -> Any:
        """Return the output of the encoder."""
        with torch.autocast(inputs["inputs_embeds"].device.type, dtype=torch.bfloat16):
            output = self.inner(**inputs)
        output.last_hidden_state = output.last_hidden_state.float()
        return output


def _onnx_encoder(model: Any, backend: str, folder: Path | None) -> nn.Module:
    if folder is not None and (folder / ONNX_FILES[backend]).is_file():
        return OnnxEncoder(model, folder / ONNX_FILES[backend])
    with TemporaryDirectory() as temporary:  # the session holds the graph in memory
        return OnnxEncoder(model, export_encoder(model, Path(temporary), backend))
