"""Builds graph ops on Values: the shape rule of each, and the op. Operands have the dtypes that the op wants."""
import numpy as np

from .extents import Extent, actual, product, same, smaller
from .program import BFLOAT16

BOOL, I64 = np.dtype(bool), np.dtype(np.int64)


#--- Extents that must agree ------------------------------------------------------------------

def agree(a, b, program, complain):
    """One extent for two that must be equal. `complain` raises what NumPy would."""
    if same(a, b):
        return a
    first, second = actual(a), actual(b)
    if first is None or second is None:      # depends on data: the run checks
        program.emit("guard", [], [], lhs=_text(a), rhs=_text(b), message='"extents that must be equal"')
        return b if isinstance(b, int) else a
    if first != second:
        complain(first, second)
    return program.facts.equate(a, b)


def _text(extent):
    return extent.dim if isinstance(extent, Extent) else f'"{extent}"'


def is_one(extent):
    """Whether an extent is 1, now and in every call of the program. Axes of arguments with one element are the number 1,
    and one that depends on data is taken for more."""
    if not isinstance(extent, Extent) or actual(extent) is None or is_argument(extent):
        return isinstance(extent, int) and extent == 1
    return extent == 1 and bool(extent.facts.specialise(extent.dim))


def is_argument(extent):
    """Whether an extent is that of an argument's axis, which is not 1."""
    return str(extent.dim) in extent.facts.actual


def is_zero(extent):
    """Whether an extent is 0, now and in every call of the program; one that depends on data is taken for more."""
    return not (isinstance(extent, Extent) and actual(extent) is None) and extent == 0


def broadcast_dims(shapes, program):
    """The extents of shapes that broadcast, as in NumPy."""
    rank = max(map(len, shapes))

    def complain(_a, _b):
        texts = " ".join(str(tuple(actual(extent) for extent in shape)) for shape in shapes)
        raise ValueError(f"operands could not be broadcast together with shapes {texts}")

    result = []
    for axis in range(rank):
        extent = 1
        for shape in shapes:
            i = axis - rank + len(shape)
            if i < 0 or is_one(shape[i]):
                continue
            extent = shape[i] if isinstance(extent, int) and extent == 1 else agree(extent, shape[i], program, complain)
        result.append(extent)
    return tuple(result)


#--- Constants and extents as values ------------------------------------------------------------

def constant(program, array, dtype=None):
    return program.constant(np.asarray(array, dtype))


def like(value, number):
    """A rank-0 constant in the dtype of `value`."""
    return scalar(value.program, number, value.dtype)


def scalar(program, number, dtype):
    if dtype != BFLOAT16:
        return program.constant(np.asarray(number).astype(dtype))
    bits = int(np.asarray(number, np.float32).view(np.uint32))     # the upper half, to the nearest, halves to even
    rounded = bits + 0x7FFF + (bits >> 16 & 1) if number == number else bits
    return program.constant(np.asarray(rounded >> 16, np.uint16).view(BFLOAT16))


def extents(program, dims, scalar=False):
    """Integers that are extents, int64 of rank 1, or of rank 0."""
    if all(isinstance(dim, int) for dim in dims):
        return program.constant(np.array(dims[0] if scalar else dims, np.int64))
    return program.emit("shape_vector", [], [(I64, () if scalar else (len(dims),))], dims=list(dims))


def iota(program, dims, axis):
    return program.emit("iota", [], [(I64, dims)], axis=f"{axis} : i64")


#--- Elementwise --------------------------------------------------------------------------------

def unary(op, value, **attributes):
    return value.program.emit(op, [value], [(value.dtype, value.dims)], **attributes)


def predicate(op, value, **attributes):
    return value.program.emit(op, [value], [(BOOL, value.dims)], **attributes)


def binary(op, a, b, **attributes):
    return a.program.emit(op, [a, b], [(a.dtype, broadcast_dims([a.dims, b.dims], a.program))], **attributes)


def compare(kind, a, b):
    return a.program.emit("compare", [a, b], [(BOOL, broadcast_dims([a.dims, b.dims], a.program))],
                          kind=f"#graph<compare {kind}>")


def select(condition, a, b):
    dims = broadcast_dims([condition.dims, a.dims, b.dims], a.program)
    return a.program.emit("select", [condition, a, b], [(a.dtype, dims)])


def cast(value, dtype):
    dtype = np.dtype(np.float32 if value.program.narrow and dtype == np.float64 else dtype)
    if value.dtype == dtype:
        return value
    return value.program.emit("cast", [value], [(dtype, value.dims)])


def bitcast(value, dtype):
    """The same bits as another dtype of the same width."""
    if value.dtype == dtype:
        return value
    return value.program.emit("bitcast", [value], [(np.dtype(dtype), value.dims)])


#--- Movement -----------------------------------------------------------------------------------

def reshape(value, dims):
    dims = tuple(dims)
    if len(dims) == len(value.dims) and all(map(same, dims, value.dims)):
        return value
    return value.program.emit("reshape", [value], [(value.dtype, dims)])


def transpose(value, permutation):
    permutation = tuple(permutation)
    if permutation == tuple(range(len(value.dims))):
        return value
    return value.program.emit("transpose", [value], [(value.dtype, [value.dims[axis] for axis in permutation])],
                              permutation=_integers(permutation))


def broadcast(value, dims):
    dims = tuple(dims)
    if len(dims) == len(value.dims) and all(map(same, dims, value.dims)):
        return value
    return value.program.emit("broadcast", [value], [(value.dtype, dims)])


def slice(value, starts, steps, sizes):
    if all(step == 1 for step in steps) and all(map(same, sizes, value.dims)):
        return value
    return value.program.emit("slice", [value], [(value.dtype, sizes)], starts=list(starts), steps=_integers(steps))


def slice_axis(value, axis, start, size):
    starts, sizes = [0] * len(value.dims), list(value.dims)
    starts[axis], sizes[axis] = start, size
    return slice(value, starts, [1] * len(starts), sizes)


def concat(values, axis):
    """Extents along the other axes are equal already."""
    if len(values) == 1:
        return values[0]
    dims = list(values[0].dims)
    dims[axis] = sum((value.dims[axis] for value in values[1:]), dims[axis])
    return values[0].program.emit("concat", values, [(values[0].dtype, dims)], axis=f"{axis} : i64")


def pad(value, low, high, fill=None, mode="constant"):
    """`fill` is one number, or has the dims of the result: what stays where `value` is not."""
    dims = [a + b + c for a, b, c in zip(low, value.dims, high)]
    if all(map(same, dims, value.dims)):
        return value
    return value.program.emit("pad", [value, fill or like(value, 0)], [(value.dtype, dims)], low=list(low),
                              mode=f"#graph<pad_mode {mode}>")


def gather(data, indices, axis):
    dims = data.dims[:axis] + indices.dims + data.dims[axis + 1:]
    return data.program.emit("gather", [data, indices], [(data.dtype, dims)], axis=f"{axis} : i64")


def pick(value, axis, index):
    """One slice along an axis, which goes. No slice and reshape: those end a kernel."""
    return gather(value, constant(value.program, index, I64), axis)


def gather_elements(data, indices, axis):
    return data.program.emit("gather_elements", [data, indices], [(data.dtype, indices.dims)], axis=f"{axis} : i64")


def gather_nd(data, indices):
    depth = indices.dims[-1]
    return data.program.emit("gather_nd", [data, indices], [(data.dtype, indices.dims[:-1] + data.dims[depth:])],
                             batch_dims="0 : i64")


def scatter_nd(data, indices, updates, kind="none"):
    return data.program.emit("scatter_nd", [data, indices, updates], [(data.dtype, data.dims)],
                             kind=f"#graph<scatter {kind}>")


def scatter_elements(data, indices, updates, axis, kind="none"):
    return data.program.emit("scatter_elements", [data, indices, updates], [(data.dtype, data.dims)],
                             axis=f"{axis} : i64", kind=f"#graph<scatter {kind}>")


def read_extent(value, name):
    """The element of an int64 tensor of one element, not negative, as an extent."""
    value.program.emit("read_symbols", [value], [], symbols=f'["{name}"]')
    return value.program.facts.symbol(name)


def read_extents(values, name):
    """The elements of an int64 vector, none of which is negative, as extents."""
    names = [f"{name}{values.program.count}_{i}" for i in range(values.dims[0])]
    quoted = ", ".join(f'"{each}"' for each in names)
    values.program.emit("read_symbols", [values], [], symbols=f"[{quoted}]")
    return list(map(values.program.facts.symbol, names))


def require(holds, message):
    """Fails the call where a bool of rank 0 is false."""
    name = f"checked{holds.program.count}"
    holds.program.emit("read_symbols", [cast(holds, I64)], [], symbols=f'["{name}"]')
    holds.program.emit("guard", [], [], lhs=f'"{name}"', rhs='"1"', message=f'"{message}"')


def require_some(extents, program, message):
    """Raises a ValueError where one of the extents is 0; fails the call where it depends on data."""
    for extent in extents:
        if is_zero(extent):
            raise ValueError(message)
        if actual(extent) is None:
            program.emit("guard", [], [], lhs=_text(smaller(extent, 1)), rhs='"1"', message=f'"{message}"')


def nonzero(value):
    """int64 [rank, count] of a mask. The count is read first, so that there is room for the result."""
    total = reduce(cast(value, I64), range(len(value.dims)), "sum")
    name = f"found{value.program.count}"
    count = read_extent(total, name)
    return value.program.emit("non_zero", [value], [(I64, (len(value.dims), count))], symbol=f'"{name}"')


#--- Along axes ---------------------------------------------------------------------------------

def reduce(value, axes, kind, keep=False):
    axes = sorted(axes)
    if not axes:
        return value
    dims = [1 if axis in axes else extent for axis, extent in enumerate(value.dims)]
    result = value.program.emit("reduce", [value], [(value.dtype, dims)], axes=_integers(axes),
                                kind=f"#graph<reduction {kind}>")
    return result if keep else drop_axes(result, axes)


def drop_axes(value, axes):
    return reshape(value, [extent for axis, extent in enumerate(value.dims) if axis not in axes])


def add_axes(value, axes):
    """`axes` are those of the result."""
    rest = iter(value.dims)
    return reshape(value, [1 if axis in axes else next(rest) for axis in range(len(value.dims) + len(axes))])


def arg_reduce(value, axis, largest):
    """The axis stays with extent 1."""
    dims = list(value.dims)
    dims[axis] = 1
    return value.program.emit("arg_reduce", [value], [(I64, dims)], axis=f"{axis} : i64", largest=_flag(largest),
                              last="false")


def cumulative(value, axis, kind):
    return value.program.emit("cumulative", [value], [(value.dtype, value.dims)], axis=f"{axis} : i64", exclusive="false",
                              kind=f"#graph<reduction {kind}>", reverse="false")


def top_k(value, axis, k, largest):
    dims = list(value.dims)
    dims[axis] = k
    return value.program.emit("top_k", [value], [(value.dtype, dims), (I64, dims)], axis=f"{axis} : i64",
                              largest=_flag(largest), sorted="true")


def fourier(pairs, axis, inverse, scale):
    """Of complex numbers [..., 2] along an axis of static extent, times `scale`."""
    return pairs.program.emit("fourier", [pairs], [(pairs.dtype, pairs.dims)], axis=f"{axis} : i64", inverse=_flag(inverse),
                              scale=_float(scale))


def fourier_from_real(value, bins, scale):
    """[..., n] -> [..., bins, 2]; bins: n, or n // 2 + 1."""
    return value.program.emit("fourier_from_real", [value], [(value.dtype, (*value.dims[:-1], bins, 2))],
                              scale=_float(scale))


def fourier_to_real(pairs, count, scale):
    """[..., count // 2 + 1, 2] -> [..., count], without the division by `count`."""
    return pairs.program.emit("fourier_to_real", [pairs], [(pairs.dtype, (*pairs.dims[:-2], count))], scale=_float(scale))


def matmul(a, b):
    """Operands of rank >= 2."""
    def complain(first, second):
        raise ValueError(f"matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature "
                         f"(n?,k),(k,m?)->(n?,m?) (size {second} is different from {first})")

    agree(a.dims[-1], b.dims[-2], a.program, complain)
    lead = broadcast_dims([a.dims[:-2], b.dims[:-2]], a.program) if len(a.dims) > 2 or len(b.dims) > 2 else ()
    return a.program.emit("matmul", [a, b], [(a.dtype, (*lead, a.dims[-2], b.dims[-1]))])


#--- Factors of matrices, in one part or two ------------------------------------------------------

def lu(parts):
    """The parts of the factors, the exchanges of rows, and their order."""
    dims = parts[0].dims
    results = [(parts[0].dtype, dims)] * len(parts) + [(I64, dims[:-1])] * 2
    *factors, exchanges, order = parts[0].program.emit("lu", parts, results)
    return factors, exchanges, order


def cholesky(parts):
    return _several(parts[0].program.emit("cholesky", parts, [(part.dtype, part.dims) for part in parts]))


def triangular_solve(matrix, right, lower, transpose, unit):
    """The parts of the solutions; the matrices have as many axes as the right sides, of which leading ones may be 1."""
    return _several(right[0].program.emit("triangular_solve", [*matrix, *right], [(part.dtype, part.dims) for part in right],
                                          lower=_flag(lower), transpose=_flag(transpose), unit=_flag(unit)))


def _several(values):
    return values if isinstance(values, list) else [values]


def normalize(axis, rank):
    if not -rank <= axis < rank:
        raise np.exceptions.AxisError(axis, rank)
    return axis % rank


def axes_of(axis, rank):
    """The axes that NumPy's `axis` argument means."""
    if axis is None:
        return tuple(range(rank))
    axes = tuple(normalize(int(one), rank) for one in (axis if isinstance(axis, (tuple, list, range)) else (axis,)))
    if len(set(axes)) != len(axes):
        raise ValueError("duplicate value in 'axis'")
    return axes


def count(value, axes):
    """How many elements lie along the axes."""
    return product(value.dims[axis] for axis in axes)


def _integers(values):
    return f"array<i64: {', '.join(map(str, values))}>" if values else "array<i64>"


def _float(value):
    return f"{value:.17e} : f64"


def _flag(value):
    return "true" if value else "false"
