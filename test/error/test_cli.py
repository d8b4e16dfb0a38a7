"""The command line: results of the subcommands, and the exit code and the one line of each error."""
import json
import os
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from quern._compile import find_compiler

USAGE, MODEL, UNSUPPORTED, FILE = 2, 3, 4, 5


def quern(*arguments, code=0, **options):
    done = subprocess.run([find_compiler(), *map(str, arguments)], capture_output=True, text=True, **options)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """model.onnx and model.so: y = x + b, x: [rows, 4], b: [4]."""
    folder = tmp_path_factory.mktemp("cli")
    value = helper.make_tensor_value_info
    graph = helper.make_graph([helper.make_node("Add", ["x", "b"], ["y"], name="the sum")], "the graph",
                              [value("x", TensorProto.FLOAT, ["rows", 4]), value("b", TensorProto.FLOAT, [4])],
                              [value("y", TensorProto.FLOAT, ["rows", 4])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="maker")
    onnx.save(model, folder / "model.onnx")
    quern("compile", "model.onnx", "-o", "model.so", "--quiet", cwd=folder)
    np.save(folder / "x.npy", np.arange(8, dtype=np.float32).reshape(2, 4))
    np.save(folder / "b.npy", np.ones(4, np.float32))
    np.save(folder / "wrong.npy", np.ones(4))
    np.save(folder / "fortran.npy", np.asfortranarray(np.ones((2, 4), np.float32)))
    np.save(folder / "objects.npy", np.array([None]), allow_pickle=True)
    (folder / "short.npy").write_bytes((folder / "x.npy").read_bytes()[:-4])
    (folder / "text.npy").write_text("text")
    return folder


def test_run(folder, tmp_path):
    text = quern("run", "model.so", "--input", "x=x.npy", "--input", "b=b.npy", "--output", tmp_path, "--threads", 2, cwd=folder)
    assert text == "y: float32[2, 4]\n"
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), np.load(folder / "x.npy") + 1)


def test_run_on_random_arrays(folder):
    assert quern("run", "model.so", "--input", "x=random:5x4", "--input", "b=random", cwd=folder) == "y: float32[5, 4]\n"


def test_inspect(folder):
    manifest = json.loads(quern("inspect", "model.so", "--json", cwd=folder))
    assert manifest["inputs"][0] == {"name": "x", "dtype": "float32", "shape": ["rows", 4]}
    assert manifest["model"]["producer"] == "maker" and manifest["model"]["graph"] == "the graph"
    hashed = subprocess.run(["sha256sum", folder / "model.onnx"], capture_output=True, text=True).stdout.split()[0]
    assert manifest["model"]["sha256"] == hashed
    assert manifest["file_bytes"] == os.path.getsize(folder / "model.so")
    assert "input      x: float32[rows, 4]" in quern("inspect", "model.so", cwd=folder)


@pytest.mark.parametrize("model", ["model.so", "model.onnx"])
def test_explain(folder, model):
    kernels = json.loads(quern("explain", model, "--json", cwd=folder))["kernels"]
    assert kernels[0]["launches"][0]["nodes"] == "the sum (Add)"
    assert kernels[0]["hot_loop"]
    assert "the sum" in quern("explain", model, cwd=folder)


def test_bench(folder):
    rows = json.loads(quern("bench", "model.so", "--seconds", "0.02", "--threads", "1,2", "--kernels", "--json", cwd=folder))
    assert {row["threads"] for row in rows} == {1, 2} and len(rows) == 4
    assert all(0 < row["min_us"] <= row["median_us"] <= row["p99_us"] for row in rows)
    assert len(quern("bench", "model.so", "--seconds", "0.01", "--csv", cwd=folder).splitlines()) == 2
    assert "median" in quern("bench", "model.so", "--seconds", "0.01", cwd=folder)


def test_doctor():
    report = json.loads(quern("doctor", "--json"))
    assert any(level["runs"] and level["gflop_s"] > 1 for level in report["levels"])
    assert report["caches"][-1]["name"] == "memory" and all(cache["gb_s"] > 0 for cache in report["caches"])
    assert "GFLOP/s" in quern("doctor")


def test_help_and_version():
    assert quern("--version").startswith("quern ")
    text = quern("--help")
    for name in ("compile", "run", "inspect", "explain", "bench", "doctor"):
        assert f"\n  {name} " in text
    assert "--target" in quern("compile", "--help") and "--debug-pass" not in quern("compile", "--help")


@pytest.mark.parametrize("arguments, code, text", [
    (["compil", "model.onnx"], USAGE, "there is no subcommand 'compil'; did you mean 'compile'?"),
    (["frobnicate"], USAGE, "there is no subcommand 'frobnicate'; see quern --help"),
    (["compile", "--targt=native", "model.onnx"], USAGE, "did you mean '--target"),
    (["compile"], USAGE, "not enough positional"),
    (["compile", "model.onnx", "--target", "x86-46"], USAGE, "did you mean 'x86-64'"),
    (["compile", "model.onnx", "--shape", "x=axb"], USAGE, "'a' is no dim"),
    (["compile", "model.onnx", "--stop-after", "grap"], USAGE, "did you mean graph?"),
    (["compile", "missing.onnx"], FILE, "missing.onnx"),
    (["compile", "x.npy"], MODEL, "not an ONNX model"),
    (["compile", "model.onnx", "-o", "no/folder/model.so"], FILE, "no/folder"),
    (["compile", "model.onnx", "-o", "/proc/model.so"], FILE, "/proc"),
    (["compile", "model.onnx", "-o", "/dev/null"], FILE, "/dev/null"),
    (["inspect", "missing.so"], FILE, "missing.so"),
    (["inspect", "x.npy"], MODEL, "not a model compiled by Quern"),
    (["inspect", "/dev/zero"], FILE, "not a regular file"),
    (["run", "model.so"], USAGE, "input 'x' is missing"),
    (["run", "x.npy"], MODEL, "not a model compiled by Quern"),
    (["run", "model.so", "--input", "x"], USAGE, "expected name=file.npy"),
    (["run", "model.so", "--input", "z=x.npy"], USAGE, "the model's inputs are 'x', 'b'"),
    (["run", "model.so", "--input", "x=missing.npy", "--input", "b=b.npy"], FILE, "missing.npy"),
    (["run", "model.so", "--input", "x=wrong.npy", "--input", "b=b.npy"], USAGE, "x"),
    (["run", "model.so", "--input", "x=x.npy", "--input", "b=wrong.npy"], USAGE, "float64"),
    (["run", "model.so", "--input", "x=fortran.npy", "--input", "b=b.npy"], USAGE, "column-major"),
    (["run", "model.so", "--input", "x=objects.npy", "--input", "b=b.npy"], USAGE, "dtype is '|O'"),
    (["run", "model.so", "--input", "x=short.npy", "--input", "b=b.npy"], USAGE, "truncated"),
    (["run", "model.so", "--input", "x=text.npy", "--input", "b=b.npy"], USAGE, "no .npy file"),
    (["run", "model.so", "--input", "x=random:2xq", "--input", "b=b.npy"], USAGE, "'q' is no dim"),
    (["run", "model.so", "--input", "x=random:999999999999x4", "--input", "b=b.npy"], USAGE, "too large"),
    (["run", "model.so", "--input", "x=x.npy", "--input", "b=b.npy", "--output", "/proc/folder"], FILE, "/proc/folder"),
    (["run", "model.so", "--threads", "-1"], USAGE, "--threads=-1"),
    (["run", "model.so", "--max-level", "1"], UNSUPPORTED, "level"),
    (["bench", "model.so", "--threads", "0"], USAGE, "--threads=0"),
    (["bench", "model.so", "--seconds", "0"], USAGE, "--seconds=0"),
])
def test_errors(folder, arguments, code, text):
    error = quern(*arguments, code=code, cwd=folder)
    assert error.startswith("quern: error: ") and error.count("\n") == 1
    assert text in error
