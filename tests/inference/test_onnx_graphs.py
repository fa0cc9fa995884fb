"""Changes of graphs: half weights are exact; simple norms and int8 products are near, and rows stay apart."""

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from biodir.inference.onnx_graphs import with_half_weights, with_simple_norms
from biodir.inference.onnx_int8 import with_int8_products

RANDOM = np.random.default_rng(3)
WEIGHT = RANDOM.standard_normal((64, 48)).astype(np.float16).astype(np.float32)
STATES = RANDOM.standard_normal((1, 5, 64)).astype(np.float32)


def model_of(*nodes, **weights):
    """Return a model from `states`, (1, tokens, 64), to `found`."""
    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()]
    states = helper.make_tensor_value_info("states", TensorProto.FLOAT, [1, "tokens", 64])
    found = helper.make_tensor_value_info("found", TensorProto.FLOAT, None)
    graph = helper.make_graph([*nodes], "graph", [states], [found], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def product(weight=WEIGHT):
    return model_of(helper.make_node("MatMul", ["states", "weight"], ["found"]), weight=weight)


def run(model, states=STATES):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"states": states})[0]


def test_half_weights_change_nothing_but_the_size():
    expected, size = run(product()), product().ByteSize()
    half = with_half_weights(product())
    assert np.array_equal(run(half), expected)
    assert half.ByteSize() < 0.6 * size


@pytest.mark.parametrize("weight", [WEIGHT * np.float32(1.0001), WEIGHT * np.float32(1e6)])
def test_weights_that_half_precision_cannot_hold_stay(weight):
    before = product(weight).SerializeToString()
    assert with_half_weights(product(weight)).SerializeToString() == before


def test_simple_norms_are_norms():
    norm = helper.make_node("LayerNormalization", ["states", "scale", "bias"], ["found"], axis=-1, epsilon=1e-5)
    weights = {"scale": RANDOM.standard_normal(64), "bias": RANDOM.standard_normal(64)}
    weights = {name: value.astype(np.float32) for name, value in weights.items()}
    expected, changed = run(model_of(norm, **weights)), with_simple_norms(model_of(norm, **weights))
    assert "LayerNormalization" not in {node.op_type for node in changed.graph.node}
    np.testing.assert_allclose(run(changed), expected, atol=2e-6)


def test_int8_products_are_near_and_small():
    changed = with_int8_products(product())
    assert changed.ByteSize() < 0.4 * product().ByteSize()
    expected = run(product())
    assert np.abs(run(changed) - expected).max() < 0.02 * np.abs(expected).max()
    assert not np.array_equal(run(changed), expected)


def test_row_of_int8_products_does_not_depend_on_other_rows():
    changed = with_int8_products(product())
    large = np.concatenate([STATES, 1000 * STATES], axis=1)
    assert np.array_equal(run(changed, large)[:, :5], run(changed))


def test_row_of_zeros_stays_one():
    assert not run(with_int8_products(product()), np.zeros_like(STATES)).any()


def test_small_weights_and_products_of_states_stay():
    small = product(WEIGHT[:, :8])
    assert np.array_equal(run(with_int8_products(small)), run(product(WEIGHT[:, :8])))
