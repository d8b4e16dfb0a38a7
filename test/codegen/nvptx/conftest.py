"""CUDA's driver, which the interpreter stands for, and small models for it."""
import emulated
import onnx
import pytest
from c_interface import Cuda


@pytest.fixture
def cuda():
    device = Cuda(emulated.CUDA / "libcuda.so.1")
    yield device
    device.close()


@pytest.fixture(scope="session")
def build():
    """(folder, a graph in ONNX's text, a target) -> the path of the compiled model."""
    def compile_model(folder, body, target="sm_80"):
        onnx.save(onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> m {body}'), folder / "m.onnx")
        return emulated.compile_for(target, folder / "m.onnx", folder / "m.so")

    return compile_model
