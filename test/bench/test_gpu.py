"""bench/gpu.py without a GPU: it refuses in one line, its models compile for a device, and tensors of the device go through it."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "test/codegen/nvptx")]
from emulated import CUDA, compile_for
from gpu import KERNELS, kernel_model, row

needs_interpreter = pytest.mark.skipif(not (CUDA / "libcuda.so.1").exists(), reason="the interpreter is not built: ninja ptxDriver")


def run(*arguments, **environment):
    return subprocess.run([sys.executable, ROOT / "bench/gpu.py", *arguments], capture_output=True, text=True,
                          env=os.environ | environment)


def has_driver():
    return run("kernels", "add", LD_LIBRARY_PATH="").stderr.find("libcuda.so.1") < 0


@pytest.mark.skipif(has_driver(), reason="there is a driver")
def test_refuses_without_a_driver():
    done = run("kernels", LD_LIBRARY_PATH="")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == "gpu.py: no NVIDIA driver here: libcuda.so.1 cannot be opened; nothing is measured\n"


@needs_interpreter
def test_refuses_to_time_the_interpreter():
    done = run("kernels", "--json", LD_LIBRARY_PATH=str(CUDA))
    assert done.returncode == 1 and done.stdout == ""
    assert "interpreter" in done.stderr and done.stderr.endswith("nothing is measured\n")


def test_help_and_names():
    assert "cuBLAS" in run("--help").stdout
    done = run("kernels", "prodct")
    assert done.returncode == 2 and "no such kernel: prodct" in done.stderr
    done = run("models", "--models", ".", "resnet")
    assert done.returncode == 2 and "no such model: resnet" in done.stderr


@pytest.mark.parametrize("name", KERNELS)
def test_models_compile_for_a_device(tmp_path, name):
    from quern._compiler import find_compiler
    model = kernel_model(KERNELS[name], tmp_path / "m.onnx")
    folder = tmp_path / "ptx"
    subprocess.run([find_compiler(), "compile", model, "-o", folder, "--target=sm_80", "--emit=ptx", "--quiet"], check=True)
    assert list(folder.glob("*.ptx")), "the processor runs it"


def test_ratio_is_to_the_best_other():
    timed = row("k", {"quern": [2e-6, 3e-6], "torch": [4e-6], "inductor": [3e-6]}, 4e6, 2e3)
    assert timed["best other / ours"] == 1.5 and timed["TFLOP/s"] == 2 and timed["GB/s"] == 1
    assert timed["quern us"] == 2 and timed["torch us"] == 4


@needs_interpreter
def test_tensors_of_the_device(tmp_path):
    """What gpu.py times, with the interpreter's memory in place of torch's."""
    program = f"""
import sys; sys.path[:0] = {[str(ROOT / "bench"), str(ROOT / "test/codegen/nvptx")]!r}
import numpy as np
from c_interface import Cuda
from device_artifact import DeviceArtifact
cuda = Cuda({str(CUDA / "libcuda.so.1")!r})
class Tensor:
    def __init__(self, values):
        self.array, self.nbytes, self.dtype, self.shape = cuda.array(values), values.nbytes, values.dtype, values.shape
    def data_ptr(self):
        return self.array.address
x = np.random.default_rng(0).standard_normal((33, 100)).astype("f4")
model, y = DeviceArtifact({str(tmp_path / "m.so")!r}), Tensor(np.zeros_like(x))
model.bind({{"a": Tensor(x)}}, [y])
for _ in range(3):
    model.run()
power = np.exp(x - x.max(1, keepdims=True))
np.testing.assert_allclose(y.array.read(), power / power.sum(1, keepdims=True), rtol=1e-5)
"""
    import dataclasses
    model = kernel_model(dataclasses.replace(KERNELS["softmax"], shapes=((33, 100),)), tmp_path / "m.onnx")
    compile_for("sm_80", model, tmp_path / "m.so")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          env=os.environ | {"LD_LIBRARY_PATH": str(CUDA)})
    assert done.returncode == 0, done.stderr
