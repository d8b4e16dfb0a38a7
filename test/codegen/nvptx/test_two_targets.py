"""sm_80,x86-64: one artifact that runs on the device where there is one, and else on the processor."""
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from emulated import CUDA, MACHINES, EmulatedRuntime, compile_for
from quern._compiler import find_compiler

DEVICE = MACHINES["sm_80"]
ABSENT = dataclasses.replace(DEVICE, emulator=("env", "LD_LIBRARY_PATH=", "CUDA_VISIBLE_DEVICES="))
pytestmark = pytest.mark.skipif(not (CUDA / "libcuda.so.1").exists(), reason="the interpreter is not built: ninja ptxDriver")


def save(path):
    """A convolution, whose weight the processor wants packed, and a product, whose bias both want as it is."""
    random = np.random.default_rng(0)
    model = onnx.parser.parse_model("""
        <ir_version: 8, opset_import: ["": 17]>
        model (float[batch,16,9,9] x) => (float[batch,8] y) {
          c = Conv <pads = [1,1,1,1]> (x, w, b)
          r = Relu (c)
          p = GlobalAveragePool (r)
          f = Flatten (p)
          m = MatMul (f, v)
          y = Add (m, d)
        }""")
    for name, shape in {"w": (32, 16, 3, 3), "b": (32,), "v": (32, 8), "d": (8,)}.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(random.standard_normal(shape)), name))
    onnx.save(model, path)


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    save(folder / "m.onnx")
    return {target: compile_for(target, folder / "m.onnx", folder / f"m{index}.so")
            for index, target in enumerate(("sm_80,x86-64", "sm_80", "x86-64"))}


def quern(*arguments):
    """The command where there is no device."""
    return subprocess.run([find_compiler(), *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})


@pytest.mark.parametrize("machine, alone", [(DEVICE, "sm_80"), (ABSENT, "x86-64")], ids=["device", "no device"])
def test_runs_as_the_model_of_the_one_target_does(artifacts, machine, alone):
    both, one = (EmulatedRuntime(machine, str(artifacts[target]), 1, 0) for target in ("sm_80,x86-64", alone))
    for batch in (1, 3):
        x = np.float32(np.random.default_rng(batch).standard_normal((batch, 16, 9, 9)))
        np.testing.assert_array_equal(both.run(x)[0], one.run(x)[0])


def test_the_manifest_and_the_commands_show_both(artifacts):
    manifest = json.loads(quern("inspect", "--json", artifacts["sm_80,x86-64"]).stdout)
    assert manifest["target"] == "sm_80,x86-64" and manifest["processor"]["target"] == "x86-64"
    assert all("threads" in kernel for kernel in manifest["kernels"])
    assert not any("threads" in kernel for kernel in manifest["processor"]["kernels"])
    alone = json.loads(quern("inspect", "--json", artifacts["x86-64"]).stdout)
    assert [kernel["algorithm"] for kernel in manifest["processor"]["kernels"]] == [kernel["algorithm"] for kernel in alone["kernels"]]
    kernels = len(alone["kernels"])
    assert f"processor  x86-64, {kernels} kernels, without the device" in quern("inspect", artifacts["sm_80,x86-64"]).stdout
    assert "sm_80,x86-64" in quern("targets").stdout
    # Where there is no device, the launches that are measured are the processor's.
    measured = quern("bench", artifacts["sm_80,x86-64"], "--kernels", "--json", "--seconds", "0.01")
    assert measured.returncode == 0, measured.stderr
    names = {row["name"] for row in json.loads(measured.stdout)}
    assert {site["name"] for site in manifest["processor"]["sites"]} <= names


def test_the_processor_can_be_asked_for(artifacts):
    """In a process that has the device."""
    program = f"""
import numpy, quern
from c_interface import Cuda
cuda = Cuda({str(CUDA / 'libcuda.so.1')!r})
x = numpy.ones((1, 16, 9, 9), numpy.float32)
results = {{device: model(x) for device in (None, "cuda", "cpu") for model in [quern.load({str(artifacts['sm_80,x86-64'])!r}, device=device)]
            if model.device == ("cpu" if device == "cpu" else "cuda:0")}}
assert len(results) == 3 and cuda.count("kernel") > 0
numpy.testing.assert_allclose(results["cpu"], results["cuda"], rtol=1e-4)
model = quern.load({str(artifacts['sm_80,x86-64'])!r}, device="cpu")
assert len(model.kernels) == len(model.manifest["sites"]) and model.manifest["target"] == "x86-64"
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def test_equal_weights_are_there_once(artifacts):
    data = {target: artifacts[target].read_bytes() for target in artifacts}
    bias = np.float32(np.random.default_rng(0).standard_normal(32 * 16 * 9 + 32)[-32:]).tobytes()
    assert all(data[target].count(bias) == 1 for target in data)


def test_compiles_to_the_same_bytes(artifacts, tmp_path):
    save(tmp_path / "m.onnx")
    again = compile_for("x86-64,sm_80", tmp_path / "m.onnx", tmp_path / "m0.so")
    assert again.read_bytes() == artifacts["sm_80,x86-64"].read_bytes()


def test_static_library_holds_both(artifacts, tmp_path):
    save(tmp_path / "m.onnx")
    compile_for("sm_80,x86-64", tmp_path / "m.onnx", tmp_path / "m.a", "--emit=a")
    manifest = json.loads(quern("inspect", "--json", tmp_path / "m.a").stdout)
    assert manifest["processor"]["target"] == "x86-64"


@pytest.mark.parametrize("arguments, message", [
    (["--target", "sm_80,sm_90a"], "error: targets 'sm_80,sm_90a' do not go into one artifact; a device and the processor beside it "
                                   "do, as in sm_80,x86-64"),
    (["--target", "sm_80,aarch64"], "do not go into one artifact"),
    (["--target", "x86-64,x86-64-v3"], "do not go into one artifact"),
    (["--target", "sm_80,x86"], "error: unknown target 'x86'; did you mean 'x86-64'?"),
    (["--target", "sm_80,x86-64", "--stop-after", "fuse"],
     "error: the text of a phase is of one target, but --target=sm_80,x86-64 names two; name one of them"),
    (["--target", "sm_80,x86-64", "--emit=asm"], "names two; name one of them"),
])
def test_refuses_what_does_not_go_together(tmp_path, arguments, message):
    save(tmp_path / "m.onnx")
    done = quern("compile", tmp_path / "m.onnx", "-o", tmp_path / "m.so", *arguments)
    assert done.returncode != 0 and message in done.stderr
