"""Prediction without torch: the ONNX graphs of `biodir export-onnx` in ONNX Runtime.

    from biodir.runtime import load

    extract = load("folder of a checkpoint")
    relations = extract("Metformin lowered TNF and improved hepatic steatosis in mice.")

The call, its parameters, its results and its errors are those of the pipeline. What this package imports needs
onnxruntime, tokenizers and numpy, and for models of the Hub huggingface_hub; never torch or transformers.
"""

from biodir.runtime.loading import load

__all__ = ["load"]
