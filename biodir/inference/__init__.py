"""Prediction over corpora, on any back end."""

from typing import Literal, get_args

# What can compute the encoder, see `biodir.inference.backends`; here, so that `--help` loads no torch.
Backend = Literal["torch", "bf16", "int8", "onnx", "onnx-int8"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
