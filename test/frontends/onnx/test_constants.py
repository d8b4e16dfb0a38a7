"""Every element type, as raw data, in its typed field and in an external file, few elements and many: all three forms
become the same attribute, and it holds what NumPy wrote."""
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

BUILD = Path(os.environ.get("QUERN_BUILD", Path(__file__).resolve().parents[3] / "build"))
IMPORT = BUILD / "bin" / "import-model"

# The type of an element in the IR, and the bits it takes in a file.
TYPES = {
    "FLOAT": ("f32", 32), "DOUBLE": ("f64", 64), "FLOAT16": ("f16", 16), "BFLOAT16": ("bf16", 16),
    "INT8": ("i8", 8), "INT16": ("i16", 16), "INT32": ("i32", 32), "INT64": ("i64", 64),
    "UINT8": ("ui8", 8), "UINT16": ("ui16", 16), "UINT32": ("ui32", 32), "UINT64": ("ui64", 64),
    "BOOL": ("i1", 8), "COMPLEX64": ("complex<f32>", 64), "COMPLEX128": ("complex<f64>", 128),
    "FLOAT8E4M3FN": ("f8E4M3FN", 8), "FLOAT8E4M3FNUZ": ("f8E4M3FNUZ", 8),
    "FLOAT8E5M2": ("f8E5M2", 8), "FLOAT8E5M2FNUZ": ("f8E5M2FNUZ", 8), "FLOAT8E8M0": ("!onnx.f8e8m0", 8),
    "INT4": ("i4", 4), "UINT4": ("ui4", 4), "FLOAT4E2M1": ("!onnx.f4e2m1", 4), "INT2": ("i2", 2), "UINT2": ("ui2", 2),
}


def raw_bytes(name, count):
    bits = TYPES[name][1]
    generator = np.random.default_rng(count)
    if name == "BOOL":
        return generator.integers(0, 2, count, dtype=np.uint8).tobytes()
    if TYPES[name][0] in ("f32", "f64", "complex<f32>", "complex<f64>"):
        wide = generator.standard_normal(count * bits // 32)
        return wide.astype(np.float32 if name in ("FLOAT", "COMPLEX64") else np.float64).tobytes()[:count * bits // 8]
    data = bytearray(generator.integers(0, 120, (count * bits + 7) // 8, dtype=np.uint8).tobytes())
    if bits < 8 and count * bits % 8:
        data[-1] &= (1 << count * bits % 8) - 1
    return bytes(data)


def typed(name, data):
    """The typed field of ONNX for these raw bytes, and what goes in it."""
    bits = TYPES[name][1]
    if name in ("FLOAT", "COMPLEX64"):
        return "float_data", np.frombuffer(data, np.float32)
    if name in ("DOUBLE", "COMPLEX128"):
        return "double_data", np.frombuffer(data, np.float64)
    if name == "INT64":
        return "int64_data", np.frombuffer(data, np.int64)
    if name in ("UINT32", "UINT64"):
        return "uint64_data", np.frombuffer(data, f"u{bits // 8}")
    signed = name in ("INT8", "INT16", "INT32")
    return "int32_data", np.frombuffer(data, f"{'i' if signed else 'u'}{max(bits // 8, 1)}").astype(np.int32)


def import_text(tensor, folder):
    graph = helper.make_graph([], "g", [], [helper.make_tensor_value_info("w", tensor.data_type, None)], [tensor])
    path = folder / "model.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=13).SerializeToString())
    result = subprocess.run([IMPORT, path, "--full"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    # A blob's text begins with its alignment, which depends on where it lies.
    return re.sub(r'"0x[0-9A-F]{8}', '"0x', result.stdout)


@pytest.mark.parametrize("count", [0, 1, 7, 201])
@pytest.mark.parametrize("name", TYPES)
def test_three_forms_of_a_tensor(tmp_path, name, count):
    code = getattr(TensorProto, name)
    data = raw_bytes(name, count)
    raw = TensorProto(name="w", data_type=code, dims=[count], raw_data=data)
    fields = TensorProto(name="w", data_type=code, dims=[count])
    field, values = typed(name, data)
    getattr(fields, field).extend(values.tolist())
    (tmp_path / "w.bin").write_bytes(b"\0" * 3 + data)
    external = TensorProto(name="w", data_type=code, dims=[count], data_location=TensorProto.EXTERNAL)
    for key, entry in (("location", "w.bin"), ("offset", "3"), ("length", str(len(data)))):
        external.external_data.add(key=key, value=entry)

    text = import_text(raw, tmp_path)
    assert f": tensor<{count}x{TYPES[name][0]}>" in text
    assert import_text(fields, tmp_path) == text
    assert import_text(external, tmp_path) == text
    if count > 64:
        assert f'w: "0x{data.hex().upper()}"' in text


@pytest.mark.parametrize("name, values, text", [
    ("FLOAT", [1.5, -2], "[1.500000e+00, -2.000000e+00]"),
    ("FLOAT16", [1.5, -2], "[1.500000e+00, -2.000000e+00]"),
    ("BFLOAT16", [1.5, -2], "[1.500000e+00, -2.000000e+00]"),
    ("FLOAT8E4M3FN", [1.5, -2], "[1.500000e+00, -2.000000e+00]"),
    ("FLOAT8E5M2", [1.5, -2], "[1.500000e+00, -2.000000e+00]"),
    ("INT8", [-128, 127, 1], "[-128, 127, 1]"),
    ("UINT8", [255, 0, 1], "[255, 0, 1]"),
    ("INT4", [-8, 7, -1], "[-8, 7, -1]"),
    ("UINT4", [15, 0, 3], "[15, 0, 3]"),
    ("INT2", [-2, 1, 0, -1, 1], "[-2, 1, 0, -1, 1]"),
    ("UINT2", [3, 0, 1, 2, 3], "[3, 0, 1, 2, 3]"),
    ("BOOL", [True, False], "[true, false]"),
    ("UINT64", [2**64 - 1, 0], "[18446744073709551615, 0]"),
    ("COMPLEX64", [1 + 2j, -3j], "[(1.000000e+00,2.000000e+00), (0.000000e+00,-3.000000e+00)]"),
    ("STRING", ["a", 'b"'], '["a", "b\\22"]'),
])
def test_few_elements_are_numbers(tmp_path, name, values, text):
    tensor = helper.make_tensor("w", getattr(TensorProto, name), [len(values)], values)
    assert f'onnx.initializer "w" dense<{text}> :' in import_text(tensor, tmp_path).replace("-0.000000e+00", "0.000000e+00")


def test_any_byte_but_zero_is_true(tmp_path):
    for count in (4, 100):
        odd = TensorProto(name="w", data_type=TensorProto.BOOL, dims=[count], raw_data=bytes([0, 1, 2, 255] * (count // 4)))
        plain = TensorProto(name="w", data_type=TensorProto.BOOL, dims=[count], raw_data=bytes([0, 1, 1, 1] * (count // 4)))
        assert import_text(odd, tmp_path) == import_text(plain, tmp_path)
