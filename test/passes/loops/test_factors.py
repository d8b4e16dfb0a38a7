"""graph.lu, cholesky and triangular_solve: extents around blocks of 16, real and complex, every triangle; one matrix for
several right sides."""
import numpy as np
import pytest

from kernels import RUNNABLE, run_all, tensor

EXTENTS = [0, 1, 16, 19, 100]
DTYPES = ["float32", "float64", "complex64", "complex128"]


def matrices(shape, dtype, seed=0):
    generator = np.random.default_rng(seed)
    return sum(unit * generator.standard_normal(shape) for unit in ([1, 1j] if dtype.startswith("c") else [1])).astype(dtype)


def parts(array):
    return [array.real, array.imag] if array.dtype.kind == "c" else [array]


def factors(op, level, operands, results, attributes="", dynamic=False):
    """The results of an op, whose complex operands and results are two each. `dynamic`: the last extent is d0."""
    def types(shape, dtype):
        own = ["d0" if dynamic and extent == operands[0].shape[-1] else extent for extent in shape]
        dtype = np.dtype(dtype)
        return [tensor(own, np.zeros(0, dtype).real.dtype)] * (2 if dtype.kind == "c" else 1)

    given = [kind for array in operands for kind in types(array.shape, array.dtype)]
    made = [kind for shape, dtype in results for kind in types(shape, dtype)]
    names, values = [f"%a{i}" for i in range(len(given))], [f"%r{i}" for i in range(len(made))]
    text = (f'kernel.func @k attributes {{dims = {int(dynamic)} : i64, schedule = #kernel.schedule<"{op}", {{}}, "test">}} {{\n'
            f"^bb0({', '.join(f'{name}: {kind}' for name, kind in zip(names, given))}):\n"
            f"  {', '.join(values)} = graph.{op} {', '.join(names)} {attributes} : ({', '.join(given)}) -> ({', '.join(made)})\n"
            f"  kernel.yield {', '.join(values)} : {', '.join(made)}\n}}\n")
    flat = [(shape, part.dtype) for shape, dtype in results for part in parts(np.zeros(0, dtype))]
    outputs, _ = run_all(text, level, [part for array in operands for part in parts(array)], flat,
                         operands[0].shape[-1:] if dynamic else ())
    whole = []
    for _, dtype in results:
        whole.append(outputs.pop(0))
        if np.dtype(dtype).kind == "c":
            whole[-1] = whole[-1] + 1j * outputs.pop(0)
    return whole


def bound(count, dtype):
    return 2 * max(count, 4) * np.finfo(dtype).eps


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
def test_lu(level, dtype, dynamic):
    for count in EXTENTS:
        a = matrices((2, count, count), dtype, count)
        f, exchanges, order = factors("lu", level, [a], [(a.shape, dtype), (a.shape[:2], "int64"), (a.shape[:2], "int64")], dynamic=dynamic)
        for own, packed, steps, rows in zip(a, f, exchanges, order):
            lower, upper = np.tril(packed, -1) + np.eye(count), np.triu(packed)
            assert np.abs(lower).max(initial=0) <= (1 if dtype[0] == "f" else np.sqrt(2)) + 1e-6
            assert np.abs(lower @ upper - own[rows]).max(initial=0) <= bound(count, dtype) * (np.abs(lower) @ np.abs(upper)).max(initial=0)
            moved = np.arange(count)
            for step, other in enumerate(steps):
                assert other >= step
                moved[[step, other]] = moved[[other, step]]
            np.testing.assert_array_equal(moved, rows)


@pytest.mark.parametrize("level", RUNNABLE)
def test_lu_of_singular_matrices(level):
    """A column of zeros is passed over."""
    a = matrices((20, 20), "float64")
    a[:, 3] = a[:, 18] = 0
    f, _, order = factors("lu", level, [a], [(a.shape, "float64"), ((20,), "int64"), ((20,), "int64")])
    assert np.isfinite(f).all() and f[3, 3] == f[18, 18] == 0
    np.testing.assert_allclose((np.tril(f, -1) + np.eye(20)) @ np.triu(f), a[order], atol=1e-13)


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", DTYPES)
def test_cholesky(level, dtype):
    for count in EXTENTS:
        a = matrices((2, count, count), dtype, count)
        a = a @ a.conj().swapaxes(1, 2) / max(count, 1) + np.eye(count, dtype=dtype)
        upper = np.triu(np.full((count, count), np.nan, dtype), 1)       # is not read
        lower, = factors("cholesky", level, [np.tril(a) + upper], [(a.shape, dtype)])
        assert np.all(np.triu(lower, 1) == 0)
        np.testing.assert_allclose(lower @ lower.conj().swapaxes(1, 2), a, atol=bound(count, dtype) * np.abs(a).max(initial=1))


@pytest.mark.parametrize("level", RUNNABLE)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lower", [True, False], ids=["lower", "upper"])
@pytest.mark.parametrize("transpose", [False, True], ids=["plain", "transpose"])
@pytest.mark.parametrize("unit", [False, True], ids=["divided", "unit"])
def test_triangular_solve(level, dtype, lower, transpose, unit):
    for count, columns, stack in [(0, 3, 2), (3, 1, 2), (33, 17, 1), (100, 65, 2)]:
        a = matrices((stack, count, count), dtype, count) / (2 * max(count, 1)) + 2 * np.eye(count, dtype=dtype)
        b = matrices((2, count, columns), dtype, count + 1)
        x, = factors("triangular_solve", level, [a, b], [(b.shape, dtype)],
                     f"{{lower = {str(lower).lower()}, transpose = {str(transpose).lower()}, unit = {str(unit).lower()}}}")
        triangle = np.tril(a) if lower else np.triu(a)
        if unit:
            triangle[:, range(count), range(count)] = 1
        residual = np.abs((triangle.swapaxes(1, 2) if transpose else triangle) @ x - b)
        assert residual.max(initial=0) <= bound(count, dtype) * 4 * max(np.abs(x).max(initial=0), 1)
