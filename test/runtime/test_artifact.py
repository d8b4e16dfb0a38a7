"""What a compiled model takes from the system and shows of itself, and what many threads may ask of it."""
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from emulated import MACHINES
from quern._compiler import find_compiler

ROOT = Path(__file__).resolve().parents[2]
# What kernels and the host function may call beside what the runtime does.
MEMORY = {"memcpy", "memset", "memmove"}


@dataclass(frozen=True)
class Target:
    name: str
    imports: str    # the list of what the runtime takes
    compiler: tuple    # of C
    run: tuple    # before the command line of a program
    note: str    # of the control-flow protection


TARGETS = [Target("x86-64", "imports-x86_64.txt", ("cc",), (), "IBT, SHSTK"),
           Target("aarch64", "imports-aarch64.txt", ("aarch64-linux-gnu-gcc",), tuple(MACHINES["aarch64"].command()), "BTI")]


@pytest.fixture(scope="module", params=TARGETS, ids=lambda target: target.name)
def target(request):
    return request.param


@pytest.fixture(scope="module")
def folder(tmp_path_factory, target):
    """model.so: y = relu(x w), all shapes static; other.so: softmax, resize and a loop over dynamic shapes."""
    folder = tmp_path_factory.mktemp("artifact")
    value = helper.make_tensor_value_info
    weight = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["t"]), helper.make_node("Relu", ["t"], ["y"])], "graph",
                              [value("x", TensorProto.FLOAT, [16, 64])], [value("y", TensorProto.FLOAT, [16, 64])],
                              [numpy_helper.from_array(weight, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "model.onnx")
    (folder / "other.onnx").write_bytes(onnx.parser.parse_model("""
        <ir_version: 8, opset_import: ["": 17]> g (float[n,c] x, int64[1] count) => (float[n,c] y, float[m] z) {
          s = Softmax (x)
          p = Erf (s)
          yes = Constant <value_int = 1> ()
          go = Cast <to = 9> (yes)
          last, all = Loop <body = b (int64 i, bool on, float[n,c] a) => (bool on2, float[n,c] b, float[k] e) {
            on2 = Identity (on)
            b = Pow (a, a)
            f = Constant <value_ints = [-1]> ()
            e = Reshape (b, f)
          }> (count, go, p)
          y = Tanh (last)
          flat = Constant <value_ints = [-1]> ()
          z = Reshape (all, flat)
        }""").SerializeToString())
    for name in ("model", "other"):
        subprocess.run([find_compiler(), "compile", f"{name}.onnx", "-o", f"{name}.so", "--quiet", f"--target={target.name}"], cwd=folder, check=True)
    return folder


def readelf(path, *options):
    return subprocess.run(["readelf", "-W", *options, path], capture_output=True, text=True, check=True).stdout


def symbols(path):
    """(undefined, defined) names of the dynamic symbol table."""
    rows = [line.split() for line in readelf(path, "--dyn-syms").splitlines() if re.match(r"\s*\d+:", line)]
    names = [(row[6], row[7].split("@")[0]) for row in rows if len(row) > 7]
    return {name for section, name in names if section == "UND"}, {name for section, name in names if section != "UND"}


@pytest.mark.parametrize("name", ["model", "other"])
def test_imports_are_the_runtimes(folder, target, name):
    """Nothing that aborts, exits, prints, opens a file or reads the environment."""
    allowed = set(re.findall(r"^\w+$", (ROOT / "runtime" / target.imports).read_text(), re.MULTILINE)) | MEMORY
    undefined, _ = symbols(folder / f"{name}.so")
    assert undefined - allowed == set()
    assert not {"getenv", "secure_getenv", "environ", "abort", "exit", "write"} & allowed


@pytest.mark.parametrize("name", ["model", "other"])
def test_exports_are_the_interface(folder, name):
    header = (ROOT / "runtime" / "include" / "quern" / "runtime.h").read_text()
    interface = set(re.findall(r"\b(quern_\w+)\(", header)) | {"quern_model_descriptor", name, f"{name}_model_descriptor"}
    _, defined = symbols(folder / f"{name}.so")
    assert defined - interface == set()
    assert {"quern_run", "quern_model_open", "quern_model_descriptor"} <= defined


@pytest.mark.parametrize("name", ["model", "other"])
def test_is_hardened(folder, target, name):
    dynamic, segments = readelf(folder / f"{name}.so", "-d"), readelf(folder / f"{name}.so", "-l")
    assert "NOW" in dynamic and "GNU_RELRO" in segments                        # full RELRO
    assert "TEXTREL" not in dynamic and "RPATH" not in dynamic and "RUNPATH" not in dynamic
    assert re.findall(r"NEEDED.*\[(.*)\]", dynamic) == ["libc.so.6"]
    stack, = re.findall(r"GNU_STACK.*", segments)
    assert "RWE" not in segments and "E" not in stack.split()[6]
    notes = readelf(folder / f"{name}.so", "-n")
    assert "NT_GNU_BUILD_ID" in notes and target.note in notes


def test_environment_is_not_read(folder):
    """Not the environment's names, nor any of ours, stand in the artifact."""
    for name in ("model", "other"):
        assert not re.findall(rb"QUERN_[A-Z]+\0", (folder / f"{name}.so").read_bytes())


@pytest.fixture(scope="module")
def calls(folder, target):
    source = Path(__file__).with_name("calls.c")
    subprocess.run([*target.compiler, "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I.", source, "./model.so", "-Wl,-rpath,$ORIGIN", "-lpthread",
                    "-o", "calls"], cwd=folder, check=True)
    return folder / "calls"


@pytest.mark.parametrize("threads", [1, 64])
def test_threads_share_a_model_and_runs_allocate_nothing(calls, target, threads):
    done = subprocess.run([*target.run, calls, str(threads), "50"], check=True, capture_output=True, text=True, timeout=120)
    assert done.stdout == "allocations 0, differences 0\n"
