"""Weights are packed one after another: the compiler never holds all of them twice."""
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from compile_time import measure, memory_limits


def products(count, width):
    """A chain of matrix products whose weights all have to be packed."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"]) for i in range(count)], "products",
        [helper.make_tensor_value_info("x0", TensorProto.FLOAT, ["n", width])],
        [helper.make_tensor_value_info(f"x{count}", TensorProto.FLOAT, ["n", width])],
        [numpy_helper.from_array(np.full((width, width), i, np.float32), f"w{i}") for i in range(count)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def test_limits_grow_with_the_initializers():
    assert memory_limits(0) == (300e6, 200e6)
    assert memory_limits(1e9) == (1800e6, 1300e6)


def test_compile_stays_within_its_memory(tmp_path):
    model = tmp_path / "products.onnx"
    save(products(6, 2304), model)
    row = measure(ROOT / "build/bin/quern", model, "native")
    assert row["verdict"] in ("ok", "missed"), row  # a busy machine may be slow, not larger
    assert row["anonymous MB"] <= row["goal MB"], row
    assert row["artifact MB"] > 127  # all of the weights are there
