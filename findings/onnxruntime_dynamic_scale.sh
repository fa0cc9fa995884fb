#!/usr/bin/env bash
# A model that onnxruntime 1.32.0 quantized dynamically computes a row otherwise beside another row.
#
# quantize_dynamic puts DynamicQuantizeLinear before each product. It finds one scale for the complete input, all rows of
# a batch together: a row with large values makes that of its neighbours coarse. So the score of a document depends on
# the documents that share its batch, and on the padding, and a run that is repeated with another batch size differs.
#
# biodir's int8 graphs have a scale for each token. Seen with onnxruntime 1.32.0 and onnx 1.23.2. Exit status 0 as long as
# onnxruntime behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "onnxruntime==1.32.0" "onnx==1.23.2" numpy
cat > "$folder/quantize.py" <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import quantize_dynamic

plain, quantized = f"{sys.argv[1]}/plain.onnx", f"{sys.argv[1]}/quantized.onnx"
weight = onnx.numpy_helper.from_array(np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3), "weight")
number = onnx.TensorProto.FLOAT
graph = onnx.helper.make_graph(
    [onnx.helper.make_node("MatMul", ["rows", "weight"], ["scores"])],
    "scores",
    [onnx.helper.make_tensor_value_info("rows", number, ["batch", 4])],
    [onnx.helper.make_tensor_value_info("scores", number, ["batch", 3])],
    [weight],
)
onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9), plain)
quantize_dynamic(plain, quantized)
row = np.array([[0.11, -0.23, 0.31, 0.07]], dtype=np.float32)
neighbour = np.array([[90.0, -75.0, 60.0, 80.0]], dtype=np.float32)
for name in (plain, quantized):
    session = onnxruntime.InferenceSession(name)
    alone = session.run(None, {"rows": row})[0][0]
    beside = session.run(None, {"rows": np.concatenate([row, neighbour])})[0][0]
    print(name.rsplit("/", 1)[1], "alone", alone.round(3).tolist(), "beside another", beside.round(3).tolist())
PYTHON
found=$("$folder/venv/bin/python" "$folder/quantize.py" "$folder" 2>/dev/null)
echo "$found"
# Seen: plain.onnx [0.067, 0.115, 0.162] both times; quantized.onnx [0.069, 0.116, 0.163] alone, [0, 0, 0] beside another.
python3 - "$found" <<'PYTHON'
import re
import sys

same = {}
for line in sys.argv[1].splitlines():
    name, alone, beside = re.fullmatch(r"(\S+) alone (\[.*\]) beside another (\[.*\])", line).groups()
    same[name] = alone == beside
sys.exit(same != {"plain.onnx": True, "quantized.onnx": False})
PYTHON
