"""Products: matmul and its relatives, einsum, norms."""
import numpy as np

from . import build
from .array import Tracer, as_tracer
from .complex import ComplexValue
from .creation import asarray
from .dtypes import cast, result_type
from .errors import TraceError
from .extents import actual, dim_of, product
from .functions import implements
from .manipulation import read_only

_BOOL = np.dtype(bool)


def matrix_product(a, b):
    """build.matmul for every dtype: bools are or-of-ands, complex numbers four products."""
    if isinstance(a, ComplexValue):
        def part(x, y): return build.matmul(x, y)
        return ComplexValue(build.binary("sub", part(a.real, b.real), part(a.imag, b.imag)),
                            build.binary("add", part(a.real, b.imag), part(a.imag, b.real)))
    if a.dtype == _BOOL:
        counts = build.matmul(build.cast(a, np.float32), build.cast(b, np.float32))
        return build.compare("ne", counts, build.like(counts, 0))
    return build.matmul(a, b)


def _multiply(a, b):
    """Matrix product of Tracers of rank >= 2."""
    kind = result_type(a, b)
    return Tracer(matrix_product(cast(a.value, kind), cast(b.value, kind)))


@implements(np.matmul)
def matmul(a, b):
    a, b = as_tracer(a), as_tracer(b)
    if not a.ndim or not b.ndim:
        raise ValueError("matmul: Input operand does not have enough dimensions")
    left, right = a.ndim == 1, b.ndim == 1
    if left and right and result_type(a, b).kind == "c" and a.shape == b.shape:
        return np.sum(a * b)    # both parts in one pass
    result = _multiply(a[None, :] if left else a, b[:, None] if right else b)
    if left and right:
        return result[0, 0]
    return result[..., 0, :] if left else result[..., 0] if right else result


def vecdot(a, b):
    if result_type(as_tracer(a), as_tracer(b)) == _BOOL:
        return np.any(np.logical_and(a, b), axis=-1)
    return np.sum(np.conjugate(a) * b, axis=-1, dtype=result_type(as_tracer(a), as_tracer(b)))


def _conjugate(a):
    return np.conjugate(a) if a.dtype.kind == "c" else a


GENERALIZED = {"matmul": matmul, "vecdot": vecdot, "matvec": lambda a, b: matmul(a, as_tracer(b)[..., None])[..., 0],
               "vecmat": lambda a, b: matmul(_conjugate(as_tracer(a))[..., None, :], b)[..., 0, :]}


@implements(np.dot)
def dot(a, b, out=None):
    a, b = asarray(a), asarray(b)
    if not a.ndim or not b.ndim:
        return a * b
    if b.ndim <= 2 and (a.ndim <= 2 or b.ndim == 2 or b.ndim == 1):
        return matmul(a, b)
    return tensordot(a, b, axes=([a.ndim - 1], [b.ndim - 2]))


@implements(np.vdot)
def vdot(a, b, /):
    return matmul(np.conjugate(np.ravel(a)), np.ravel(b))


@implements(np.inner)
def inner(a, b, /):
    a, b = asarray(a), asarray(b)
    if not a.ndim or not b.ndim:
        return a * b
    return tensordot(a, b, axes=([a.ndim - 1], [b.ndim - 1]))


@implements(np.outer)
def outer(a, b, out=None):
    return np.ravel(a)[:, None] * np.ravel(b)[None, :]


@implements(np.kron)
def kron(a, b):
    a, b = as_tracer(a), as_tracer(b)
    rank = max(a.ndim, b.ndim)
    a, b = (one.reshape((*[1] * (rank - one.ndim), *one.shape)) for one in (a, b))
    left = a.reshape([e for extent in a.shape for e in (extent, 1)])
    spread = left * b.reshape([e for extent in b.shape for e in (1, extent)])
    return spread.reshape([x * y for x, y in zip(a.shape, b.shape)])


@implements(np.tensordot)
def tensordot(a, b, axes=2):
    a, b = as_tracer(a), as_tracer(b)
    if isinstance(axes, (int, np.integer)):
        left, right = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    else:
        left, right = ([one] if isinstance(one, (int, np.integer)) else list(one) for one in axes)
    left, right = build.axes_of(left, a.ndim), build.axes_of(right, b.ndim)

    def complain(*_):
        raise ValueError("shape-mismatch for sum")

    if len(left) != len(right):
        complain()
    for i, j in zip(left, right):
        build.agree(a.shape[i], b.shape[j], a.value.program, complain)
    rows = [axis for axis in range(a.ndim) if axis not in left]
    columns = [axis for axis in range(b.ndim) if axis not in right]
    inside = product(a.shape[axis] for axis in left)
    first = a.transpose([*rows, *left]).reshape((product(a.shape[axis] for axis in rows), inside))
    second = b.transpose([*right, *columns]).reshape((inside, product(b.shape[axis] for axis in columns)))
    return _multiply(first, second).reshape([*(a.shape[axis] for axis in rows), *(b.shape[axis] for axis in columns)])


@implements(np.cross)
def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(as_tracer(a), axisa, -1), np.moveaxis(as_tracer(b), axisb, -1)
    if int(a.shape[-1]) != 3 or int(b.shape[-1]) != 3:
        raise TraceError("numpy.cross takes vectors of three elements here")
    parts = [a[..., (i + 1) % 3] * b[..., (i + 2) % 3] - a[..., (i + 2) % 3] * b[..., (i + 1) % 3] for i in range(3)]
    return np.moveaxis(np.stack(parts, -1), -1, axisc)


@implements(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    x = as_tracer(x)
    if x.dtype.kind not in "fc":
        x = x.astype(np.float64)
    if axis is None:
        if ord is not None and x.ndim not in (1, 2):
            raise ValueError("Improper number of dimensions to norm.")
        if ord is None:
            size = np.sqrt(np.sum(_squares(x)))
            return size.reshape([1] * x.ndim) if keepdims else size
    axes = build.axes_of(axis, x.ndim)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes, keepdims)
    if len(axes) != 2:
        raise ValueError("Improper number of dimensions to norm.")
    if ord in (None, "fro"):
        return np.sqrt(np.sum(_squares(x), axis=axes, keepdims=keepdims))
    if ord in (1, -1, np.inf, -np.inf):
        inside, outside = axes if abs(ord) == 1 else axes[::-1]
        pick = np.max if ord > 0 else np.min
        return pick(np.sum(np.abs(x), axis=inside, keepdims=True), axis=axes, keepdims=keepdims)
    if ord not in (2, -2, "nuc"):
        raise ValueError("Invalid norm order for matrices.")
    values = np.linalg.svdvals(np.moveaxis(x, axes, (-2, -1)))
    result = np.sum(values, axis=-1) if ord == "nuc" else values[..., 0 if ord == 2 else -1]
    return np.expand_dims(result, axes) if keepdims else result


def _squares(x):
    return np.real(x) ** 2 + np.imag(x) ** 2 if x.dtype.kind == "c" else x * x


def _vector_norm(x, ord, axes, keepdims):
    if ord in (None, 2):
        return np.sqrt(np.sum(_squares(x), axis=axes, keepdims=keepdims))
    size = np.abs(x)
    if ord in (np.inf, -np.inf):
        return (np.max if ord > 0 else np.min)(size, axis=axes, keepdims=keepdims)
    if ord == 0:
        return np.sum((size != 0).astype(size.dtype), axis=axes, keepdims=keepdims)
    if ord == 1:
        return np.sum(size, axis=axes, keepdims=keepdims)
    return np.sum(size ** ord, axis=axes, keepdims=keepdims) ** (1 / ord)


implements(np.linalg.vector_norm)(lambda x, /, *, axis=None, keepdims=False, ord=2:
                                  norm(np.ravel(x) if axis is None else x, ord, axis, keepdims))
implements(np.linalg.matmul)(lambda a, b, /: matmul(a, b))
implements(np.linalg.vecdot)(lambda a, b, /, *, axis=-1: vecdot(np.moveaxis(as_tracer(a), axis, -1),
                                                               np.moveaxis(as_tracer(b), axis, -1)))
implements(np.linalg.outer)(lambda x1, x2, /: outer(x1, x2))
implements(np.linalg.tensordot)(lambda x1, x2, /, *, axes=2: np.tensordot(x1, x2, axes))
implements(np.linalg.cross)(lambda x1, x2, /, *, axis=-1: np.cross(x1, x2, axis=axis))
implements(np.linalg.diagonal)(lambda x, /, *, offset=0: np.diagonal(x, offset, -2, -1))
implements(np.linalg.trace)(lambda x, /, *, offset=0, dtype=None: np.trace(x, offset, -2, -1, dtype))
implements(np.linalg.matrix_norm)(lambda x, /, *, keepdims=False, ord="fro": norm(x, ord, (-2, -1), keepdims))
implements(np.linalg.matrix_transpose)(lambda x, /: np.swapaxes(x, -1, -2))


@implements(np.linalg.matrix_power)
def matrix_power(a, n):
    if not isinstance(n, (int, np.integer)) or n < 0:
        raise TraceError("numpy.linalg.matrix_power takes a power of at least 0 here")
    a = as_tracer(a)
    if n == 0:
        return np.broadcast_to(np.eye(int(a.shape[-1]), dtype=a.dtype), a.shape).copy()
    result = None
    while n:
        if n & 1:
            result = a if result is None else matmul(result, a)
        n >>= 1
        a = matmul(a, a) if n else a
    return result


@implements(np.linalg.multi_dot)
def multi_dot(arrays, *, out=None):
    result = as_tracer(arrays[0])
    for array in arrays[1:]:
        result = dot(result, array)
    return result


#--- einsum ---------------------------------------------------------------------------------------

@implements(np.einsum)
def einsum(*operands, out=None, optimize=False, dtype=None, order="K", casting="safe"):
    """Pairs are contracted in NumPy's own order (numpy.einsum_path, on the extents of this call), each as one product."""
    inputs, output, arrays = _parse(operands)
    if dtype is not None:
        arrays = [array.astype(dtype) for array in arrays]
    arrays, inputs = map(list, zip(*(_own_axes(array, labels, inputs, output) for array, labels in zip(arrays, inputs))))
    extents = {}
    for array, labels in zip(arrays, inputs):
        for label, extent in zip(labels, array.shape):
            if label not in extents or build.is_one(extents[label]):
                extents[label] = extent
            elif not build.is_one(extent):
                build.agree(extents[label], extent, array.value.program, _mismatch(label))
    for pair in _path(inputs, output, extents):
        first, second = (max(pair), min(pair)) if len(pair) == 2 else (pair[0], None)
        a, left = arrays.pop(first), inputs.pop(first)
        if second is None:
            b, right = None, []
        else:
            b, right = arrays.pop(second), inputs.pop(second)
            a, left, b, right = b, right, a, left
        wanted = set(output).union(*inputs)
        array, labels = _reduce(a, left, wanted) if b is None else _contract(a, left, b, right, wanted, extents)
        arrays.append(array)
        inputs.append(labels)
    array, labels = _reduce(arrays[0], inputs[0], set(output))
    array = array.transpose([labels.index(label) for label in output]) if labels != output else array
    return np.broadcast_to(array, [extents[label] for label in output]).copy()


def _mismatch(label):
    def complain(first, second):
        raise ValueError(f"einsum: the label {label!r} has extents {first} and {second}")
    return complain


def _parse(operands):
    """Lists of labels; those of an ellipsis are numbers from the right."""
    if isinstance(operands[0], str):
        text, arrays = operands[0].replace(" ", ""), [as_tracer(one) for one in operands[1:]]
        left, arrow, right = text.partition("->")
        terms = left.split(",")
    else:
        pairs = list(zip(operands[0::2], operands[1::2]))
        arrays = [as_tracer(array) for array, _ in pairs]
        terms = [_letters(labels) for _, labels in pairs]
        arrow = len(operands) % 2 == 1
        right = _letters(operands[-1]) if arrow else ""
    if len(terms) != len(arrays):
        raise ValueError(f"einsum: {len(terms)} terms for {len(arrays)} operands")
    inputs, widest = [], 0
    for term, array in zip(terms, arrays):
        before, dots, after = term.partition("...")
        free = array.ndim - len(before) - len(after)
        if free < 0 or free and not dots:
            raise ValueError(f"einsum: the term {term!r} does not fit an operand with {array.ndim} axes")
        inputs.append([*before, *range(-free, 0), *after])
        widest = max(widest, free)
    if arrow:
        before, dots, after = right.partition("...")
        output = [*before, *(range(-widest, 0) if dots else ()), *after]
    else:
        letters = "".join(label for labels in inputs for label in labels if isinstance(label, str))
        output = [*range(-widest, 0), *sorted(label for label in set(letters) if letters.count(label) == 1)]
    for label in output:
        if not any(label in labels for labels in inputs):
            raise ValueError(f"einsum: the output has the label {label!r}, which no operand has")
    return inputs, output, arrays


def _letters(labels):
    """Numbers as NumPy's letters: a to z, then A to Z."""
    return "".join("..." if label is Ellipsis else chr(97 + label) if label < 26 else chr(39 + label) for label in labels)


def _own_axes(array, labels, inputs, output):
    """Takes diagonals of repeated labels and sums those that nobody else has."""
    labels = list(labels)
    for label in set(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            array = np.diagonal(array, axis1=first, axis2=second)
            del labels[second], labels[first]
            labels.append(label)
    others = sum((label for label in inputs), [])
    return _reduce(array, labels, {label for label in labels if others.count(label) > 1 or label in output})


def _reduce(array, labels, wanted):
    axes = tuple(axis for axis, label in enumerate(labels) if label not in wanted)
    if not axes:
        return array, list(labels)
    return np.sum(array, axis=axes, dtype=array.dtype), [label for label in labels if label in wanted]


def _path(inputs, output, extents):
    if len(inputs) <= 2:
        return [tuple(range(len(inputs)))]
    letters = {}
    for labels in inputs:
        for label in labels:
            letters.setdefault(label, chr(97 + len(letters)) if len(letters) < 26 else chr(39 + len(letters)))
    text = ",".join("".join(letters[label] for label in labels) for labels in inputs)
    shapes = [np.broadcast_to(np.float32(0), [actual(extents[label]) or 2 for label in labels]) for labels in inputs]
    path, _ = np.einsum_path(f"{text}->{''.join(letters[label] for label in output)}", *shapes, optimize="greedy")
    pairs = []
    count = len(inputs)
    for step in path[1:]:      # steps of more than two operands, one after the other
        step = sorted(step)
        while len(step) > 2:
            pairs.append((step[-2], step[-1]))
            step = [*step[:-2], count - 2]
            count -= 1
        pairs.append(tuple(step))
        count -= 1
    return pairs


def _contract(a, left, b, right, wanted, extents):
    """One matrix product: batch labels, rows of the first, columns of the second, the rest is summed."""
    a, left = _reduce(a, left, wanted | set(right))
    b, right = _reduce(b, right, wanted | set(left))
    inside = [label for label in left if label in right and label not in wanted]
    if not inside:
        return _spread(a, left, b, right)
    a, b = (_full(array, labels, inside, extents) for array, labels in ((a, left), (b, right)))
    batch = [label for label in left if label in right and label in wanted]
    rows = [label for label in left if label not in right]
    columns = [label for label in right if label not in left]
    first = a.transpose([left.index(label) for label in (*batch, *rows, *inside)])
    second = b.transpose([right.index(label) for label in (*batch, *inside, *columns)])
    def lead(array): return array.shape[:len(batch)]
    count = product(extents[label] for label in inside)
    first = first.reshape((*lead(first), product(extents[label] for label in rows), count))
    second = second.reshape((*lead(second), count, product(extents[label] for label in columns)))
    result = _multiply(first, second)
    result = result.reshape((*result.shape[:len(batch)], *(extents[label] for label in (*rows, *columns))))
    return result, [*batch, *rows, *columns]


def _full(array, labels, inside, extents):
    """Stretches extents of 1 along the labels that are summed."""
    dims = [extents[label] if label in inside else extent for label, extent in zip(labels, array.shape)]
    return np.broadcast_to(array, dims)


def _spread(a, left, b, right):
    """No label is summed: an elementwise product."""
    labels = [*left, *(label for label in right if label not in left)]
    a = a.reshape((*a.shape, *[1] * (len(labels) - len(left))))
    order = sorted(range(len(right)), key=lambda axis: labels.index(right[axis]))
    b = b.transpose(order)
    shape = iter(b.shape)
    b = b.reshape([next(shape) if label in right else 1 for label in labels])
    return a * b, labels


#--- Diagonals --------------------------------------------------------------------------------------

@implements(np.diagonal)
def diagonal(a, offset=0, axis1=0, axis2=1):
    return as_tracer(a).derive(lambda whole: _diagonal(Tracer(whole), offset, axis1, axis2).value, read_only,
                               lambda whole, _: np.diagonal(whole, offset, axis1, axis2))


def _diagonal(array, offset, axis1, axis2):
    array = np.moveaxis(array, (axis1, axis2), (-2, -1))
    array = array[..., max(-offset, 0):, max(offset, 0):]
    rows, columns = array.shape[-2:]
    if isinstance(rows, int) and isinstance(columns, int):
        extent = min(rows, columns)
    else:
        extent = rows if str(dim_of(rows)) == str(dim_of(columns)) else rows if rows <= columns else columns
    index = Tracer(build.iota(array.value.program, (extent,), 0))
    return array[..., index, index]


@implements(np.trace)
def trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@implements(np.diag)
def diag(v, k=0):
    array = as_tracer(v)
    if array.ndim == 2:
        return diagonal(array, k)
    if array.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    extent = array.shape[0] + abs(k)
    program = array.value.program
    rows, columns = Tracer(build.iota(program, (extent, 1), 0)), Tracer(build.iota(program, (1, extent), 1))
    spread = np.pad(array, (max(k, 0), max(-k, 0)))[None, :]
    return np.where(columns - rows == k, spread, np.zeros((), array.dtype))


@implements(np.diagflat)
def diagflat(v, k=0):
    return diag(np.ravel(v), k)
