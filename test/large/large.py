"""Models of more than 2 GB and of more than 4 GB, their table in external data, compiled and run: make check-large.

The table is a sparse file, so it costs no disk; the artifact holds its bytes and does. Offsets of weights, relocations
to and across them, what a page-relative address reaches (4 GB on AArch64), and the compiler's memory all meet sizes beyond
32 bits here.
"""
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import StringStringEntryProto, TensorProto, helper, numpy_helper, save

import quern
from emulated import MACHINES, EmulatedRuntime, missing

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from compile_time import measure

WIDTH = 256
ROW_BYTES = 4 * WIDTH


def marks(rows):
    """Rows that are not zero: the first, the last, and those behind 2^31 and 2^32 bytes that the table has."""
    places = [0, *(row for row in (2**31 // ROW_BYTES + 3, 2**32 // ROW_BYTES + 3) if row < rows), rows - 1]
    return {row: float(number + 1) for number, row in enumerate(places)}


def write_table(path, rows):
    with open(path, "wb") as file:
        file.truncate(rows * ROW_BYTES)
        for row, value in marks(rows).items():
            file.seek(row * ROW_BYTES)
            file.write(np.full(WIDTH, value, np.float32).tobytes())


def lookup_and_product(weight, rows):
    """y = table[i] @ weight + bias: weights stand before and behind the table in the artifact."""
    table = TensorProto(name="table", data_type=TensorProto.FLOAT, dims=[rows, WIDTH],
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


def run(target, artifact, rows):
    if target == "native":
        return quern.load(artifact).run(None, {"i": rows})
    return EmulatedRuntime(MACHINES[target], str(artifact), threads=2, max_level=0).run(rows)


@pytest.mark.parametrize("gigabytes", [2.5, 4.5])
@pytest.mark.parametrize("target", ["native", "aarch64"])
def test_compile_and_run(tmp_path, target, gigabytes):
    if target != "native" and (tools := missing(MACHINES[target])):
        pytest.skip(f"{' and '.join(tools)} not found")
    rows = int(gigabytes * 2**30) // ROW_BYTES
    weight = np.random.default_rng(1).standard_normal((WIDTH, 32)).astype(np.float32)
    model, bias = lookup_and_product(weight, rows)
    save(model, tmp_path / "large.onnx")
    write_table(tmp_path / "table.bin", rows)
    artifact = tmp_path / "large.so"
    try:
        row = measure(ROOT / "build/bin/quern", tmp_path / "large.onnx", target, artifact=artifact)
        assert row["verdict"] in ("ok", "missed"), row
        assert row["anonymous MB"] < 300, row    # the table is mapped, never copied
        assert row["artifact MB"] > gigabytes * 1000, row

        marked = marks(rows)
        indices = np.array([*marked, 5], np.int64)
        values = np.array([*marked.values(), 0], np.float32)
        (y,) = run(target, artifact, indices)
        np.testing.assert_allclose(y, values[:, None] * weight.sum(0) + bias, rtol=1e-4, atol=1e-4)
        print(row)
    finally:
        artifact.unlink(missing_ok=True)    # of gigabytes, and pytest keeps the folders of its last runs
