"""The C program of this folder, built by make and by CMake as a user would."""
import os
import shutil
import subprocess
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from quern._compiler import find_compiler

HERE = Path(__file__).resolve().parent
EXPECTED = "1 0 10 16\n1 0 1 0.25\n"


@pytest.fixture
def folder(tmp_path):
    """A copy of the example with a model."""
    for name in ("main.c", "Makefile", "CMakeLists.txt"):
        shutil.copy(HERE / name, tmp_path)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "x"], ["s"]), helper.make_node("Add", ["s", "b"], ["t"]), helper.make_node("Relu", ["t"], ["y"])],
        "graph", [value("x", TensorProto.FLOAT, ["rows", 4]), value("b", TensorProto.FLOAT, [4])],
        [value("y", TensorProto.FLOAT, ["rows", 4])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "model.onnx")
    return tmp_path


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_make(folder):
    run("make", f"QUERN={find_compiler()}", cwd=folder)
    assert run(folder / "example") == EXPECTED


def test_cmake(folder):
    run("cmake", "-S", folder, "-B", folder / "build", f"-DQuern_DIR={HERE.parents[1] / 'compiler/cmake'}",
        f"-DQUERN_EXECUTABLE={find_compiler()}")
    run("cmake", "--build", folder / "build")
    assert run(folder / "build" / "example") == EXPECTED


def test_moves(folder):
    """The program and the library, alone in another folder, need nothing else of Quern."""
    run("make", f"QUERN={find_compiler()}", cwd=folder)
    other = folder / "elsewhere"
    other.mkdir()
    shutil.move(folder / "example", other)
    shutil.move(folder / "model.so", other)
    assert run(other / "example", env={"PATH": os.environ["PATH"]}) == EXPECTED
