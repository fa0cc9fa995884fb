"""Prediction over corpora, on any back end."""

from typing import Literal, get_args

# What can compute the model, see `biodir.inference.opening`; here, so that `--help` loads no torch.
Backend = Literal["auto", "torch", "bf16", "int8", "onnx", "onnx-int8"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
# Those of torch; the others are of the run-time of ONNX graphs, `biodir.runtime`.
TORCH_BACKENDS = ("torch", "bf16", "int8")
