"""An ONNX graph whose products with weights are computed in int8, each row with a scale of its own.

`quantize_dynamic` of ONNX Runtime has one scale for the complete input of a product, so the rows of a batch change each
other. `Int8Linear` of `biodir.inference.backends` is the same computation in torch.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

LARGEST = 127  # of an int8 number, either sign
ORT = "com.microsoft"  # the operators of ONNX Runtime beyond those of ONNX
# Weights with fewer outputs, such as those of classifiers, stay as they are: they cost nothing, and errors would show.
LEAST_OUTPUTS = 32
SHIFT = 128  # inputs are uint8 numbers around this: ONNX Runtime is three times as fast with them as with int8


def with_int8_products(model: Any) -> Any:
    """Return the ONNX model with int8 weights; it is changed in place.

    Args:
        model: an `onnx.ModelProto` of operator set 18 or later.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    if ORT not in {each.domain for each in model.opset_import}:
        model.opset_import.append(helper.make_opsetid(ORT, 1))
    weights = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), f"int8_{name}")
        for name, value in {
            "last_axis": np.array([-1]),
            "flat": np.array([-1]),
            "step": np.float32(1 / LARGEST),
            "least": np.float32(1e-12),
            "one": np.float32(1),
            "zero": np.uint8(SHIFT),
        }.items()
    )
    before = list(graph.node)
    del graph.node[:]
    rows: dict[str, tuple[str, str]] = {}  # input of a product -> its int8 rows and their scales
    for node in before:
        if node.op_type != "MatMul" or not _is_large(weights.get(node.input[1])):
            graph.node.append(node)
            continue
        states, weight = node.input
        if states not in rows:
            rows[states] = _add_rows(graph, states)
        if weight in {each.name for each in graph.initializer}:
            _replace_weight(graph, weight, weights[weight])
        _add_product(graph, node, *rows[states])
    return model


def _is_large(weight: np.ndarray | None) -> bool:
    return weight is not None and weight.ndim == 2 and weight.shape[1] >= LEAST_OUTPUTS


def _replace_weight(graph: Any, name: str, weight: np.ndarray) -> None:
    """Put int8 numbers, (inputs, outputs), and their scales, (outputs,), in the place of a weight."""
    from onnx import numpy_helper

    scale = np.abs(weight).max(axis=0).clip(1e-12) / LARGEST
    graph.initializer.remove(next(each for each in graph.initializer if each.name == name))
    graph.initializer.extend(
        [
            numpy_helper.from_array((weight / scale).round().astype(np.int8), f"{name}_int8"),
            numpy_helper.from_array(scale.astype(np.float32), f"{name}_scale"),
        ]
    )


def _add_rows(graph: Any, states: str) -> tuple[str, str]:
    """Add the nodes that make int8 rows of states, and return the names of the rows and of their scales."""
    add = _adder(graph, states)
    highest, lowest = (add(kind, states, "int8_last_axis", keepdims=1) for kind in ("ReduceMax", "ReduceMin"))
    largest = add("Max", highest, add("Neg", lowest))  # (..., 1)
    scale = add("Max", add("Mul", largest, "int8_step"), "int8_least")
    # The operator takes scales along one axis: (..., inputs) become (rows, inputs) for it, which copies nothing.
    scales = add("Reshape", scale, "int8_flat")  # (rows,)
    zeros = add("Expand", "int8_zero", add("Shape", scales))  # (rows,)
    table = add("Reshape", states, add("Concat", add("Shape", scales), "int8_flat", axis=0))  # (rows, inputs)
    rows = add("QuantizeLinear", table, scales, zeros, axis=0)
    return add("Reshape", rows, add("Shape", states)), scale  # (..., inputs), (..., 1)


def _add_product(graph: Any, node: Any, rows: str, scale: str) -> None:
    """Add the nodes that compute in int8 what the node, a product with a weight, computes."""
    from onnx import helper

    add = _adder(graph, node.output[0])
    weight = node.input[1]
    inputs = rows, f"{weight}_int8", "int8_one", f"{weight}_scale", "int8_zero"
    product = add("MatMulIntegerToFloat", *inputs, domain=ORT)
    graph.node.append(helper.make_node("Mul", [product, scale], list(node.output)))


def _adder(graph: Any, prefix: str) -> Callable[..., str]:
    """Return a function that adds a node to the graph and returns the name of its output."""
    from onnx import helper

    def add(operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"{prefix}_int8_{operator}_{len(graph.node)}"
        graph.node.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    return add
