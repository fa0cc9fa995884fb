"""What computes the encoder in torch: as it is, in bfloat16 or in int8.

Everything but the encoder stays as it is: soft prompts, layout, heads. So both forms run on all back ends, and a back
end is just another encoder inside the model. ONNX Runtime computes complete predictions, see `biodir.runtime`.
"""

from typing import Any

import torch
from torch import Tensor, nn

from biodir.errors_biodir import SettingError
from biodir.inference import TORCH_BACKENDS


def use_backend(model: Any, backend: str) -> None:
    """Make the model compute its encoder by this back end, for inference; int8 needs a CPU.

    The model can no longer be saved.

    Args:
        model: a `BioDirForRelationExtraction`.
        backend: one of `TORCH_BACKENDS`.

    Raises:
        SettingError: the back end is unknown or is one of ONNX graphs, or the model is not on a CPU.
    """
    if backend not in TORCH_BACKENDS:
        raise SettingError(
            f"backend is {backend!r}; choose one of {', '.join(TORCH_BACKENDS)}, or load ONNX graphs by biodir.runtime"
        )
    if backend not in ("torch", "bf16") and model.device.type != "cpu":
        raise SettingError(
            f"backend {backend!r} is for CPUs, but the model is on {model.device}; choose torch or bf16, or device cpu"
        )
    if backend != "torch":
        model.float()  # all others start from float32, whatever the checkpoint holds
    if backend == "bf16":
        if model.tagger is not None:
            model.tagger_encoder = LowPrecisionEncoder(model.tagging_encoder())
        model.encoder = LowPrecisionEncoder(model.encoder)
    elif backend == "int8":
        own_layers = model.tagger.layers.modules() if model.tagger is not None else ()
        for part in [*model.encoder.modules(), *own_layers]:
            for name, layer in part.named_children():
                if isinstance(layer, nn.Linear):
                    setattr(part, name, Int8Linear(layer))


class Int8Linear(nn.Module):
    """A linear layer of int8 numbers, with a scale for each row of its weight and for each row of its input.

    A scale for the complete input, as in `torch.ao.quantization.quantize_dynamic`, would let the rows of a batch change
    each other.

    >>> layer = nn.Linear(2, 1, bias=False)
    >>> layer.weight = nn.Parameter(torch.tensor([[127.0, 63.0]]))
    >>> Int8Linear(layer)(torch.tensor([[1.0, 0.0], [0.0, 2.0]]))
    tensor([[127.],
            [126.]])
    """

    weight: Tensor
    scale: Tensor
    bias: Tensor | None

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        weight, scale = _int8_rows(layer.weight.detach().float())
        self.register_buffer("weight", weight.t().contiguous())  # (inputs, outputs)
        self.register_buffer("scale", scale[:, 0])  # (outputs,)
        self.register_buffer("bias", None if layer.bias is None else layer.bias.detach().float())

    def forward(self, states: Tensor) -> Tensor:
        """Return (..., outputs) from states (..., inputs)."""
        rows, scale = _int8_rows(states.flatten(0, -2))  # (rows, inputs), (rows, 1)
        found = torch._int_mm(rows, self.weight).float() * scale * self.scale  # (rows, outputs)
        return (found if self.bias is None else found + self.bias).view(*states.shape[:-1], -1)


def _int8_rows(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return (rows, columns) in int8, and the scale of each row, (rows, 1)."""
    scale = values.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / 127
    return (values / scale).round_().to(torch.int8), scale


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
