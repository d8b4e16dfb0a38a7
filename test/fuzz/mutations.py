"""Models made wrong on purpose: seeded changes to the fields of an ONNX model, or to its bytes.

    mutate(data, random.Random(seed)) -> bytes

The models that come out are rarely valid and often absurd: extents of 2^62, axes beyond the rank, attributes of another
kind, inputs that become constants of extreme values, nodes that read their own results.
"""
import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

INTEGERS = [0, 1, -1, 2, -2, 3, 4, 7, 16, -7, 63, 64, 255, 1000, 65536, 2**20, 2**31 - 1, 2**31, -2**31, 2**32, 2**40, 2**53,
            2**62, 2**63 - 1, -2**63, -2**63 + 1]
REALS = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-30, 1e30, -1e30, 1e19, float("inf"), float("-inf"), float("nan")]
TEXTS = ["", "NOTSET", "SAME_UPPER", "VALID", "linear", "cubic", "nearest", "reflect", "edge", "wrap", "mul", "i,ij->j",
         "...ij,jk", "bidirectional", "Relu", "a'b\"c\n", "int", "\u00e9" * 200, "%s{0}"]
TYPES = [TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.INT8, TensorProto.UINT8,
         TensorProto.INT32, TensorProto.INT64, TensorProto.UINT64, TensorProto.BOOL, TensorProto.STRING, TensorProto.INT4, 0, 99]
NAMES = ["", "int", "a b", "x'\"", "\n", "\u6587", "x" * 5000, "%d", "..", "/", "main", "quern_run"]
DIMS = INTEGERS + ["n", "n", "H", "", "n'", "floordiv(n, 2)"]
ARRAYS = ["int64", "int64", "int64", "int32", "float32", "bool", "uint8", "float64"]


def _walk(graph):
    """The graph and the graphs in its nodes' attributes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _walk(attribute.g)


def _pick(random, items):
    items = list(items)
    return random.choice(items) if items else None


def _graph(model, random):
    return random.choice(list(_walk(model.graph)))


def _node(model, random):
    return _pick(random, _graph(model, random).node)


def _attribute(model, random):
    node = _pick(random, [node for graph in _walk(model.graph) for node in graph.node if node.attribute])
    return node, node and random.choice(node.attribute)


def _value(model, random):
    graph = _graph(model, random)
    return _pick(random, [value for value in (*graph.input, *graph.output, *graph.value_info) if value.type.HasField("tensor_type")])


# ---- Attributes ---------------------------------------------------------------------------------------------------


def attribute_value(model, random):
    _, attribute = _attribute(model, random)
    if not attribute:
        return
    if attribute.type == AttributeProto.INT:
        attribute.i = random.choice(INTEGERS)
    elif attribute.type == AttributeProto.FLOAT:
        attribute.f = random.choice(REALS)
    elif attribute.type == AttributeProto.STRING:
        attribute.s = random.choice(TEXTS).encode()
    elif attribute.type == AttributeProto.INTS:
        _list(attribute.ints, INTEGERS, random)
    elif attribute.type == AttributeProto.FLOATS:
        _list(attribute.floats, REALS, random)
    elif attribute.type == AttributeProto.TENSOR:
        _tensor(attribute.t, random)


def _list(values, choices, random):
    action = random.randrange(4)
    if action == 0 and values:
        del values[random.randrange(len(values))]
    elif action == 1:
        values.append(random.choice(choices))
    elif action == 2 and values:
        del values[:]
    elif values:
        values[random.randrange(len(values))] = random.choice(choices)


def attribute_kind(model, random):
    node, attribute = _attribute(model, random)
    if attribute:
        value = random.choice([1, 1.5, "text", [1, 2], [0.5], ["a", "b"], [], numpy_helper.from_array(np.ones(2, "f4"))])
        made = helper.make_attribute(attribute.name, value, attr_type=AttributeProto.INTS if value == [] else None)
        attribute.CopyFrom(made)


def attribute_absent(model, random):
    node, attribute = _attribute(model, random)
    if attribute:
        node.attribute.remove(attribute)


def attribute_new(model, random):
    node = _node(model, random)
    if node:
        name, value = random.choice([
            ("axis", random.choice(INTEGERS)), ("axes", [random.choice(INTEGERS)]), ("group", random.choice(INTEGERS)),
            ("pads", [random.choice(INTEGERS) for _ in range(random.randrange(1, 9))]), ("ceil_mode", 1), ("keepdims", 0),
            ("strides", [random.choice(INTEGERS) for _ in range(random.randrange(1, 4))]), ("auto_pad", random.choice(TEXTS)),
            ("dilations", [random.choice(INTEGERS) for _ in range(random.randrange(1, 4))]), ("mode", random.choice(TEXTS)),
            ("kernel_shape", [random.choice(INTEGERS) for _ in range(random.randrange(1, 4))]), ("to", random.choice(TYPES)),
            ("perm", [random.choice(INTEGERS) for _ in range(random.randrange(1, 5))]), ("allowzero", 1), ("blocksize", 0)])
        node.attribute.append(helper.make_attribute(name, value))


# ---- Values -------------------------------------------------------------------------------------------------------


def value_type(model, random):
    value = _value(model, random)
    if value:
        value.type.tensor_type.elem_type = random.choice(TYPES)


def value_dims(model, random):
    value = _value(model, random)
    if not value:
        return
    dims = value.type.tensor_type.shape.dim
    action = random.randrange(4)
    if action == 0 and dims:
        del dims[random.randrange(len(dims))]
    elif action == 1:
        _set_dim(dims.add(), random)
    elif action == 2:
        value.type.tensor_type.ClearField("shape")
    elif dims:
        _set_dim(random.choice(dims), random)


def _set_dim(dim, random):
    size = random.choice(DIMS)
    dim.Clear()
    if isinstance(size, str):
        dim.dim_param = size
    else:
        dim.dim_value = size


def constant_input(model, random):
    """An input becomes an initializer of extreme values, which lowerings and folding read."""
    graph = model.graph
    value = _pick(random, [value for value in graph.input if value.type.HasField("tensor_type")])
    if not value:
        return
    shape = [dim.dim_value if 0 <= dim.dim_value < 8 else 2 for dim in value.type.tensor_type.shape.dim]
    dtype = {TensorProto.INT64: "int64", TensorProto.INT32: "int32", TensorProto.FLOAT: "float32", TensorProto.BOOL: "bool",
             TensorProto.DOUBLE: "float64"}.get(value.type.tensor_type.elem_type, random.choice(ARRAYS))
    graph.initializer.append(numpy_helper.from_array(extremes(dtype, shape, random), value.name))
    if random.random() < 0.7:
        graph.input.remove(value)


def extremes(dtype, shape, random):
    """An array of values that no sensible program has."""
    choices = REALS if dtype.startswith("float") else INTEGERS
    flat = [random.choice(choices) for _ in range(int(np.prod(shape)))]
    if random.random() < 0.3 and flat:
        flat = flat[:1] * len(flat)
    with np.errstate(all="ignore"):
        return np.array(flat, "float64" if dtype.startswith("float") else "int64").astype(dtype).reshape(shape)


def tensor(model, random):
    found = _pick(random, [tensor for graph in _walk(model.graph) for tensor in graph.initializer])
    if found:
        _tensor(found, random)


def _tensor(found, random):
    action = random.randrange(5)
    if action == 0:
        found.data_type = random.choice(TYPES)
    elif action == 1 and found.dims:
        found.dims[random.randrange(len(found.dims))] = random.choice(INTEGERS)
    elif action == 2:
        found.dims.append(random.choice([0, 1, 1, 2, 2**62]))
    elif action == 3 and found.HasField("raw_data"):
        found.raw_data = found.raw_data[:-1] if random.random() < 0.5 else bytes(random.randrange(256) for _ in found.raw_data[:4096])
    else:
        shape, dtype = [random.choice([0, 1, 2, 3]) for _ in range(random.randrange(4))], random.choice(ARRAYS)
        found.CopyFrom(numpy_helper.from_array(extremes(dtype, shape, random), found.name))


# ---- Nodes --------------------------------------------------------------------------------------------------------


def node_inputs(model, random):
    graph = _graph(model, random)
    node = _pick(random, graph.node)
    if not node:
        return
    names = [value.name for value in graph.input] + [t.name for t in graph.initializer] + [o for n in graph.node for o in n.output] + [""]
    action = random.randrange(4)
    if action == 0 and node.input:
        del node.input[random.randrange(len(node.input))]
    elif action == 1:
        node.input.append(random.choice(names))
    elif action == 2 and len(node.input) > 1:
        order = list(node.input)
        random.shuffle(order)
        node.input[:] = order
    elif node.input:
        node.input[random.randrange(len(node.input))] = random.choice(names)


def node_outputs(model, random):
    node = _node(model, random)
    if not node or not node.output:
        return
    action = random.randrange(3)
    if action == 0:
        del node.output[random.randrange(len(node.output))]
    elif action == 1:
        node.output.append(random.choice(["", node.output[0], "more"]))
    else:
        node.output[random.randrange(len(node.output))] = random.choice(["", "other"])


def node_operator(model, random):
    node = _node(model, random)
    if node:
        node.op_type = random.choice(OPERATORS)


def node_copy(model, random):
    graph = _graph(model, random)
    node = _pick(random, graph.node)
    if node:
        made = graph.node.add()
        made.CopyFrom(node)
        for i, name in enumerate(made.output):
            made.output[i] = name + "'"
        if made.input and node.output:
            made.input[random.randrange(len(made.input))] = node.output[0]
            for output in graph.output[:1]:
                output.name = made.output[0]


def node_gone(model, random):
    graph = _graph(model, random)
    node = _pick(random, graph.node)
    if node:
        graph.node.remove(node)


def rename(model, random):
    """A value gets a name that C, JSON, a shell or MLIR may stumble over."""
    graph = model.graph
    value = _pick(random, [*graph.input, *graph.output])
    if not value:
        return
    old, new = value.name, random.choice(NAMES)
    value.name = new
    for node in graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                names[i] = new if name == old else name


def version(model, random):
    opset = _pick(random, model.opset_import)
    if opset:
        opset.version = random.choice([1, 5, 6, 7, 9, 10, 11, 12, 13, 17, 18, 20, 22, 25, 26, 0, -1, 2**40])


def outputs(model, random):
    graph = _graph(model, random)
    action = random.randrange(3)
    if action == 0 and graph.output:
        del graph.output[random.randrange(len(graph.output))]
    elif action == 1 and graph.output:
        graph.output.add().CopyFrom(graph.output[0])
    elif graph.input:
        graph.output.add().CopyFrom(random.choice(graph.input))


FIELD_MUTATIONS = [attribute_value] * 4 + [attribute_kind, attribute_absent, attribute_new] + [value_dims] * 3 + [
    constant_input] * 3 + [value_type, tensor, tensor, node_inputs, node_inputs, node_outputs, node_operator, node_copy, node_gone,
                           rename, version, outputs]

OPERATORS = sorted({schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == ""})


def mutate_bytes(data, random):
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 4, 16])):
        place, kind = random.randrange(len(data)), random.randrange(4)
        if kind == 0:
            data[place] = random.randrange(256)
        elif kind == 1:
            data[place] ^= 1 << random.randrange(8)
        elif kind == 2:
            del data[place:place + random.randrange(1, 4)]
        else:
            other = random.randrange(len(data))
            data[place:place] = data[other:other + random.randrange(1, 20)]
        data = data or bytearray(b"\0")
    return bytes(data)


def mutate(data, random):
    """The bytes of a model, changed: fields mostly, sometimes the bytes."""
    if random.random() < 0.1:
        return mutate_bytes(data, random)
    model = onnx.ModelProto.FromString(data)
    for _ in range(random.choice([1, 1, 1, 2, 2, 3, 5])):
        try:
            random.choice(FIELD_MUTATIONS)(model, random)
        except (ValueError, TypeError):    # a value that the field's own type refuses
            pass
    return model.SerializeToString()
