"""The cases of the ONNX backend suite as the `onnx` package carries them, and how a result is judged."""
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import quern
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests
from quern._compiler import find_compiler

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator", "real")
# Schedules that -O0 does not choose: there the same ops are plain loops, or read weights that are not packed.
OPTIMIZED = ("conv", "depthwise", "gemm", "attention", "recurrent")


# Two units in the last place: the suite's relative tolerance is one of float16, which a sum in another order exceeds.
COARSE = {"float16": 2 * 2**-10, "bfloat16": 2 * 2**-7}
# Where the suite's own results are a float32 transform's: they are 2e-7 off where zero is exact.
INEXACT = {"dft_inverse": 1e-6, "dft_inverse_opset19": 1e-6}


@dataclass(frozen=True)
class Case:
    """One model of the suite with its tolerances. Its name is the suite's without "test_"."""
    name: str
    kind: str
    model_path: Path
    rtol: float
    atol: float

    def data_sets(self):
        """Pairs of a dict of inputs and a list of expected outputs."""
        graph = onnx.load(self.model_path, load_external_data=False).graph
        initializers = {tensor.name for tensor in graph.initializer}
        inputs = [value for value in graph.input if value.name not in initializers]
        if self.kind == "real":    # the suite keeps an output alone; the input is a ramp
            expected = load_tensor(self.model_path.with_name(self.model_path.stem + "_output_0.pb"))
            yield {value.name: ramp(value) for value in inputs}, [expected]
            return
        for folder in sorted(self.model_path.parent.glob("test_data_set_*")):
            yield ({value.name: load_tensor(folder / f"input_{i}.pb") for i, value in enumerate(inputs)},
                   [load_tensor(folder / f"output_{i}.pb") for i in range(len(graph.output))])


def all_cases():
    """By name, which is unique over the kinds."""
    cases = {}
    for kind in KINDS:
        for case in load_model_tests(kind=kind):
            path = Path(case.model_dir) / "model.onnx" if case.model_dir else Path(onnx.__file__).parents[1] / case.url
            name = case.name.removeprefix("test_")
            assert name not in cases, f"two cases have the name {name}"
            cases[name] = Case(name, kind, path, case.rtol, INEXACT.get(name, case.atol))
    return cases


def load_tensor(path):
    return numpy_helper.to_array(onnx.load_tensor(str(path)))


def ramp(value):
    shape = [dim.dim_value or 1 for dim in value.type.tensor_type.shape.dim]
    count = np.prod(shape)
    return (np.arange(count).reshape(shape) / count).astype(np.float32)


def has_algorithm(compiled):
    """Whether -O0 makes other kernels than this model has."""
    return any(kernel["algorithm"] in OPTIMIZED for kernel in compiled.manifest["kernels"])


def compile_plain(model_path, artifact):
    """The model at -O0, which the package does not offer."""
    command = [find_compiler(), "compile", "-O0", "--quiet", "--no-header", "--target=native", model_path, "-o", artifact]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    return quern.load(artifact, threads=1)


def check(compiled, case):
    """Runs every data set; raises AssertionError where a dtype, shape or value is not the suite's."""
    for inputs, expected in case.data_sets():
        outputs = compiled.run(None, inputs)
        assert len(outputs) == len(expected)
        for value, got, want in zip(compiled.outputs, outputs, expected):
            if value.dtype == "bfloat16":    # NumPy has no such type: results are bits
                got = got.view(want.dtype)
            assert got.dtype == want.dtype, f"{value.name} is {got.dtype}, expected {want.dtype}"
            assert got.shape == want.shape, f"{value.name} has shape {got.shape}, expected {want.shape}"
            if want.dtype.kind in "biu":    # the suite's relative tolerance would hide an integer that is off by one
                np.testing.assert_array_equal(got, want, err_msg=value.name)
            else:
                rtol = max(case.rtol, COARSE.get(value.dtype, 0))
                np.testing.assert_allclose(got.astype(np.float64), want.astype(np.float64), rtol, case.atol, err_msg=value.name)
