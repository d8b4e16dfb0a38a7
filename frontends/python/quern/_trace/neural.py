"""Graph ops of neural networks on Values: the shape rule of each, and the op. Operands have the dtypes that the op wants."""
from .build import _flag, _integers, agree


def real(number):
    """A float as an attribute: every digit, and always with a point."""
    text = repr(float(number))
    if text in ("inf", "-inf", "nan"):
        return {"inf": "0x7FF0000000000000", "-inf": "0xFFF0000000000000", "nan": "0x7FF8000000000000"}[text] + " : f64"
    mantissa, _, exponent = text.partition("e")
    mantissa += "" if "." in mantissa else ".0"
    return f"{mantissa}{'e' + exponent if exponent else ''} : f64"


def reals(numbers):
    return f"array<f64: {', '.join(real(number).removesuffix(' : f64') for number in numbers)}>" if numbers else "array<f64>"


def texts(names):
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def _disagree(first, second):
    raise ValueError(f"extents {first} and {second} disagree")


def _span(kernel, dilation):
    return (kernel - 1) * dilation + 1


#--- Windows ------------------------------------------------------------------------------------

def conv(x, weight, strides, dilations, low, high, group):
    """x [N, C, D...], weight [M, C/group, K...] with static extents."""
    agree(x.dims[1], weight.dims[1] * group, x.program, _disagree)
    spatial = [(extent + a + b - _span(k, d)) // s + 1
               for extent, a, b, k, d, s in zip(x.dims[2:], low, high, weight.dims[2:], dilations, strides)]
    return x.program.emit("conv", [x, weight], [(x.dtype, (x.dims[0], weight.dims[0], *spatial))],
                          strides=_integers(strides), dilations=_integers(dilations), pads=_integers([*low, *high]),
                          group=f"{group} : i64")


def conv_transpose(x, weight, strides, dilations, pads, output_padding, group):
    """x [N, C, D...], weight [C, M/group, K...] with static extents; `pads` at both ends."""
    agree(x.dims[1], weight.dims[0], x.program, _disagree)
    spatial = [(extent - 1) * s - 2 * p + _span(k, d) + more
               for extent, s, p, k, d, more in zip(x.dims[2:], strides, pads, weight.dims[2:], dilations, output_padding)]
    return x.program.emit("conv_transpose", [x, weight],
                          [(x.dtype, (x.dims[0], weight.dims[1] * group, *spatial))], strides=_integers(strides),
                          dilations=_integers(dilations), pads=_integers([*pads, *pads]), group=f"{group} : i64")


def pool(x, kind, kernel, strides, dilations, pads, ceil, count_padding, spatial):
    """`spatial`: the extents of the result's spatial axes, of which the op may make one more where `ceil`."""
    made = [_windows(extent + 2 * p - _span(k, d), s, ceil) for extent, p, k, d, s in
            zip(x.dims[2:], pads, kernel, dilations, strides)]
    result = x.program.emit("pool", [x], [(x.dtype, (*x.dims[:2], *made))], kind=f"#graph<pool_kind {kind}>",
                            kernel=_integers(kernel), strides=_integers(strides), dilations=_integers(dilations),
                            pads=_integers([*pads, *pads]), ceil=_flag(ceil), count_padding=_flag(count_padding))
    return result, (*x.dims[:2], *spatial)


def _windows(room, stride, ceil):
    return -((-room) // stride) + 1 if ceil else room // stride + 1


def resize(x, dims, mode, coordinates, nearest, scales, cubic_coeff=-0.75, antialias=False):
    """`scales` has one number for each axis; 0 where it is the quotient of the extents."""
    return x.program.emit("resize", [x], [(x.dtype, dims)], mode=f'"{mode}"', coordinates=f'"{coordinates}"',
                          nearest=f'"{nearest}"', scales=reals(scales), cubic_coeff=real(cubic_coeff),
                          exclude_outside=_flag(antialias), antialias=_flag(antialias), extrapolation=real(0))


#--- Rows ---------------------------------------------------------------------------------------

def softmax(x, axis, log=False):
    return x.program.emit("softmax", [x], [(x.dtype, x.dims)], axis=f"{axis} : i64", log=_flag(log))


def layer_norm(x, axis, epsilon, centered=True):
    """Over the axes from `axis` on, without scale and bias."""
    return x.program.emit("layer_norm", [x], [(x.dtype, x.dims)], axis=f"{axis} : i64", epsilon=real(epsilon),
                          centered=_flag(centered))


def attention(query, key, value, bias, scale, causal):
    """q [B, H, S, D], k [B, Hk, T, D], v [B, Hk, T, Dv]; bias broadcasts to [B, H, S, T] or is None."""
    dims = (*query.dims[:3], value.dims[3])
    attributes = {"scale": real(scale)} | ({"causal": "unit"} if causal else {})
    return query.program.emit("attention", [query, key, value, *([bias] if bias else [])], [(query.dtype, dims)],
                              **attributes)


#--- Recurrent layers ---------------------------------------------------------------------------

# For each kind: the gates, and the activations of one direction.
CELLS = {"rnn_tanh": ("rnn", 1, ["Tanh"]), "rnn_relu": ("rnn", 1, ["Relu"]), "lstm": ("lstm", 4, ["Sigmoid", "Tanh", "Tanh"]),
         "gru": ("gru", 3, ["Sigmoid", "Tanh"])}


def rnn(cell, projected, recurrence, recurrence_bias, initial_h, initial_c, hidden, directions):
    """The operands as the op has them (dialects/graph/ContractionOps.td). Returns y [T, D, B, H], h and c [D, B, H]."""
    kind, _, activations = CELLS[cell]
    _, steps, batch, *_ = projected.dims
    optional = [recurrence_bias, initial_h, initial_c, None, None]
    operands = [projected, recurrence, *(value for value in optional if value)]
    last = (projected.dtype, (directions, batch, hidden))
    names = activations * directions
    segments = ", ".join(str(int(value is not None)) for value in [projected, recurrence, *optional])
    return projected.program.emit(
        "rnn", operands, [(projected.dtype, (steps, directions, batch, hidden)), last, last],
        kind=f"#graph<rnn_kind {kind}>", direction='"bidirectional"' if directions == 2 else '"forward"',
        activations=texts(names), alphas=reals([0.0] * len(names)), betas=reals([0.0] * len(names)), clip=real(0),
        linear_before_reset=_flag(kind == "gru"), input_forget="false", operandSegmentSizes=f"array<i32: {segments}>")


def block(value, axis, size):
    """Cuts an axis into blocks that become the last axis; the last block is filled up with zeros."""
    dims = list(value.dims)
    dims[axis] = (dims[axis] + size - 1) // size
    return value.program.emit("block", [value], [(value.dtype, (*dims, size))], axis=f"{axis} : i64", size=f"{size} : i64")
