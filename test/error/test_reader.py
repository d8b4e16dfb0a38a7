"""Files that are no model, or a wrong or hostile one: one line that says what, an exit code that says whose fault, and
never a crash. The codes are those of compiler/Diagnostics.h."""
import os
import random
import resource
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))
from mutations import mutate_bytes

BUILD = Path(os.environ.get("QUERN_BUILD", Path(__file__).resolve().parents[2] / "build"))
IMPORT = BUILD / "bin" / "import-model"

MODEL, UNSUPPORTED, FILE = 3, 4, 5


def run(path, *options, memory=None):
    limit = (lambda: resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))) if memory else None
    return subprocess.run([IMPORT, path, *options], capture_output=True, timeout=120, preexec_fn=limit)


def expect(path, code, *texts):
    """The import fails with this code and one line of valid UTF-8 that holds the texts and names the file."""
    result = run(path)
    message = result.stderr.decode("utf-8")
    assert result.returncode == code, message
    assert result.stdout == b""
    assert message.startswith(f"error: {path}: ") and message.endswith("\n") and message.count("\n") == 1
    assert not message.endswith(".\n")
    for text in texts:
        assert text in message


def save(model, folder, name="model.onnx"):
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path


def value(name, dims, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, dims)


def model(nodes=None, inputs=None, outputs=None, initializers=(), opset=17, functions=(), **fields):
    """A model with one Relu, or what is given in its place."""
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"], name="relu")] if nodes is None else nodes, "g",
                              [value("x", [2])] if inputs is None else inputs,
                              [value("y", [2])] if outputs is None else outputs, list(initializers))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], functions=functions)
    made.ir_version = 8
    for key, field in fields.items():
        setattr(made, key, field)
    return made


def raw_tensor(name, dtype, dims, data):
    tensor = TensorProto(name=name, data_type=dtype, raw_data=data)
    tensor.dims.extend(dims)
    return tensor


# ---- Not a model --------------------------------------------------------------------------------------------------


def png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b""))


def test_a_missing_file(tmp_path):
    expect(tmp_path / "none.onnx", FILE, "cannot be opened: No such file or directory")


def test_an_empty_file(tmp_path):
    path = tmp_path / "empty.onnx"
    path.write_bytes(b"")
    expect(path, MODEL, "is empty, not an ONNX model")


def test_a_folder(tmp_path):
    expect(tmp_path, FILE, "is a folder")


def test_a_fifo_does_not_hang(tmp_path):
    path = tmp_path / "fifo.onnx"
    os.mkfifo(path)
    expect(path, FILE, "is not a regular file")


@pytest.mark.parametrize("data", [png(), b"hello world, this is text\n", b"\xff" * 1000, b"PK\x03\x04" + b"\0" * 60],
                         ids=["png", "text", "ones", "zip"])
def test_other_formats(tmp_path, data):
    path = tmp_path / "other.onnx"
    path.write_bytes(data)
    expect(path, MODEL, "is not an ONNX model, or is truncated, damaged or nested more than 100 graphs deep")


def test_random_bytes(tmp_path):
    generator = random.Random(1)
    for size in (1, 2, 10, 100, 10_000, 1_000_000):
        path = tmp_path / "random.onnx"
        path.write_bytes(generator.randbytes(size))
        expect(path, MODEL, "is not an ONNX model")


def test_a_model_cut_anywhere(tmp_path):
    data = model(initializers=[numpy_helper.from_array(np.arange(20, dtype=np.float32), "w")]).SerializeToString()
    path = tmp_path / "cut.onnx"
    for size in range(1, len(data)):
        path.write_bytes(data[:size])
        result = run(path)
        # A cut between two fields can be a model still; anything else is one line.
        assert result.returncode in (0, MODEL), (size, result.stderr)
        if result.returncode:
            assert result.stderr.count(b"\n") == 1


def test_a_model_without_a_graph(tmp_path):
    expect(save(onnx.ModelProto(ir_version=8), tmp_path), MODEL, "is not an ONNX model: it has no graph")


# ---- Versions and domains -----------------------------------------------------------------------------------------


def test_newer_versions(tmp_path):
    expect(save(model(opset=28), tmp_path), UNSUPPORTED, "imports operator set 28 of ai.onnx; the newest supported is 27")
    expect(save(model(ir_version=14), tmp_path), UNSUPPORTED, "has IR version 14; the newest supported is 13")
    ml = model()
    ml.opset_import.append(helper.make_opsetid("ai.onnx.ml", 6))
    expect(save(ml, tmp_path), UNSUPPORTED, "operator set 6 of 'ai.onnx.ml'")


def test_impossible_versions(tmp_path):
    expect(save(model(opset=0), tmp_path), MODEL, "imports operator set 0 of ai.onnx; versions begin at 1")
    expect(save(model(ir_version=-3), tmp_path), MODEL, "has IR version -3; versions begin at 1")
    without = model()
    del without.opset_import[:]
    expect(save(without, tmp_path), MODEL, "imports no operator set, as IR version 8 must")


def test_models_from_before_operator_sets(tmp_path):
    old = model(ir_version=2)
    del old.opset_import[:]
    assert b'"Relu"(%arg0) {name = "relu", opset = 1 : i64' in run(save(old, tmp_path)).stdout


def test_operators_nobody_knows(tmp_path):
    node = helper.make_node("Frobnicate", ["x"], ["y"], name="frob")
    expect(save(model([node]), tmp_path), MODEL, "node 'frob' (Frobnicate)", "ai.onnx has no operator of this name")
    node = helper.make_node("Gelu", ["x"], ["y"], name="gelu")
    expect(save(model([node]), tmp_path), MODEL, "since version 20 of ai.onnx, but the model imports version 17")
    node = helper.make_node("FusedConv", ["x"], ["y"], domain="com.microsoft")
    expect(save(model([node]), tmp_path), MODEL, "domain 'com.microsoft', whose operator set the model does not import")
    made = model([node])
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    expect(save(made, tmp_path), UNSUPPORTED, "node 'y' (FusedConv): is an operator of 'com.microsoft' that is not supported")
    node = helper.make_node("Mine", ["x"], ["y"], domain="my.own")
    expect(save(model([node]), tmp_path), UNSUPPORTED,
           "is of domain 'my.own', which is neither one of ONNX for inference nor of a function in the model")
    node = helper.make_node("Scaler", ["x"], ["y"], domain="ai.onnx.ml")
    expect(save(model([node]), tmp_path), MODEL, "domain 'ai.onnx.ml', whose operator set the model does not import")


# ---- Graphs -------------------------------------------------------------------------------------------------------


def test_a_graph_without_outputs(tmp_path):
    expect(save(model(nodes=[], inputs=[], outputs=[]), tmp_path), MODEL, "the graph has no outputs")


def test_undefined_names(tmp_path):
    expect(save(model([helper.make_node("Relu", ["ghost"], ["y"], name="r")]), tmp_path), MODEL,
           "node 'r' (Relu): input 'ghost' is neither an input of the graph, an initializer nor an output of a node")
    expect(save(model([helper.make_node("Relu", ["x"], ["z"])]), tmp_path), MODEL, "output 'y' of graph 'g' is not produced by any node")


def test_cycles(tmp_path):
    nodes = [helper.make_node("Add", ["x", "c"], ["a"], name="A"), helper.make_node("Relu", ["a"], ["b"], name="B"),
             helper.make_node("Relu", ["b"], ["c"], name="C"), helper.make_node("Relu", ["c"], ["y"], name="after")]
    expect(save(model(nodes), tmp_path), MODEL, "the graph has a cycle: ", "node 'A' (Add)", "node 'B' (Relu)",
           "node 'C' (Relu)")
    expect(save(model([helper.make_node("Relu", ["y"], ["y"], name="self")]), tmp_path), MODEL,
           "the graph has a cycle: node 'self' (Relu) <- node 'self' (Relu)")


def test_one_name_for_two_values(tmp_path):
    relu = helper.make_node("Relu", ["x"], ["y"], name="first")
    expect(save(model([relu, helper.make_node("Abs", ["x"], ["y"], name="second")]), tmp_path), MODEL,
           "node 'first' (Relu) and node 'second' (Abs) both produce 'y'; every value has one producer")
    weight = numpy_helper.from_array(np.float32([1]), "w")
    expect(save(model(initializers=[weight, weight]), tmp_path), MODEL, "the name 'w' stands for two values of one graph")
    expect(save(model([helper.make_node("Relu", ["x"], ["x"])], outputs=[value("x", [2])]), tmp_path), MODEL, "cycle")
    expect(save(model(inputs=[value("x", [2]), value("x", [2])]), tmp_path), MODEL, "input 'x' is listed twice")
    expect(save(model(outputs=[value("y", [2]), value("y", [2])]), tmp_path), MODEL, "output 'y' is listed twice")
    twice = helper.make_node("LeakyRelu", ["x"], ["y"], alpha=1.0)
    twice.attribute.append(helper.make_attribute("alpha", 2.0))
    expect(save(model([twice]), tmp_path), MODEL, "attribute 'alpha' is given twice")


def test_things_without_a_name(tmp_path):
    expect(save(model(initializers=[numpy_helper.from_array(np.float32([1]))]), tmp_path), MODEL, "an input or initializer has no name")
    expect(save(model(inputs=[value("", [2])]), tmp_path), MODEL, "an input of the graph has no name")
    nameless = helper.make_node("LeakyRelu", ["x"], ["y"])
    nameless.attribute.append(onnx.AttributeProto(f=1, type=onnx.AttributeProto.FLOAT))
    expect(save(model([nameless]), tmp_path), MODEL, "has an attribute without a name")
    nameless.attribute[0].name = "alpha"
    nameless.attribute[0].ClearField("f")
    nameless.attribute[0].type = onnx.AttributeProto.TENSOR
    assert run(save(model([nameless]), tmp_path)).returncode == MODEL


def test_dimensions_below_minus_one(tmp_path):
    expect(save(model(inputs=[value("x", [1, -7])]), tmp_path), MODEL, "input 'x': has dimension -7 at axis 1; a size is at least 0, and -1 means unknown")
    assert run(save(model(inputs=[value("x", [1, -1])]), tmp_path)).returncode == 0
    expect(save(model(inputs=[value("x", [2**40, 2**40])]), tmp_path), MODEL, "input 'x': has dimension 1099511627776 at axis 1, which makes it larger than any memory")


def test_types_of_inputs(tmp_path):
    expect(save(model(inputs=[value("x", None)]), tmp_path), UNSUPPORTED, "input 'x' has no shape; its rank must be known")
    expect(save(model(inputs=[value("x", [2], 99)]), tmp_path), MODEL, "input 'x': has element type 99")
    expect(save(model(inputs=[onnx.ValueInfoProto(name="x")]), tmp_path), MODEL, "input 'x': has no type")
    sparse = helper.make_sparse_tensor_value_info("x", TensorProto.FLOAT, [2])
    expect(save(model(inputs=[sparse]), tmp_path), UNSUPPORTED, "input 'x': is a sparse tensor; only constants may be sparse")
    opaque = onnx.ValueInfoProto(name="x")
    opaque.type.opaque_type.name = "mine"
    expect(save(model(inputs=[opaque]), tmp_path), UNSUPPORTED, "is of the opaque type 'mine'")


def test_odd_names_are_escaped(tmp_path):
    for name, shown in [("a\nb", "'a\\nb'"), ("it's", "'it\\'s'"), ("\x1b[31m", "'\\x1b[31m'"), ("é", "'é'"),
                        ("n" * 500, "'" + "n" * 120 + "...'")]:
        expect(save(model([helper.make_node("Relu", [name], ["y"])]), tmp_path), MODEL, f"input {shown} is neither")
    data = model([helper.make_node("Relu", ["QQQQ"], ["y"])]).SerializeToString().replace(b"QQQQ", b"\xff\xfe\x80'")
    path = tmp_path / "bytes.onnx"
    path.write_bytes(data)
    expect(path, MODEL, "input '\\xff\\xfe\\x80\\'' is neither")


def test_odd_names_are_read_back(tmp_path):
    names = ["a\nb", 'say "x"', "\\", "\0", "%0", "é"]
    nodes = [helper.make_node("Relu", [a], [b], name=b) for a, b in zip(["x", *names], [*names, "y"])]
    weights = [numpy_helper.from_array(np.arange(100, dtype=np.float32), name + "!") for name in names]
    first = run(save(model(nodes, initializers=weights), tmp_path), "--full")
    assert first.returncode == 0, first.stderr
    text = tmp_path / "text.mlir"
    text.write_bytes(first.stdout)
    assert run(text, "--full").stdout == first.stdout


def nested(depth):
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["o"])], "leaf", [], [value("o", [2])])
    for _ in range(depth):
        node = helper.make_node("If", ["c"], ["o"], then_branch=graph, else_branch=helper.make_graph(
            [helper.make_node("Identity", ["x"], ["o"])], "other", [], [value("o", [2])]))
        graph = helper.make_graph([node], "level", [], [value("o", [2])])
    graph.input.extend([value("x", [2]), value("c", [], TensorProto.BOOL)])
    return graph


def nested_bytes(depth):
    """The bytes of a model whose graphs are nested this deep; the Python package refuses to write them."""
    def field(number, data):
        size, head = len(data), b""
        while size > 127:
            head += bytes([size & 127 | 128])
            size >>= 7
        return bytes([number << 3 | 2]) + head + bytes([size]) + data
    graph = b""
    for _ in range(depth - 1):
        graph = field(1, field(4, b"If") + field(5, field(1, b"then_branch") + field(6, graph)))
    return b"\x08\x08" + field(7, graph) + field(8, b"\x10\x11")


def test_graphs_nested_deeply(tmp_path):
    made = helper.make_model(nested(20), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    result = run(save(made, tmp_path))
    assert result.returncode == 0, result.stderr
    path = tmp_path / "deep.onnx"
    path.write_bytes(nested_bytes(101))
    expect(path, MODEL, "nests graphs 101 deep; the limit is 100")
    for depth in (200, 2000, 20_000):
        path.write_bytes(nested_bytes(depth))
        expect(path, MODEL, "nested more than 100 graphs deep")


# ---- Functions ----------------------------------------------------------------------------------------------------


def function(name, body, inputs=("a",), outputs=("b",)):
    return helper.make_function("mine", name, list(inputs), list(outputs), body,
                                [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)])


def calls(name, functions, **node):
    made = model([helper.make_node(name, ["x"], ["y"], domain="mine", **node)], functions=functions)
    made.opset_import.append(helper.make_opsetid("mine", 1))
    return made


def test_functions_that_call_themselves(tmp_path):
    loop = [function("f", [helper.make_node("g", ["a"], ["b"], domain="mine")]),
            function("g", [helper.make_node("f", ["a"], ["b"], domain="mine")])]
    expect(save(calls("f", loop), tmp_path), MODEL, "function 'f' calls itself")
    chain = [function("f0", [helper.make_node("Relu", ["a"], ["b"])])]
    chain += [function(f"f{i}", [helper.make_node(f"f{i - 1}", ["a"], ["b"], domain="mine")]) for i in range(1, 103)]
    expect(save(calls("f102", chain), tmp_path), MODEL, "functions call each other more than 100 deep")


def test_functions_that_explode(tmp_path):
    def twice(name, inner):
        return function(name, [helper.make_node(inner, ["a"], ["t"], domain="mine"),
                               helper.make_node(inner, ["t"], ["b"], domain="mine")])
    functions = [function("f0", [helper.make_node("Relu", ["a"], ["b"])])]
    functions += [twice(f"f{i}", f"f{i - 1}") for i in range(1, 64)]
    expect(save(calls("f63", functions), tmp_path), UNSUPPORTED, "functions expand to more than 1048576 nodes")


def test_functions_called_wrongly(tmp_path):
    f = function("f", [helper.make_node("Relu", ["a"], ["b"])])
    expect(save(calls("f", [f, f]), tmp_path), MODEL, "function 'f' of domain 'mine' is defined twice")
    expect(save(calls("f", [function("f", [helper.make_node("Relu", ["a"], ["c"])])]), tmp_path), MODEL,
           "output 'b' of function 'f' is not produced by any node")
    made = calls("f", [f])
    made.graph.node[0].input.append("x")
    expect(save(made, tmp_path), MODEL, "has 2 inputs and 1 outputs, but function 'f' has 1 and 1")
    node = helper.make_node("LeakyRelu", ["x"], ["y"])
    node.attribute.add(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT)
    expect(save(model([node]), tmp_path), MODEL, "attribute 'alpha' refers to 'slope', but only functions have attributes to refer to")


# ---- Tensors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tensor, text", [
    (raw_tensor("w", TensorProto.FLOAT, [2, 3], b"\0" * 12), "has 12 bytes of elements in raw_data, but f32 of 2x3 needs 24"),
    (raw_tensor("w", TensorProto.FLOAT, [2], b"\0" * 9), "has 9 bytes of elements in raw_data, but f32 of 2 needs 8"),
    (raw_tensor("w", TensorProto.INT4, [3], b"\0"), "has 1 bytes of elements in raw_data, but i4 of 3 needs 2"),
    (raw_tensor("w", TensorProto.INT64, [], b""), "has 0 bytes of elements in int64_data, but i64 of scalar needs 8"),
    (raw_tensor("w", TensorProto.FLOAT, [2**33, 2**33], b""), "has more than 2^63 elements: 8589934592x8589934592"),
    (raw_tensor("w", TensorProto.FLOAT, [0, 2**62, 8], b""), "has more than 2^63 elements"),
    (raw_tensor("w", TensorProto.DOUBLE, [2**58], b""), "has more than 2^63 bits: 288230376151711744 of f64"),
    (raw_tensor("w", TensorProto.FLOAT, [2, -3], b""), "has the negative dimension -3 in 2x-3"),
    (raw_tensor("w", 0, [2], b"\0" * 8), "has element type 0, which ONNX does not define"),
    (raw_tensor("w", 77, [2], b"\0" * 8), "has element type 77"),
    (raw_tensor("w", TensorProto.STRING, [1], b"abc"), "of type string has elements in raw_data"),
    (TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], int32_data=[1]), "of type f32 has elements in int32_data"),
    (TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], float_data=[1], raw_data=b"\0" * 4),
     "has elements in both raw_data and float_data"),
    (TensorProto(name="w", data_type=TensorProto.UINT8, dims=[4], int32_data=[1, 2]), "has 2 bytes of elements in int32_data"),
    (TensorProto(name="w", data_type=TensorProto.STRING, dims=[4], string_data=[b"a"]), "has 1 strings in string_data, but its shape 4 needs 4"),
], ids=lambda item: item if isinstance(item, str) else "")
def test_tensors_that_disagree_with_themselves(tmp_path, tensor, text):
    expect(save(model(initializers=[tensor]), tmp_path), MODEL, "initializer 'w': " + text)
    node = helper.make_node("Constant", [], ["y"], name="k")
    node.attribute.add(name="value", type=onnx.AttributeProto.TENSOR, t=tensor)
    expect(save(model([node]), tmp_path), MODEL, "node 'k' (Constant): attribute 'value': " + text)


def sparse(values, indices, dims):
    tensor = onnx.SparseTensorProto(values=numpy_helper.from_array(np.float32(values), "w"),
                                    indices=numpy_helper.from_array(np.int64(indices), "i"))
    tensor.dims.extend(dims)
    made = model()
    made.graph.sparse_initializer.append(tensor)
    return made


def test_sparse_tensors(tmp_path):
    text = run(save(sparse([1, 2], [[0, 1], [1, 2]], [2, 3]), tmp_path)).stdout.decode()
    assert "dense<[[0.000000e+00, 1.000000e+00, 0.000000e+00], [0.000000e+00, 0.000000e+00, 2.000000e+00]]>" in text
    assert text == run(save(sparse([1, 2], [1, 5], [2, 3]), tmp_path)).stdout.decode()
    expect(save(sparse([1], [[0, 3]], [2, 3]), tmp_path), MODEL, "initializer 'w': has the sparse index 0x3 outside of 2x3")
    expect(save(sparse([1], [-1], [2, 3]), tmp_path), MODEL, "has the sparse index -1 outside of 2x3")
    expect(save(sparse([1], [[1]], [2, 3]), tmp_path), MODEL, "has f32 of 1 sparse values at indices of i64 of 1x1")
    expect(save(sparse([1], [1], [2**40]), tmp_path), UNSUPPORTED, "is sparse, f32 of 1099511627776, and would have 4398046511104 bytes as a dense tensor; the limit is")


def test_tensors_in_segments(tmp_path):
    tensor = raw_tensor("w", TensorProto.FLOAT, [1], b"\0" * 4)
    tensor.segment.begin, tensor.segment.end = 0, 1
    expect(save(model(initializers=[tensor]), tmp_path), UNSUPPORTED, "is stored in segments")


# ---- External data ------------------------------------------------------------------------------------------------


def external(location, dims=(4,), **entries):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.dims.extend(dims)
    for key, entry in {"location": location, **entries}.items():
        if entry is not None:
            tensor.external_data.add(key=key, value=str(entry))
    return model(initializers=[tensor])


@pytest.fixture
def folder(tmp_path):
    """A folder for the model, a file in it, and one outside."""
    inside = tmp_path / "model"
    (inside / "sub").mkdir(parents=True)
    np.arange(8, dtype=np.float32).tofile(inside / "w.bin")
    np.arange(8, dtype=np.float32).tofile(inside / "sub" / "w.bin")
    np.arange(8, dtype=np.float32).tofile(tmp_path / "secret.bin")
    return inside


@pytest.mark.parametrize("location", ["w.bin", "./w.bin", "sub/w.bin", "sub//w.bin"])
def test_external_data_in_the_folder(folder, location):
    text = run(save(external(location, offset=8, length=16), folder)).stdout.decode()
    assert "dense<[2.000000e+00, 3.000000e+00, 4.000000e+00, 5.000000e+00]>" in text
    result = subprocess.run([IMPORT, "model.onnx"], cwd=folder, capture_output=True)
    assert result.stdout.decode() == text


@pytest.mark.parametrize("location, text", [
    ("../secret.bin", "leaves the model's folder by '..'"),
    ("sub/../../secret.bin", "leaves the model's folder by '..'"),
    ("/etc/passwd", "is an absolute path; external data must lie in the model's folder"),
    ("", "has external data without a location"),
    (None, "has external data without a location"),
    (".", "names no file"),
    ("sub", "is not a regular file"),
    ("w.bin/w.bin", "cannot be opened: Not a directory"),
    ("w\0.bin", "holds a zero byte"),
])
def test_external_data_that_leaves_the_folder(folder, location, text):
    expect(save(external(location), folder), MODEL, "initializer 'w': ", text)


def test_external_data_that_is_missing(folder):
    expect(save(external("none.bin"), folder), FILE, "external data 'none.bin': cannot be opened: No such file")


def test_external_data_through_links(folder):
    (folder / "link.bin").symlink_to("w.bin")
    expect(save(external("link.bin"), folder), MODEL, "is reached by the symbolic link 'link.bin'; external data must be plain files")
    (folder / "up").symlink_to("..")
    expect(save(external("up/secret.bin"), folder), MODEL, "is reached by the symbolic link 'up'")
    os.link(folder.parent / "secret.bin", folder / "hard.bin")
    expect(save(external("hard.bin"), folder), MODEL, "has 2 hard links; external data must be plain files")


def test_external_data_and_raw_data(folder):
    made = external("w.bin")
    made.graph.initializer[0].raw_data = b"\0" * 16
    expect(save(made, folder), MODEL, "has elements in both external_data and raw_data")


def test_a_file_of_more_than_two_gigabytes(tmp_path):
    path = tmp_path / "huge.onnx"
    with open(path, "wb") as file:
        file.truncate(2**31 + 5)
    expect(path, MODEL, "has 2147483653 bytes, but an ONNX file holds at most 2147483647; save its weights as external data")


def test_external_data_in_special_files(folder):
    os.mkfifo(folder / "fifo")
    expect(save(external("fifo"), folder), MODEL, "external data 'fifo': is not a regular file")


@pytest.mark.parametrize("entries, text", [
    ({"offset": 32}, "needs 16 bytes at offset 32 of 'w.bin', which has 32"),
    ({"offset": 20}, "needs 16 bytes at offset 20 of 'w.bin', which has 32"),
    ({"offset": 2**64 - 8}, "needs 16 bytes at offset 18446744073709551608"),
    ({"offset": 2**64}, "offset '18446744073709551616', which is no number of bytes"),
    ({"offset": -4}, "offset '-4', which is no number of bytes"),
    ({"offset": "0x4"}, "offset '0x4', which is no number of bytes"),
    ({"length": 12}, "has 12 bytes of external data, but f32 of 4 needs 16"),
    ({"length": -1}, "length '-1', which is no number of bytes"),
])
def test_external_data_past_the_end(folder, entries, text):
    expect(save(external("w.bin", **entries), folder), MODEL, "initializer 'w': ", text)


def test_large_external_data_is_mapped(tmp_path):
    size = 3 << 30
    with open(tmp_path / "w.bin", "wb") as file:
        file.truncate(size)
    path = save(external("w.bin", dims=(size // 4,)), tmp_path)
    start = time.monotonic()
    result = run(path, memory=256 << 20)
    assert result.returncode == 0, result.stderr
    assert b"tensor<805306368xf32>" in result.stdout
    assert time.monotonic() - start < 10


# ---- Mutations ----------------------------------------------------------------------------------------------------


def seeds():
    weight = numpy_helper.from_array(np.arange(70, dtype=np.float32), "w")
    small = helper.make_tensor("s", TensorProto.INT4, [3], [1, 2, 3])
    text = helper.make_tensor("t", TensorProto.STRING, [2], [b"a", b"b"])
    f = function("f", [helper.make_node("Relu", ["a"], ["b"])])
    yield calls("f", [f])
    yield model([helper.make_node("Add", ["x", "w"], ["y"])], initializers=[weight, small, text])
    yield sparse([1, 2], [[0, 1], [1, 2]], [2, 3])
    yield helper.make_model(nested(3), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    yield model([helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1], strides=[2], auto_pad="VALID")],
                initializers=[weight])


@pytest.mark.parametrize("seed", range(5))
def test_mutated_models(tmp_path, seed):
    data = list(seeds())[seed].SerializeToString()
    generator = random.Random(seed)
    path = tmp_path / "mutant.onnx"
    for _ in range(int(os.environ.get("QUERN_FUZZ_RUNS", 60))):
        mutant = mutate_bytes(data, generator)
        path.write_bytes(mutant)
        result = run(path, memory=2 << 30)
        assert result.returncode in (0, MODEL, UNSUPPORTED, FILE), (result.returncode, result.stderr, mutant)
        if result.returncode:
            assert result.stderr.decode().count("\n") == 1, result.stderr
