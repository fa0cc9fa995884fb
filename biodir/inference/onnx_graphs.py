"""Changes of ONNX graphs after their export."""

from typing import Any

import numpy as np

# Smaller tensors are left as they are.
LEAST_SIZE = 1024


def with_half_weights(model: Any) -> Any:
    """Return the ONNX model with the weights that float16 can hold exactly in float16; it is changed in place.

    They are cast to float32 when the graph is loaded, so that every result is the same and the file has half the size.

    Args:
        model: an `onnx.ModelProto`.
    """
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if values.size >= LEAST_SIZE and np.array_equal(half.astype(np.float32), values):
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(half, f"{name}_half"))
            casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model
