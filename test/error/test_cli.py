"""The command line: results of the subcommands, and the exit code and the one line of each error."""
import json
import os
import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from quern._compiler import find_compiler

USAGE, MODEL, UNSUPPORTED, FILE = 2, 3, 4, 5


def quern(*arguments, code=0, **options):
    done = subprocess.run([find_compiler(), *map(str, arguments)], capture_output=True, text=True, **options)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def spoil(folder):
    """Libraries that are damaged in one place each, and model.a."""
    quern("compile", "model.onnx", "--emit=a", "-o", "model.a", "--quiet", "--no-header", cwd=folder)
    library = (folder / "model.so").read_bytes()
    (folder / "half.so").write_bytes(library[:len(library) // 2])
    (folder / "bare.so").write_bytes(library.replace(b"\0quern_model_descriptor\0", b"\0quern_model_descriptoX\0"))
    (folder / "level.so").write_bytes(library.replace(b"x86-64-v4", b"x86-64-v9").replace(b"x86-64-v3", b"x86-64-v8"))
    begin = library.index(b'{"abi"')
    end = library.index(b"\0", begin)
    for name, manifest in [("broken", b"{"), ("number", b"1"), ("nested", b"[" * 200 + b"]" * 200)]:
        (folder / f"{name}.so").write_bytes(library[:begin] + manifest.ljust(end - begin) + library[end:])
    weights = helper.make_tensor("w", TensorProto.FLOAT, [4096], np.ones(4096))
    graph = helper.make_graph([helper.make_node("Cast", ["w"], ["small"], to=TensorProto.FLOAT8E4M3FN, name="large"),
                               helper.make_node("Cast", ["small"], ["y"], to=TensorProto.FLOAT)], "graph", [],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4096])], [weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9), folder / "float8.onnx")


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
    whole = (folder / "x.npy").read_bytes()
    (folder / "cut.npy").write_bytes(whole[:20])
    (folder / "shape.npy").write_bytes(whole.replace(b"(2, 4)", b"(2, q)"))
    spoil(folder)
    np.save(folder / "big.npy", np.ones((2, 4), ">f4"))
    np.save(folder / "fields.npy", np.zeros(2, [("a", "f4")]))
    np.save(folder / "deep.npy", np.ones((1,) * 9, np.float32))
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
    for name in ("compile", "run", "inspect", "explain", "bench", "targets", "doctor"):
        assert f"\n  {name} " in text
    assert "--target" in quern("compile", "--help") and "--debug-pass" not in quern("compile", "--help")


@pytest.mark.parametrize("arguments, code, text", [
    (["compil", "model.onnx"], USAGE, "there is no subcommand 'compil'; did you mean 'compile'?"),
    (["frobnicate"], USAGE, "there is no subcommand 'frobnicate'; see quern --help"),
    (["compile", "--targt=native", "model.onnx"], USAGE, "did you mean '--target"),
    (["compile"], USAGE, "not enough positional"),
    (["compile", "model.onnx", "--target", "x86-46"], USAGE, "did you mean 'x86-64'"),
    (["compile", "model.onnx", "--shape", "x=axb"], USAGE, "--shape 'x=axb': 'a' is no dim: expected a number or '?'"),
    (["compile", "model.onnx", "--shape", "x"], USAGE, "--shape 'x': expected name=1x3x224x224"),
    (["compile", "model.onnx", "--shape", "x=1"], USAGE, "--shape gives 1 dims for 'x', which has 2"),
    (["compile", "model.onnx", "--shape", "x=1x5"], USAGE, "--shape gives 5 for axis 1 of 'x', which is 4 in the model"),
    (["compile", "model.onnx", "--shape", "q=1x5"], USAGE, "--shape names 'q', but the model's inputs are 'x', 'b'"),
    (["compile", "x.npy", "--start-at", "graph"], MODEL, "'x.npy' is not the text of a phase: line 1, column 1: "),
    (["compile", "model.onnx", "--start-at", "import"], USAGE, "--start-at=import: the first phase reads a model file, not a text"),
    (["compile", "none.mlir", "--start-at", "graph"], FILE, "'none.mlir' cannot be read: No such file"),
    (["compile", "model.onnx", "--start-at", "zzzzzz"], USAGE, "--start-at=zzzzzz: there is no such phase"),
    (["compile", "model.onnx", "--stop-after", "grap"], USAGE, "--stop-after=grap: there is no such phase; did you mean graph?"),
    (["compile", "missing.onnx"], FILE, "missing.onnx"),
    (["compile", "x.npy"], MODEL, "not an ONNX model"),
    (["compile", "model.onnx", "-o", "no/folder/model.so"], FILE, "no/folder"),
    (["compile", "model.onnx", "-o", "/proc/model.so"], FILE, "/proc"),
    (["compile", "model.onnx", "-o", "/dev/null"], FILE, "/dev/null"),
    (["inspect", "missing.so"], FILE, "missing.so"),
    (["inspect", "x.npy"], MODEL, "not a model compiled by Quern"),
    (["inspect", "/dev/zero"], FILE, "not a regular file"),
    (["run", "model.so"], USAGE, "input 'x' is missing: give --input x=file.npy or --input x=random"),
    (["run", "x.npy"], MODEL, "not a model compiled by Quern"),
    (["run", "model.so", "--input", "x"], USAGE, "--input 'x': expected name=file.npy or name=random"),
    (["run", "model.so", "--input", "z=x.npy"], USAGE, "the model's inputs are 'x', 'b'"),
    (["run", "model.so", "--input", "x=missing.npy", "--input", "b=b.npy"], FILE, "missing.npy"),
    (["run", "model.so", "--input", "x=wrong.npy", "--input", "b=b.npy"], USAGE, "x"),
    (["run", "model.so", "--input", "x=x.npy", "--input", "b=wrong.npy"], USAGE, "float64"),
    (["run", "model.so", "--input", "x=fortran.npy", "--input", "b=b.npy"], USAGE, "it is in column-major order; save np.ascontiguousarray(x)"),
    (["run", "model.so", "--input", "x=objects.npy", "--input", "b=b.npy"], USAGE, "its dtype is '|O', which no input can have"),
    (["run", "model.so", "--input", "x=short.npy", "--input", "b=b.npy"], USAGE, "is truncated: its shape needs more than its 28 bytes of data"),
    (["run", "model.so", "--input", "x=cut.npy", "--input", "b=b.npy"], USAGE, "'cut.npy' is truncated"),
    (["run", "model.so", "--input", "x=big.npy", "--input", "b=b.npy"], USAGE, "it is big-endian; save x.astype(x.dtype.newbyteorder('<'))"),
    (["run", "model.so", "--input", "x=fields.npy", "--input", "b=b.npy"], USAGE, "its header is damaged, or it has fields"),
    (["run", "model.so", "--input", "x=shape.npy", "--input", "b=b.npy"], USAGE, "its shape is damaged"),
    (["run", "model.so", "--input", "x=deep.npy", "--input", "b=b.npy"], USAGE, "'deep.npy' has 9 dims, at most 8 are possible"),
    (["run", "model.so", "--input", "x=text.npy", "--input", "b=b.npy"], USAGE, "'text.npy' is no .npy file"),
    (["run", "model.so", "--input", "x=random:2xq", "--input", "b=b.npy"], USAGE, "'q' is no dim: expected random:1x3x224x224"),
    (["run", "model.so", "--input", "x=random:999999999999x4", "--input", "b=b.npy"], USAGE, "an array of that shape is too large"),
    (["run", "model.so", "--input", "x=x.npy", "--input", "b=b.npy", "--output", "/proc/folder"], FILE, "cannot make the folder '/proc/folder'"),
    (["run", "model.so", "--threads", "-1"], USAGE, "--threads=-1: expected a number of at least 1"),
    (["run", "model.so", "--max-level", "1"], UNSUPPORTED, "level"),
    (["bench", "model.so", "--threads", "0"], USAGE, "--threads=0: expected numbers of at least 1"),
    (["bench", "model.so", "--seconds", "0"], USAGE, "--seconds=0.00: expected a time above 0"),
    (["run", "bare.so", "--input", "x=x.npy", "--input", "b=b.npy"], MODEL, "'bare.so' has no descriptor: it is not a shared library that Quern linked"),
    (["run", "model.a", "--input", "x=x.npy", "--input", "b=b.npy"], MODEL, "cannot load 'model.a'"),
    (["bench", "model.so", "--json", "--csv"], USAGE, "--json and --csv: choose one"),
    (["bench", "level.so"], MODEL, ", which this version does not know"),
    (["inspect", "half.so"], MODEL, "'half.so' is damaged: "),
    (["inspect", "broken.so"], MODEL, "'broken.so': its manifest is damaged: "),
    (["inspect", "number.so"], MODEL, "'number.so': its manifest is damaged: not an object"),
    (["inspect", "nested.so"], MODEL, "'nested.so': its manifest is too large or nested too deep"),
    (["compile", "float8.onnx"], UNSUPPORTED, "node 'large' (Cast, opset 19): computes float8e4m3fn[4096]; such elements are supported in constants only"),
    (["compile", "bare.so"], MODEL, "is not an ONNX model"),
    (["compile", "model.onnx", "--timeout", "x"], USAGE, "for the --timeout option: 'x' value invalid for uint argument"),
])
def test_errors(folder, arguments, code, text):
    error = quern(*arguments, code=code, cwd=folder)
    assert error.startswith("quern: error: ") and error.count("\n") == 1
    assert text in error
