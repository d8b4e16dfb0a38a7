"""Runs lower-model, the import and the lowering without the rest of the compiler."""
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

BUILD = Path(os.environ.get("QUERN_BUILD", Path(__file__).resolve().parents[4] / "build"))

DTYPES = {
    "f64": np.float64, "f32": np.float32, "f16": np.float16, "i8": np.int8, "i16": np.int16, "i32": np.int32,
    "i64": np.int64, "ui8": np.uint8, "ui16": np.uint16, "ui32": np.uint32, "ui64": np.uint64, "i1": np.bool_,
}


def lower(model, tmp_path, *flags):
    """The completed process of lower-model on a ModelProto."""
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    return subprocess.run([BUILD / "bin" / "lower-model", path, *flags], capture_output=True, text=True, timeout=120)


def graph_of(model, tmp_path):
    """The graph dialect's text of a model, which must lower."""
    process = lower(model, tmp_path, "--fold")
    assert process.returncode == 0, process.stderr
    return process.stdout


def fold(model, tmp_path):
    """The values of a model whose inputs are all constants: arrays, None where one is not known at compile time or has
    elements that NumPy lacks."""
    process = lower(model, tmp_path, "--fold", "--values")
    assert process.returncode == 0, process.stderr
    return [parse_value(line) for line in process.stdout.splitlines()]


def parse_value(line):
    type_text, data = line.rsplit(" ", 1)
    match = re.fullmatch(r"tensor<((?:\d+x)*)(\w+)>", type_text)
    if data == "?" or not match or match[2] not in DTYPES:
        return None
    dims = [int(extent) for extent in match[1].split("x") if extent]
    return np.frombuffer(bytes.fromhex(data), DTYPES[match[2]]).reshape(dims)


def node_model(op_type, inputs, outputs=1, opset=21, constant=True, **attributes):
    """A model of one node. `inputs` are arrays, or None for one that is left out. Those that `constant` counts (True: all,
    False: none) are constants, the others the graph's inputs."""
    names = [f"x{i}" if value is not None else "" for i, value in enumerate(inputs)]
    given = [(name, value) for name, value in zip(names, inputs) if value is not None]
    node = helper.make_node(op_type, names, [f"y{i}" for i in range(outputs)], **attributes)
    fixed = range(len(names)) if constant is True else constant or []
    initializers = [numpy_helper.from_array(value, name) for name, value in given if int(name[1:]) in fixed]
    infos = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
             for name, value in given if int(name[1:]) not in fixed]
    results = [helper.make_empty_tensor_value_info(f"y{i}") for i in range(outputs)]
    graph = helper.make_graph([node], "case", infos, results, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
