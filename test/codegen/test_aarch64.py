"""AArch64 from this machine: what is compiled here runs there, on CPUs of every level, with the same bits for any number of
threads. Operators and whole models are run there by `pytest test/e2e --machine aarch64`."""
import dataclasses
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
import quern
from emulated import MACHINES, EmulatedRuntime, compile_for
from onnx import numpy_helper
from quern._compiler import find_compiler

ARM = MACHINES["aarch64"]
EXAMPLE = Path(__file__).resolve().parents[1] / "example"
# CPUs of qemu, and the best level of each.
CPUS = {"cortex-a72": "aarch64", "neoverse-n1": "aarch64+dotprod", "max": "aarch64+i8mm"}
ORDER = ["aarch64", "aarch64+dotprod", "aarch64+bf16", "aarch64+i8mm"]


def runtime(artifact, cpu="cortex-a72", threads=1, max_level=0):
    return EmulatedRuntime(dataclasses.replace(ARM, cpu=cpu), str(artifact), threads, max_level)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """y = relu(x * x + b), which the C program of the example calls."""
    folder = tmp_path_factory.mktemp("aarch64")
    onnx.save(onnx.parser.parse_model("""
        <ir_version: 8, opset_import: ["": 17]> graph (float[rows,4] x, float[4] b) => (float[rows,4] y) {
          s = Mul (x, x)
          t = Add (s, b)
          y = Relu (t)
        }"""), folder / "model.onnx")
    shutil.copy(EXAMPLE / "main.c", folder)
    return folder


@pytest.mark.parametrize("target", ORDER)
@pytest.mark.parametrize("cpu", CPUS)
def test_levels(example, target, cpu):
    """A model of one level runs where the CPU has it, and says so where not; that of all picks the CPU's best."""
    artifact = compile_for(target, example / "model.onnx", example / f"{target}.so")
    x, b = np.float32([[1, 2, 3, 4]]), np.float32([0, -5, 1, 0])
    if ORDER.index(target) > ORDER.index(CPUS[cpu]):
        with pytest.raises(quern.UnsupportedError, match="this cpu or its operating system runs none of the model's levels"):
            runtime(artifact, cpu)
        return
    model = runtime(artifact, cpu)
    assert model.level == (CPUS[cpu] if target == "aarch64" else target)
    np.testing.assert_array_equal(model.run(x, b)[0], np.maximum(x * x + b, 0))


def test_level_can_be_capped(example):
    artifact = compile_for("aarch64", example / "model.onnx", example / "capped.so")
    assert [runtime(artifact, "max", max_level=most).level for most in (1, 2, 3, 4)] == ORDER


def test_levels_share_equal_kernels(example):
    """The kernels of all levels are the same today, and in the file once."""
    artifact = compile_for("aarch64", example / "model.onnx", example / "shared.so")
    manifest = json.loads(subprocess.run([find_compiler(), "inspect", "--json", artifact], capture_output=True, text=True,
                                         check=True).stdout)
    assert manifest["levels"] == ORDER[::-1]
    names = subprocess.run(["readelf", "-Ws", artifact], capture_output=True, text=True, check=True).stdout
    for kernel in manifest["kernels"]:
        assert set(kernel["hot_loop"]) == {"neon"}
        assert f"{kernel['name']}_neon" in names and f"{kernel['name']}_i8mm" not in names


@pytest.mark.parametrize("emit, suffix", [("so", "so"), ("a", "a"), ("obj", "o")])
def test_c_program(example, emit, suffix):
    """The program of the documentation with a C compiler for the machine, and a model of each kind of file."""
    compile_for("aarch64", example / "model.onnx", example / f"model.{suffix}", f"--emit={emit}")
    subprocess.run([ARM.compiler, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-I.", "main.c", f"./model.{suffix}", "-Wl,-rpath,.",
                    "-o", f"example-{emit}"], cwd=example, check=True)
    done = subprocess.run(ARM.command(f"./example-{emit}"), cwd=example, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 0 10 16\n1 0 1 0.25\n"


def test_this_machine_says_what_the_file_is_for(example):
    artifact = compile_for("aarch64", example / "model.onnx", example / "foreign.so")
    with pytest.raises(quern.ModelError, match="cannot be loaded"):
        quern.load(artifact)


MODELS = {
    "convolution": """(float[1,16,20,20] x) => (float[1,32,20,20] y) <float[32,16,3,3] w, float[32] c> {
        t = Conv <pads = [1, 1, 1, 1]> (x, w, c)
        y = Relu (t)
    }""",
    "pointwise": """(float[1,64,28,28] x) => (float[1,32,28,28] y) <float[32,64,1,1] w> {
        y = Conv (x, w)
    }""",
    "depthwise": """(float[1,32,24,24] x) => (float[1,32,12,12] y) <float[32,1,5,5] w> {
        y = Conv <group = 32, pads = [2, 2, 2, 2], strides = [2, 2]> (x, w)
    }""",
    "depthwise_wide": """(float[1,32,h,40] x) => (float[1,32,h,40] y) <float[32,1,3,3] w> {
        y = Conv <group = 32, pads = [1, 1, 1, 1]> (x, w)
    }""",
    "lstm": """(float[3,n,32] x) => (float[3,1,n,64] y) <float[1,256,32] w, float[1,256,64] r> {
        y = LSTM <hidden_size = 64> (x, w, r)
    }""",
    "product": """(float[n,96] x) => (float[n,80] y) <float[96,80] w> {
        t = MatMul (x, w)
        y = Sigmoid (t)
    }""",
    "attention": """(float[4,33,64] x) => (float[4,33,64] y) {
        k = Transpose <perm = [0, 2, 1]> (x)
        s = MatMul (x, k)
        p = Softmax (s)
        y = MatMul (p, x)
    }""",
    "normalization": """(float[n,7,96] x) => (float[n,7,96] y) <float[96] w, float[96] c> {
        y = LayerNormalization (x, w, c)
    }""",
}


def save_model(name, path, random):
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]> graph {MODELS[name]}')
    for value in model.graph.value_info:    # the weights
        shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        model.graph.initializer.append(numpy_helper.from_array(random.standard_normal(shape, "f4"), value.name))
    onnx.save(model, path)
    return model


@pytest.mark.parametrize("name", MODELS)
def test_hot_loops_stay_in_registers(tmp_path, name):
    save_model(name, tmp_path / "model.onnx", np.random.default_rng(0))
    artifact = compile_for("aarch64", tmp_path / "model.onnx", tmp_path / "model.so")
    manifest = subprocess.run([find_compiler(), "inspect", "--json", artifact], capture_output=True, text=True, check=True).stdout
    loops = [kernel["hot_loop"]["neon"] for kernel in json.loads(manifest)["kernels"]]
    assert max(loop["instructions"] for loop in loops) >= 12
    for loop in loops:
        assert loop["stack_loads"] == loop["stack_stores"] == loop["calls"] == 0, loop


@pytest.mark.parametrize("name", MODELS)
def test_same_bits_for_any_number_of_threads(tmp_path, name):
    random = np.random.default_rng(0)
    model = save_model(name, tmp_path / "model.onnx", random)
    artifact = compile_for("aarch64", tmp_path / "model.onnx", tmp_path / "model.so")
    shape = [dim.dim_value or 50 for dim in model.graph.input[0].type.tensor_type.shape.dim]
    x = random.standard_normal(shape, "f4")
    alone, *others = (runtime(artifact, threads=threads).run(x)[0] for threads in (1, 2, 3))
    assert np.isfinite(alone).all() and np.ptp(alone) > 0
    for other in others:
        np.testing.assert_array_equal(alone.view(np.uint32), other.view(np.uint32))


def test_unknown_target_names_the_known(example):
    done = subprocess.run([find_compiler(), "compile", example / "model.onnx", "--target=aarch64+sve"], capture_output=True, text=True)
    assert done.returncode == 2
    message, known = done.stderr.split(" known: ")
    assert message == "quern: error: unknown target 'aarch64+sve'; did you mean 'aarch64'?"
    assert {"native", "x86-64", *ORDER} <= set(known.strip().split(", "))



def test_targets():
    listed = json.loads(subprocess.run([find_compiler(), "targets", "--json"], capture_output=True, text=True, check=True).stdout)
    by_name = {target["name"]: target for target in listed}
    assert [level["name"] for level in by_name["aarch64"]["levels"]] == ORDER[::-1]
    assert all(level["needs"] for target in listed for level in target["levels"])
    text = subprocess.run([find_compiler(), "targets"], capture_output=True, text=True, check=True).stdout
    assert "aarch64+dotprod  needs NEON, dotprod\n" in text
    assert "glibc 2.34" in text
