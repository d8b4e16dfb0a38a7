"""NumPy's functions, family by family, against NumPy."""
import numpy as np
import pytest
from differential import check, check_call, check_each, compare

import quern

RNG = np.random.default_rng(7)
X = RNG.standard_normal((3, 4, 5))
M = RNG.standard_normal((4, 4))
V = RNG.standard_normal(9)
I = RNG.integers(-9, 9, (4, 6))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "uint8", "bool"])
def test_reductions(dtype):
    x = (X * 3).astype(np.int64).astype(dtype) if dtype != "float64" else X
    cases = {}
    for name in ("sum", "prod", "max", "min", "mean", "var", "std", "any", "all", "count_nonzero", "argmax", "argmin"):
        function = getattr(np, name)
        if dtype == "bool" and name in ("var", "std"):
            continue
        cases[name] = lambda x, f=function: f(x)
        cases[name + " axis"] = lambda x, f=function: f(x, axis=1)
        cases[name + " keepdims"] = lambda x, f=function: f(x, axis=-1, keepdims=True)
        if not name.startswith("arg"):
            cases[name + " axes"] = lambda x, f=function: f(x, axis=(0, 2))
    check_each(cases, x, scale=10)


def test_reductions_with_more_arguments():
    check_each({"where": lambda x: x.sum(where=x > 0), "initial": lambda x: x.max(initial=10), "dtype": lambda x: x.sum(dtype=np.float32),
                "ddof": lambda x: x.var(axis=0, ddof=1), "std": lambda x: np.std(x, ddof=1), "mean where": lambda x: x.mean(axis=0, where=x > 0),
                "ptp": lambda x: np.ptp(x, axis=1), "sum initial": lambda x: np.sum(x, axis=0, initial=2.5),
                "average": lambda x: np.average(x, axis=1, weights=np.arange(4.0)), "median": lambda x: np.median(x, axis=1),
                "percentile": lambda x: np.percentile(x, [10, 50, 90], axis=-1), "quantile": lambda x: np.quantile(x, 0.3),
                "cov": lambda x: np.cov(x[0]), "corrcoef": lambda x: np.corrcoef(x[1])}, X, scale=2e6)


def test_reductions_of_nan():
    x = np.where(X > 1, np.nan, X)
    check_each({name: lambda x, f=getattr(np, name): f(x, axis=1) for name in
                ("nansum", "nanmean", "nanmax", "nanmin", "nanstd", "nanvar", "nanprod", "max", "min", "sum", "mean")}, x, scale=20)


@pytest.mark.parametrize("shape, axis", [((0, 3), 0), ((3, 0), 0), ((1, 1), 1), ((), None), ((5,), 0), ((2, 0), None)])
def test_reductions_of_small_arrays(shape, axis):
    check_each({"sum": lambda x: x.sum(axis=axis), "prod": lambda x: x.prod(axis=axis), "mean": lambda x: x.mean(axis=axis),
                "any": lambda x: (x > 0).any(axis=axis), "all": lambda x: (x > 0).all(axis=axis),
                "cumsum": lambda x: np.cumsum(x, axis=axis)}, np.ones(shape))


def test_an_empty_maximum_is_numpys_error():
    import quern
    with pytest.raises(ValueError, match="zero-size array to reduction operation maximum which has no identity"):
        quern.jit(lambda x: x.max())(np.ones((0, 3)))


def test_products_of_complex_numbers():
    x = np.random.default_rng(0).standard_normal((3, 4, 2)) * (1 + 0.5j)
    check(lambda x: (np.prod(x), np.prod(x, axis=1), x.prod((0, 2), keepdims=True), np.prod(x[:0], axis=0)), x, scale=10)


def test_running():
    check_each({"cumsum": lambda x, i: np.cumsum(x), "axis": lambda x, i: np.cumsum(x, axis=1), "prod": lambda x, i: np.cumprod(x, axis=-1),
                "int": lambda x, i: np.cumsum(i, axis=0), "bool": lambda x, i: np.cumsum(i > 0), "diff": lambda x, i: np.diff(x, axis=1),
                "diff2": lambda x, i: np.diff(i, n=2), "ediff1d": lambda x, i: np.ediff1d(i), "prepend": lambda x, i: np.diff(x, prepend=0, axis=0),
                "gradient": lambda x, i: np.gradient(x, axis=1), "trapezoid": lambda x, i: np.trapezoid(x, dx=0.5)}, X, I, scale=4)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int32", "uint64"])
@pytest.mark.parametrize("length", [15, 16, 17, 1000])
def test_long_lines_run(length, dtype):
    """A vector at a time: sums, which are floats' of another order than NumPy's, products one by one, extrema."""
    x = (np.random.default_rng(length).standard_normal((3, length)) * 10).astype(dtype)
    check(lambda x: (np.cumsum(x, axis=1), np.cumsum(x), np.cumprod(x[0]), np.maximum.accumulate(x, axis=1),
                     np.minimum.accumulate(x, axis=1), np.cumsum(x[:, ::-1], axis=1)), x, scale=length)


def test_running_sums_of_infinities():
    x = np.arange(40.0)
    x[5], x[20], x[33] = np.inf, -np.inf, np.nan
    check(lambda x: (np.cumsum(x), np.cumsum(x[6:]), np.cumsum(x[21:]), np.maximum.accumulate(x), np.minimum.accumulate(x)), x)


@pytest.mark.parametrize("shape", [(3,), (20,), (20, 2)])
def test_running_sums_keep_the_sign_of_zeros(shape):
    """The sum begins with the first element."""
    check(lambda x: np.copysign(1, np.cumsum(x, axis=0)), np.full(shape, -0.0))


def test_running_extrema():
    check(lambda x, i: (np.maximum.accumulate(x), np.minimum.accumulate(x, axis=1), np.maximum.accumulate(i),
                        np.minimum.accumulate(np.where(x > 1, np.nan, x))),
          np.random.default_rng(2).standard_normal((5, 6)), np.array([3, 1, 4, 1, 5]))


def test_sums_of_logarithms():
    check(lambda x, lost, full: (np.logaddexp.reduce(x), np.logaddexp.reduce(x, axis=1, keepdims=True), np.logaddexp.reduce(lost),
                                 np.logaddexp.reduce(x, axis=None), np.logaddexp.reduce(full), np.logaddexp.reduce(x * np.nan)),
          np.random.default_rng(2).standard_normal((5, 6)) * 500, np.full(2, -np.inf), np.array([np.inf, 1.0]), scale=4)


def test_shapes():
    check_each({"reshape": lambda x: x.reshape(6, 10), "infer": lambda x: x.reshape(2, -1), "ravel": lambda x: x.ravel(),
                "T": lambda x: x.T, "transpose": lambda x: x.transpose(1, 0, 2), "swapaxes": lambda x: np.swapaxes(x, 0, 2),
                "moveaxis": lambda x: np.moveaxis(x, 0, -1), "squeeze": lambda x: x[None].squeeze(), "expand": lambda x: np.expand_dims(x, (0, 2)),
                "atleast": lambda x: np.atleast_2d(x[0, 0]), "broadcast_to": lambda x: np.broadcast_to(x[0, 0], (3, 5)),
                "flip": lambda x: np.flip(x, 1), "fliplr": lambda x: np.fliplr(x), "rot90": lambda x: np.rot90(x, axes=(0, 2)),
                "roll": lambda x: np.roll(x, 2), "roll axis": lambda x: np.roll(x, -1, axis=1), "roll axes": lambda x: np.roll(x, (1, 2), (0, 2)),
                "tile": lambda x: np.tile(x, (2, 1, 3)), "repeat": lambda x: np.repeat(x, 3, axis=1), "repeats": lambda x: np.repeat(x, [1, 0, 2], axis=0),
                "pad": lambda x: np.pad(x, ((0, 1), (2, 0), (1, 1))), "edge": lambda x: np.pad(x, 1, mode="edge"),
                "reflect": lambda x: np.pad(x, 2, mode="reflect"), "wrap": lambda x: np.pad(x, 1, mode="wrap"),
                "value": lambda x: np.pad(x, 1, constant_values=3.5), "mT": lambda x: x.mT, "fortran": lambda x: x.reshape((4, 15), order="F"),
                "flatten": lambda x: x.flatten(), "rollaxis": lambda x: np.rollaxis(x, 2)}, X)


def test_joins():
    check_each({"concatenate": lambda x: np.concatenate([x, x * 2], axis=1), "stack": lambda x: np.stack([x[0], x[1]], axis=-1),
                "hstack": lambda x: np.hstack([x, x]), "vstack": lambda x: np.vstack([x[0], x[1]]), "dstack": lambda x: np.dstack([x[0], x[1]]),
                "column_stack": lambda x: np.column_stack([x[0, 0], x[0, 1]]), "append": lambda x: np.append(x[0], 3.0),
                "split": lambda x: np.split(x, 2, axis=1), "array_split": lambda x: np.array_split(x, 3, axis=2),
                "mixed": lambda x: np.concatenate([x[0, 0], np.arange(3)]), "list": lambda x: np.array([x[0, 0, 0], 1.0, x[1, 1, 1]]),
                "nested": lambda x: np.array([[x[0, 0, 0], 2], [3, x[1, 0, 0]]]), "r_": lambda x: np.r_[x[0, 0], 1.0, 2:4],
                "c_": lambda x: np.c_[x[0, 0], x[0, 1]], "insert": lambda x: np.insert(x[0, 0], 2, 9.0), "delete": lambda x: np.delete(x, 1, axis=0),
                "unstack": lambda x: list(np.unstack(x))}, X)


def test_choices():
    check_each({"where": lambda x, i: np.where(x > 0, x, -1), "select": lambda x, i: np.select([x > 1, x < -1], [x, -x], 0.5),
                "clip": lambda x, i: np.clip(x, -0.5, 0.5), "clip one side": lambda x, i: x.clip(max=0), "clip int": lambda x, i: np.clip(i, 0, 3),
                "choose": lambda x, i: np.choose(np.array([0, 1, 0, 1, 0]), [x, -x]), "take": lambda x, i: np.take(x, [2, 0], axis=1),
                "take flat": lambda x, i: np.take(x, [[7, 1], [0, 59]]), "take clip": lambda x, i: np.take(x[0, 0], i, mode="clip"),
                "take wrap": lambda x, i: np.take(x[0, 0], i, mode="wrap"), "nan_to_num": lambda x, i: np.nan_to_num(np.log(x)),
                "along": lambda x, i: np.take_along_axis(x, np.argsort(x, axis=1), axis=1), "round": lambda x, i: np.round(x, 2),
                "around": lambda x, i: np.round(x), "tril": lambda x, i: np.tril(x), "triu": lambda x, i: np.triu(x, 1),
                "diag": lambda x, i: np.diag(x[0, 0]), "diag of": lambda x, i: np.diag(x[0], 1), "diagonal": lambda x, i: np.diagonal(x, axis1=1, axis2=2),
                "trace": lambda x, i: np.trace(x[0]), "isclose": lambda x, i: np.isclose(x, x + 1e-9), "allclose": lambda x, i: np.allclose(x, x),
                "isin": lambda x, i: np.isin(i, [1, 2, 3]), "sinc": lambda x, i: np.sinc(x), "real": lambda x, i: (x.real, x.imag),
                "fix": lambda x, i: np.fix(x * 3), "compress": lambda x, i: np.compress([True, False, True], x, axis=0)}, X, I, scale=4)


def test_dynamic_extents():
    check_each({"mask": lambda x: x[x > 0], "nonzero": lambda x: np.nonzero(x > 0.5), "flatnonzero": lambda x: np.flatnonzero(x > 0),
                "argwhere": lambda x: np.argwhere(x > 1), "extract": lambda x: np.extract(x > 0, x), "rows": lambda x: x[x[:, 0, 0] > 0],
                "sum": lambda x: x[x > 0].sum(), "where": lambda x: np.where(x > 1)[0], "unique": lambda x: np.unique(np.round(x)),
                "twice": lambda x: x[x > 0] * 2 + 1}, X)


def test_products():
    check_each({"matmul": lambda x, m: x[0] @ x[1].T, "batch": lambda x, m: x @ x.transpose(0, 2, 1), "vector": lambda x, m: m @ m[0],
                "row": lambda x, m: m[0] @ m, "dot": lambda x, m: np.dot(m, m), "dot 3": lambda x, m: np.dot(x, x.transpose(0, 2, 1)), "inner": lambda x, m: np.inner(m, m),
                "outer": lambda x, m: np.outer(m[0], m[1]), "vdot": lambda x, m: np.vdot(m, m), "tensordot": lambda x, m: np.tensordot(x, x, axes=([1, 2], [1, 2])),
                "tensordot 1": lambda x, m: np.tensordot(m, m, 1), "kron": lambda x, m: np.kron(m[:2, :2], m), "cross": lambda x, m: np.cross(m[:, :3], m[:, 1:]),
                "norm": lambda x, m: np.linalg.norm(x), "norm axis": lambda x, m: np.linalg.norm(x, axis=-1, keepdims=True),
                "norm 1": lambda x, m: np.linalg.norm(x, 1, axis=1), "norm inf": lambda x, m: np.linalg.norm(m, np.inf),
                "frobenius": lambda x, m: np.linalg.norm(m, "fro"), "power": lambda x, m: np.linalg.matrix_power(m, 3),
                "multi_dot": lambda x, m: np.linalg.multi_dot([m, m, m[0]]), "ints": lambda x, m: (m * 9).astype(np.int64) @ (m * 7).astype(np.int64),
                "bools": lambda x, m: (m > 0) @ (m < 0), "vecdot": lambda x, m: np.vecdot(m, m), "method": lambda x, m: m.dot(m),
                "constant first": lambda x, m: np.eye(4).dot(m), "scalar": lambda x, m: m.dot(2.0)}, X, M, scale=50)


@pytest.mark.parametrize("text, shapes", [
    ("ij,jk->ik", [(3, 4), (4, 5)]), ("ij,jk", [(3, 4), (4, 5)]), ("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)]), ("ii->i", [(4, 4)]),
    ("ii", [(4, 4)]), ("ij->ji", [(3, 4)]), ("ij->", [(3, 4)]), ("i,j->ij", [(3,), (4,)]), ("ij,ij->i", [(3, 4), (3, 4)]),
    ("...ij,...jk->...ik", [(2, 3, 4), (4, 5)]), ("bhqd,bhkd->bhqk", [(2, 3, 4, 5), (2, 3, 6, 5)]), ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]),
    ("i,i", [(5,), (5,)]), ("ij,kj->ik", [(3, 4), (5, 4)]), ("abc,cd,bd->a", [(2, 3, 4), (4, 5), (3, 5)]), ("ij,j->ij", [(3, 4), (4,)]),
    ("b...->...b", [(2, 3, 4)]), ("ijk,ilk->jl", [(3, 4, 2), (3, 5, 2)])])
def test_einsum(text, shapes):
    check(lambda *arrays: np.einsum(text, *arrays), *(RNG.standard_normal(shape) for shape in shapes), scale=20)


def test_einsum_of_lists():
    check(lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [0, 2]), M, M, scale=20)


def test_orders():
    ties = np.array([3, 1, 2, 3, 1, 2, 0, 3], np.int32)
    check_each({"sort": lambda x, t: np.sort(x, axis=1), "sort flat": lambda x, t: np.sort(x, axis=None), "argsort": lambda x, t: np.argsort(x, axis=0),
                "stable": lambda x, t: np.argsort(t, kind="stable"), "ints": lambda x, t: np.sort(t), "descending": lambda x, t: np.sort(x)[..., ::-1],
                "top 2": lambda x, t: np.argsort(-x, axis=-1, kind="stable")[..., :2], "bools": lambda x, t: np.sort(x > 0), "lexsort": lambda x, t: np.lexsort((x[0, 0, :4], t[:4])),
                "searchsorted": lambda x, t: np.searchsorted(np.sort(x[0, 0]), x[1]), "right": lambda x, t: np.searchsorted(np.sort(t), t, side="right"),
                "digitize": lambda x, t: np.digitize(x, [-1.0, 0.0, 1.0]), "method": lambda x, t: x.argsort(),
                "bincount": lambda x, t: np.bincount(t, minlength=5), "weights": lambda x, t: np.bincount(t, weights=x[0, :2].ravel()[:8], minlength=5),
                "interp": lambda x, t: np.interp(x, [-1.0, 0.0, 2.0], [5.0, 1.0, 3.0]), "histogram": lambda x, t: np.histogram(x, bins=5, range=(-2, 2)),
                "convolve": lambda x, t: np.convolve(x[0, 0], [1.0, 2.0, 0.5]), "same": lambda x, t: np.convolve(x.ravel(), [1.0, 2.0, 0.5], "same"),
                "correlate": lambda x, t: np.correlate(x.ravel(), x[0, 0], "valid"), "polyval": lambda x, t: np.polyval([1.0, -2.0, 3.0], x),
                "vander": lambda x, t: np.vander(x[0, 0], 3)}, X, ties, scale=8)


def test_unique_elements():
    def f(x):
        return (np.unique(x), np.unique(x, return_counts=True), np.unique(x, return_inverse=True),
                np.unique(x, return_index=True, return_inverse=True, return_counts=True))

    for x in (np.random.default_rng(1).integers(0, 6, (4, 5)), np.array([1.0, np.nan, 2.0, np.nan, 1.0]), np.zeros(0), np.ones(1)):
        check(f, x)
    check(lambda x: np.unique(x, return_counts=True, equal_nan=False), np.array([1.0, np.nan, np.nan]))


def test_sets():
    a, b = np.random.default_rng(1).integers(-9, 9, (2, 12))
    check(lambda a, b, x: (np.intersect1d(a, b), np.union1d(a, b), np.setdiff1d(a, b), np.union1d(a, x), np.intersect1d(a, x)),
          a, b, np.array([1.0, 2.5, 3.0]))


def test_partition_puts_the_kth_in_its_place():
    def f(x):
        part = np.partition(x, 3)
        return part[3], np.sort(part[:3]), np.sort(x[np.argpartition(x, 3)[:3]])

    check(f, V)


def test_sorting_nan_goes_last():
    check(lambda x: (np.sort(x), np.argsort(x, kind="stable"), np.argmax(x), np.argmin(x)), np.array([2.0, np.nan, -1.0, np.inf, np.nan, 0.5]))


def test_makers():
    check_each({"zeros": lambda x: np.zeros(3) + x[0, 0, 0], "zeros_like": lambda x: np.zeros_like(x), "full": lambda x: np.full((2, 3), x[0, 0, 0]),
                "full_like": lambda x: np.full_like(x, 7), "ones": lambda x: np.ones((2, 2), np.float32) * x[0, 0, 0], "arange": lambda x: np.arange(5) * x[0, 0],
                "linspace": lambda x: np.linspace(0, x[0, 0, 0], 4), "eye": lambda x: np.eye(5)[np.argmax(x, axis=-1)], "meshgrid": lambda x: np.meshgrid(x[0, 0], x[0, :, 0]),
                "identity": lambda x: np.identity(5) + x[0, 0], "cast": lambda x: np.float32(x[0, 0, 0]), "asarray": lambda x: np.asarray(x, dtype=np.float32),
                "astype": lambda x: x.astype(np.int32), "tri": lambda x: np.tri(5) * x[0, 0], "indices": lambda x: np.indices((2, 3)) + x[0, 0, 0],
                "empty": lambda x: np.empty_like(x).shape, "ndim": lambda x: (x.ndim, np.ndim(x), np.shape(x)), "isinstance": lambda x: isinstance(x, np.ndarray),
                "constant result": lambda x: np.arange(4), "python result": lambda x: 3, "none": lambda x: None}, X)


@pytest.mark.parametrize("width", [2, 3, 4])
@pytest.mark.parametrize("count", [2, 5, 40])
def test_short_rows(count, width):
    """Points and colours: lanes go along the points."""
    rng = np.random.default_rng(count)
    points, other = rng.standard_normal((count, width)), rng.standard_normal((7, width))

    def f(p, q):
        gap = p[None] - q[:, None]
        square = (gap * gap).sum(axis=-1)
        unit = p / np.sqrt((p * p).sum(axis=1, keepdims=True))
        return (gap, np.sqrt(square), unit, p.mean(axis=1), (gap * square[..., None]).sum(axis=1), p.argmax(axis=1), p.max(axis=-1),
                p - p.mean(axis=0), (p > 0).any(axis=1), p.std(axis=1), p[:, ::-1], np.where(p > 0, p, q[0]), gap.sum(axis=(1, 2)),
                p.astype(np.float32), p > q[0], np.cumsum(p, axis=1), np.sort(p, axis=1), p @ q.T)

    compiled = check(f, points, other, scale=10)
    check_call(compiled, f, rng.standard_normal((count + 1, width)), other, scale=10)


def clipped_above(x, limit):
    return np.minimum(x, limit) * 2


doubled = np.vectorize(clipped_above, otypes=[float])


def test_functions_of_slices_and_elements():
    x = np.random.default_rng(0).standard_normal((3, 4, 5))
    check(lambda x: (np.apply_along_axis(lambda line: line - line.mean(), 1, x), np.apply_along_axis(np.sum, 0, x),
                     np.apply_along_axis(lambda line: np.outer(line, line), 2, x)), x, scale=10)
    check(lambda x: (doubled(x, 0.5), np.vectorize(lambda a, b: (a + b, a > b))(x, x[0]), np.vectorize(np.sin)(x[0, 0])), x)


def np_sort(x):
    return np.sort(x)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"])
def test_sorts_of_few_and_many_elements(dtype):
    """Few elements of a line are sorted in registers; lists of more are merged, by several threads in a long line."""
    compiled = quern.jit(lambda x: (np.sort(x), np.argsort(x), np.sort(x, axis=0), np.argsort(x, axis=0)))
    alone = quern.jit(np_sort)
    rng = np.random.default_rng(0)
    for shape in ((3, 0), (3, 2), (2, 63), (2, 64), (70, 65), (2, 1000), (1, 80000)):
        x = rng.standard_normal(shape) * 50
        x = x > 0 if dtype == "bool" else rng.integers(0, 100, shape).astype(dtype) if dtype.startswith(("u", "i")) else x.astype(dtype)
        if x.dtype.kind == "f" and x.size > 5:
            x.flat[:6] = [np.nan, np.inf, -np.inf, -0.0, 0.0, -np.nan]
        elif x.dtype.kind in "iu" and x.size:
            x.flat[[0, -1]] = np.iinfo(dtype).max, np.iinfo(dtype).min
        compare(compiled(x), tuple(order(x, axis=axis, kind="stable") for axis in (-1, 0) for order in (np.sort, np.argsort)), "orders")
        compare(alone(x), np.sort(x), "values")


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_histograms(dtype):
    rng = np.random.default_rng(3)
    x = (rng.standard_normal(400) * 20 + 60).astype(dtype)
    w = rng.random(400)
    check(lambda x, w: (np.histogram(x), np.histogram(x, bins=7, range=(0, 100)), np.histogram(x, 5, (30, 60.5), weights=w),
                        np.histogram(x, [0.0, 10, 50, 90]), np.histogram(x, 4, density=True), np.histogram(x[:1] * 0 + 3),
                        np.histogram_bin_edges(x, 6)), x, w, scale=4)


def test_counts_of_values():
    x = np.random.default_rng(0).integers(0, 9, 40)
    check(lambda x, w: (np.bincount(x), np.bincount(x, weights=w), np.bincount(x).argmax(), np.bincount(x[:0])), x, np.arange(40.0))


def test_slopes():
    places = np.array([0.0, 1, 1.5, 4, 7])
    check(lambda x, y, p: (np.gradient(x), np.gradient(y, 2.0, axis=0), np.gradient(x, p, axis=1), np.gradient(x, 0.5, p, edge_order=2),
                           np.gradient(y, 0.5, axis=1, edge_order=2), np.gradient(y, p.astype(int) + np.arange(5), axis=1)),
          np.random.default_rng(2).standard_normal((3, 5)), np.random.default_rng(3).standard_normal((4, 5)).astype(np.float32), places, scale=20)
    for function, text in ((lambda x: np.gradient(x[:1], axis=0), "too small"), (lambda x: np.gradient(x, edge_order=3), "edge_order")):
        with pytest.raises(ValueError, match=text):
            quern.jit(function)(np.ones((3, 4)))


def test_short_signals():
    check(lambda a, b: [(np.correlate(a, b, mode), np.correlate(b, a, mode), np.convolve(a, b, mode)) for mode in ("valid", "same", "full")],
          np.arange(3.0) + 1j, np.arange(7.0) ** 2, scale=10)


def test_counts_with_a_least_length():
    """The length is taken for granted; a call with larger values has another program."""
    compiled = quern.jit(lambda x, w, k: (np.bincount(x, weights=w, minlength=len(k)), np.bincount(x, minlength=4)))
    for x in (np.array([1, 2, 3, 1]), np.array([1, 0, 9, 1]), np.array([6, 6, 6, 6]), np.zeros(4, int)):
        for k in (4, 7):
            want = np.bincount(x, np.ones(4), k), np.bincount(x, minlength=4)
            for _ in range(2):
                compare(compiled(x, np.ones(4), np.ones(k)), want, "counts")
    for x in (np.array([-1, 2, 0, 0]), np.array([-9, 7, 7, 7])):
        with pytest.raises(quern.DataError, match="no negative elements"):
            compiled(x, np.ones(4), np.ones(7))
    for x, error in ((np.ones(3), TypeError), (np.ones((2, 2), int), ValueError)):
        with pytest.raises(error):
            quern.jit(lambda x: np.bincount(x, minlength=5))(x)


def test_histogram_at_the_edges():
    edges = np.linspace(0, 1, 11)
    x = np.concatenate([edges, np.nextafter(edges, 2), np.nextafter(edges, -1), [-5, 7, 1]])
    check(lambda x: np.histogram(x, 10, (0, 1)), x)
    check(lambda x: np.histogram(x, 10, (0, 1)), np.zeros(0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.int64, np.complex64, bool], ids=lambda d: np.dtype(d).name)
@pytest.mark.parametrize("shape", [(37,), (300,), (3, 50), (40, 3), (1, 65), (2, 5, 33)], ids=str)
def test_copies_of_runs(shape, dtype):
    """Longer and shorter than vectors, and across their ends."""
    x = (np.random.default_rng(0).random(shape) * 9 - 4).astype(dtype)

    def edges(x):
        y, z, w = x.copy(), x.copy(), np.concatenate([x, x])
        y[1:] = x[:-1]
        z[..., :-1] += x[..., 1:]
        z[..., 2:3] = 1
        w[len(x) - 1:] = x[0]
        w[0] = x[-1]
        return y, z, w

    check_each({"edges": edges, "rolls": lambda x: (np.roll(x, 5), np.roll(x, -1, axis=0), np.roll(x, (1, 2), axis=(0, -1))),
                "joins": lambda x: (np.concatenate([x[1:], x[:1]]), np.concatenate([x[..., ::-1], x[..., 1:]], axis=-1)),
                "negatives": lambda x: np.concatenate([x, np.where(x == 0, x, x * x)[1:], x[:1]], axis=0),
                "tiles": lambda x: (np.tile(x, 3), np.repeat(x, 2, axis=0), np.append(x, x[:0])),
                **{mode: lambda x, mode=mode: np.pad(x, [(1, 2)] * (x.ndim - 1) + [(5, 70)], mode=mode)
                   for mode in ("constant", "edge", "reflect", "wrap", "symmetric") if mode != "reflect" or min(shape) > 1},
                "nonzero": lambda x: np.nonzero(x), "mask": lambda x: (x[x != 0], np.argwhere(x), np.flatnonzero(x))}, x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, np.uint8, np.int64, bool], ids=lambda d: np.dtype(d).name)
def test_places_of_extrema_in_long_rows(dtype):
    x = (np.random.default_rng(1).random((2, 5000)) * 200 - 100).astype(dtype)
    check_each({"argmax": lambda x: (np.argmax(x), np.argmax(x, axis=1), np.argmax(x[:, 3:], axis=1)),
                "argmin": lambda x: (np.argmin(x), np.argmin(x, axis=1)), "all": lambda x: np.argmax(x == x, axis=1),
                "none": lambda x: np.argmax(x != x, axis=1), "max": lambda x: (x.max(), x.min(axis=1), np.ptp(1 * x))}, x)
    if np.dtype(dtype).kind == "f":
        for place in ([0], [2047, 2048], [4999], [3, 4100], []):
            y = np.full((2, 5000), -np.inf, dtype)
            y[1, place] = np.nan
            y[0, place[-1:]] = np.inf
            check(lambda x: (np.argmax(x, axis=1), np.argmin(x, axis=1), np.max(x, axis=1), np.min(-x, axis=1)), y)


def test_polynomials():
    p, q, n = np.array([2.0, 0, -3, 1]), np.array([1.5, 4]), np.array([3, 1, 2])
    check(lambda p, q, n: (np.polyadd(p, q), np.polysub(q, p), np.polyadd(n, 1), np.polysub([1], n)), p, q, n)
    check(lambda p, q, n: (np.polyder(p), np.polyder(n, 2), np.polyder(q, 2), np.polyder(n[:1]), np.polyint(p), np.polyint(n, 2, [3, 4]),
                           np.polyint(q, k=7), np.polyint(n, 0)), p, q, n)


def test_paddings_of_extents():
    x = np.arange(5.0)
    check(lambda x: (np.pad(x, (0, 8 - x.shape[0])), np.pad(x, x.shape[0]), np.pad(x[None], ((1, 0), (0, x.shape[0])))), x)
    for width, error in ((-1, ValueError), ((0, -2), ValueError), (1.5, TypeError)):
        with pytest.raises(error) as want:
            np.pad(x, width)
        with pytest.raises(error) as got:
            quern.jit(lambda x: np.pad(x, width))(x)    # noqa: B023
        assert str(got.value) == str(want.value)


def test_grids_of_extents():
    def f(x):
        h, w = x.shape
        y, z = np.mgrid[0:h, 0:w]
        a, b = np.ogrid[:h, 1:w:2]
        return y, z, a * b, np.mgrid[:h], np.mgrid[0:1:3j, 0:h], np.mgrid[0.5:2, 0:w], np.ogrid[0:2:5j], np.mgrid[0:2, 0:3]

    compiled = check(f, np.ones((3, 4)))
    check_call(compiled, f, np.ones((5, 2)))


def test_less_common_functions():
    x, i = np.arange(12.0).reshape(3, 4), np.array([3, 1, 1, 7])
    check(lambda x, i: (np.setxor1d(i, [1, 2, 7]), np.setxor1d(i, i), np.setxor1d(i[:0], i), np.setxor1d(x, i)), x, i)
    check(lambda x, i: (np.resize(x, 5), np.resize(i, (2, 5)), np.resize(x, (x.shape[0] + 1, 4)), np.resize(x[:0], 3)), x, i)
    check(lambda x: (np.apply_over_axes(np.sum, x, [0, 1]), np.apply_over_axes(np.max, x, 1), np.apply_over_axes(np.cumsum, x, 0)), x)
    check(lambda m: (m ** 2, m ** 3, m ** np.int64(2), m ** 2.0), np.array([True, False]))


def test_rounding_by_python():
    check(lambda x, f: (round(x[1], 2), round(f[0], 1), round(x.sum()), round(x[0]) * f, round(x[2], -1)), np.array([2.5, 3.14159, -17.5]), np.ones(2, np.float32))
    with pytest.raises(TypeError, match="__round__"):
        quern.jit(lambda x: round(x))(np.ones(2))


def test_real_arrays_are_their_own_conjugates():
    def f(x, z):
        y, w = x.conj(), z.conjugate()
        y[0] = 9
        w[0] = 1j
        return x, y, z, w

    check(f, np.arange(3.0), np.arange(3) * (1 + 1j))


@pytest.mark.parametrize("function", [
    lambda x: np.where(x > 1, x), lambda x: np.insert(x, 100, 1), lambda x: np.insert(x, -13, 1), lambda x: np.interp(1.0, x, x[:3]),
    lambda x: np.convolve(x[:0], x), lambda x: np.convolve(x, []), lambda x: np.percentile(x, 120), lambda x: np.quantile(x, [0.5, -1]),
    lambda x: np.linalg.inv(x), lambda x: np.linalg.det(x.reshape(3, 4)), lambda x: np.linalg.inv(np.outer(x, x)),
    lambda x: np.linalg.solve(np.zeros((12, 12)), x), lambda x: np.linalg.cholesky(np.diag(-x))])
def test_errors_are_numpys(function):
    x = np.arange(12.0)
    with pytest.raises(Exception) as want:      # noqa: B017
        function(x)
    with pytest.raises(type(want.value)) as got:
        quern.jit(function)(x)
    assert str(got.value) == str(want.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_histograms_of_several_axes(dtype):
    rng = np.random.default_rng(3)
    points = rng.normal(size=(200, 3)).astype(dtype)
    x, y = points[:, 0].copy(), points[:, 1].copy()
    check(lambda x, y: (*np.histogram2d(x, y), np.histogram2d(x, y, bins=[3, 5], range=[[-1, 1], [0, 2]], density=True)[0],
                        np.histogram2d(x, y, [-1.0, 0, 0.5, 2])[0], np.histogram2d(x, y, 4, weights=x)[0],
                        np.histogram2d(x * 0, y, 3)[0]), x, y, scale=8)
    check(lambda points: np.histogramdd(points, bins=(2, 3, 4))[0], points, scale=8)


def test_polynomials():
    rng = np.random.default_rng(4)
    x, y, c = rng.random(30), rng.random(30), rng.random(4)
    for degree in (0, 1, 3):
        check(lambda x, y: (np.polyfit(x, y, degree), np.polyfit(x, y, degree, w=x), np.polyfit(x, y, degree, cov=True)[1]), x, y,
              scale=1e4)
    check(lambda x, y: np.polyfit(x, np.stack([x, y], axis=1), 2), x, y, scale=1e4)
    p = np.polynomial
    check(lambda x, c: (p.polynomial.polyval(x, c), p.chebyshev.chebval(x, c), p.legendre.legval(x, c), p.hermite.hermval(x, c),
                        p.polynomial.polyvander(x, 3), p.polynomial.polyder(c), p.polynomial.polyint(c), np.poly(c)), x, c, scale=64)


@pytest.mark.parametrize("values", [[0, 0, 1.0, 0, 2, 0], [1.0, 2], [0.0, 0], []])
def test_trim_zeros(values):
    check(lambda x: (np.trim_zeros(x), np.trim_zeros(x, "f"), np.trim_zeros(x, "b")), np.array(values))


def test_put():
    def f(x, v):
        np.put(x, [0, -1, 5], v)
        np.put(x.T, [1], 9)
        return x
    check(f, np.arange(12.0).reshape(3, 4), np.array([1.0, 2.0]))


def test_functions_by_numpys_own_code():
    x = np.array([3.0, 1.0, 3.0, 2.0])
    check(lambda x: (np.i0(x), np.astype(x, np.float32), *np.unique_counts(x)), x, scale=8)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32])
def test_linspace_between_traced_numbers(dtype):
    check(lambda x: (np.linspace(x[0], x[1], 5), np.linspace(x[0], 5, 5), np.linspace(x, 2.0, 4), np.linspace(x[0], 3, 4, dtype=np.float32)),
          np.array([0, 3], dtype), scale=4)


@pytest.mark.parametrize("dtype", ["i1", "f4"])
def test_python_numbers_as_arrays(dtype):
    """Where NumPy makes an array of a Python number, its dtype does not give way."""
    check_each({"dot": lambda x: (np.dot(x, 3), x.dot(2), np.inner(2.5, x)), "outer": lambda x: (np.multiply.outer(x, 2), np.subtract.outer(1.5, x)),
                "ediff1d": lambda x: (np.ediff1d(x, to_begin=1), np.ediff1d(x, [3, 4], 5)), "vander": lambda x: np.vander(x[0], 2),
                "round": lambda x: round(float(x[0, 0]), 1), "append": lambda x: np.append(x, 1)}, np.arange(1, 7).reshape(2, 3).astype(dtype))


def test_spaces_of_powers():
    check_each({"logspace": lambda x: (np.logspace(x[0], 1, 3), np.logspace(0, x[1], 4, base=2), np.logspace(x, 2, 3, False, axis=1)),
                "geomspace": lambda x: (np.geomspace(x[0], 20, 4), np.geomspace(-x, -9.0, 4, axis=1), np.geomspace(2, 8, 4), np.geomspace(1, x[0], 1)),
                "of constants": lambda x: (np.logspace(0, 2, 3) * x, np.geomspace(1, 8, 3) + x)}, np.array([0.5, 1.25, 3.0]), scale=8)


def test_places_in_shapes():
    check_each({"raise": lambda i: np.ravel_multi_index((i, i + 1), (3, 4)), "column-major": lambda i: np.ravel_multi_index((1, i), (2, 4), order="F"),
                "modes": lambda i: np.ravel_multi_index((i * 5, i - 9), (3, 4), mode=("wrap", "clip")),
                "constants": lambda i: i + np.ravel_multi_index((1, 2), (3, 4))}, np.array([0, 2, 1]))
    for place in (3, -1):
        with pytest.raises(quern.DataError, match="index out of range"):
            quern.jit(lambda i: np.ravel_multi_index((i, i), (3, 4)))(np.array([1, place]))


def test_array_equiv():
    check_each({"rows": lambda x: np.array_equiv(x, x[:1]), "same": lambda x: np.array_equiv(x, x), "shapes": lambda x: np.array_equiv(x, x[:, :2]),
                "list": lambda x: np.array_equiv(x[0], [0, 1, 2])}, np.arange(6.0).reshape(2, 3))
