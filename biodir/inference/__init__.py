"""Prediction over corpora, on any back end."""

# What can compute the encoder, see `biodir.inference.backends`; here, so that `--help` loads no torch.
BACKENDS = ("torch", "bf16", "int8", "onnx", "onnx-int8")
