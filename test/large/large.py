"""A model of more than 2 GB, its table in external data, compiled and run: make check-large.

The table is a sparse file, so it costs no disk; the artifact holds its bytes and does. Offsets of weights, relocations
to and across them, and the compiler's memory all meet sizes beyond 32 bits here.
"""
import sys
from pathlib import Path

import numpy as np
from onnx import StringStringEntryProto, TensorProto, helper, numpy_helper, save

import quern

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from compile_time import measure

WIDTH = 256
ROWS = (5 << 29) // (4 * WIDTH)    # 2.5 GB of float32
MARKS = {0: 1.0, 2**31 // (4 * WIDTH) + 3: 2.0, ROWS - 1: 3.0}    # rows that are not zero, on both sides of 2^31 bytes


def write_table(path):
    with open(path, "wb") as file:
        file.truncate(ROWS * WIDTH * 4)
        for row, value in MARKS.items():
            file.seek(row * WIDTH * 4)
            file.write(np.full(WIDTH, value, np.float32).tobytes())


def lookup_and_product(weight):
    """y = table[i] @ weight + bias: weights stand before and behind the table in the artifact."""
    table = TensorProto(name="table", data_type=TensorProto.FLOAT, dims=[ROWS, WIDTH],
                        data_location=TensorProto.EXTERNAL,
                        external_data=[StringStringEntryProto(key="location", value="table.bin")])
    bias = np.arange(weight.shape[1], dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "i"], ["rows"]), helper.make_node("MatMul", ["rows", "weight"], ["product"]),
         helper.make_node("Add", ["product", "bias"], ["y"])],
        "large", [helper.make_tensor_value_info("i", TensorProto.INT64, ["n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", weight.shape[1]])],
        [table, numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), bias


def test_compile_and_run(tmp_path):
    weight = np.random.default_rng(1).standard_normal((WIDTH, 32)).astype(np.float32)
    model, bias = lookup_and_product(weight)
    save(model, tmp_path / "large.onnx")
    write_table(tmp_path / "table.bin")

    row = measure(ROOT / "build/bin/quern", tmp_path / "large.onnx", "native", artifact=tmp_path / "large.so")
    assert row["verdict"] in ("ok", "missed"), row
    assert row["anonymous MB"] < 300, row    # the table is mapped, never copied
    assert row["artifact MB"] > 2500, row

    rows = np.array(list(MARKS) + [5], np.int64)
    values = np.array(list(MARKS.values()) + [0], np.float32)
    (y,) = quern.load(tmp_path / "large.so").run(None, {"i": rows})
    np.testing.assert_allclose(y, values[:, None] * weight.sum(0) + bias, rtol=1e-4, atol=1e-4)
    print(row)
