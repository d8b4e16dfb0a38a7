"""Systems of equations, factors and transforms, against NumPy's."""
import numpy as np
import pytest
import quern
from differential import check, check_call

KINDS = ["float32", "float64", "complex128"]


def matrix(dtype, *shape, seed=0):
    rng = np.random.default_rng(seed)
    real = rng.standard_normal(shape)
    return (real + 1j * rng.standard_normal(shape) if np.dtype(dtype).kind == "c" else real).astype(dtype)


@pytest.mark.parametrize("dtype", KINDS)
def test_systems(dtype):
    a, b = matrix(dtype, 2, 5, 5), matrix(dtype, 2, 5, 3, seed=1)
    check(lambda a, b: (np.linalg.solve(a, b), np.linalg.solve(a, b[0, :, 0]), np.linalg.inv(a), np.linalg.det(a)), a, b, scale=1000)
    check(lambda a: tuple(np.linalg.slogdet(a)), a, scale=1000)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int8", "complex64"])
def test_products_with_transposed_operands(dtype):
    rng = np.random.default_rng(3)
    for m, k, n in [(0, 3, 4), (3, 0, 4), (1, 1, 1), (1, 40, 300), (2, 17, 33), (9, 16, 48), (20, 35, 67), (130, 64, 130), (300, 20, 1)]:
        a, b = (rng.integers(-5, 6, shape).astype(dtype) for shape in ((m, k), (n, k)))
        x = b[:, 0] if k else np.ones(n, dtype)
        check(lambda a, b: (a @ b.T, b @ a.T, (b.T.T @ a.T).T), a, b)
        check(lambda b, x: (x @ b, b.T @ x), b, x)
        check(lambda a, b: a.T.copy().T @ b.T, a, b)


def test_errors_of_sums_do_not_grow_with_their_length():
    rng = np.random.default_rng(5)
    w, x = rng.random((200_000, 3), np.float32), rng.random(200_000, np.float32)
    wide, vector = w.astype(float), x.astype(float)
    for function, want in [(lambda w, x: x @ w, vector @ wide), (lambda w, x: w.T @ x, vector @ wide),
                           (lambda w, x: w.sum(0), wide.sum(0)), (lambda w, x: w.mean(0), wide.mean(0))]:
        np.testing.assert_allclose(quern.jit(function)(w, x), want, rtol=3e-6)      # naive sums: 2e-5


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float16", "float32", "float64", "complex64"])
def test_transposes(dtype):
    rng = np.random.default_rng(4)
    for shape, axes in [((16, 16), (1, 0)), ((17, 33), (1, 0)), ((100, 20), (1, 0)), ((3, 40, 50), (2, 0, 1)), ((40, 3, 50), (2, 1, 0)),
                        ((2, 18, 19, 65), (0, 2, 3, 1)), ((2, 18, 5, 65), (0, 3, 1, 2)), ((0, 20), (1, 0)), ((1, 20), (1, 0))]:
        x = rng.integers(0, 100, shape).astype(dtype)
        check(lambda x, axes=axes: (x.transpose(axes).copy(), np.equal(x.transpose(axes), x.transpose(axes).copy())), x)
        check(lambda x, axes=axes: x.transpose(axes).astype(np.float64) + 1 if x.dtype.kind != "c" else x.transpose(axes) * 2, x)


@pytest.mark.parametrize("count", [0, 1, 2, 17])
def test_extents(count):
    compiled = check(lambda a: (np.linalg.inv(a), np.linalg.det(a), a @ np.linalg.inv(a)), matrix("float64", count, count), scale=1e4)
    assert compiled is not None


def test_pivots_are_needed():
    a = np.array([[0.0, 1, 2], [1, 0, 3], [4, -3, 8]])
    check(lambda a: (np.linalg.inv(a), np.linalg.det(a), np.linalg.det(a[[1, 0, 2]])), a, scale=100)
    check(lambda a: np.linalg.det(a), np.ones((3, 3)))
    check(lambda a: np.linalg.solve(a, np.arange(3)), np.array([[2, 1, 0], [0, 3, 1], [1, 1, 1]]), scale=100)


def test_errors_of_matrices():
    with pytest.raises(ValueError, match="Singular matrix"):
        quern.jit(lambda a: np.linalg.inv(a))(np.ones((3, 3)))
    with pytest.raises(ValueError, match="not positive definite"):
        quern.jit(lambda a: np.linalg.cholesky(a))(-np.eye(3))
    with pytest.raises(ValueError, match="must be square"):
        quern.jit(lambda a: np.linalg.inv(a))(np.ones((2, 3)))


@pytest.mark.parametrize("dtype", KINDS)
def test_cholesky(dtype):
    a = matrix(dtype, 3, 6, 6)
    a = a @ a.conj().swapaxes(-1, -2) + np.eye(6, dtype=dtype)
    check(lambda a: (np.linalg.cholesky(a), np.linalg.cholesky(a, upper=True)), a, scale=1000)


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 4, 3), (1, 1)])
@pytest.mark.parametrize("mode", ["reduced", "complete", "r"])
def test_qr(shape, mode):
    check(lambda a: np.linalg.qr(a, mode) if mode == "r" else tuple(np.linalg.qr(a, mode)), matrix("float64", *shape), scale=1000)


def test_packed_bits():
    x = np.random.default_rng(0).integers(0, 2, (3, 13)).astype(bool)
    check(lambda x: (np.packbits(x), np.packbits(x, axis=1, bitorder="little"), np.unpackbits(np.packbits(x, axis=0), axis=0, count=3)), x)
    check(lambda i: (np.unravel_index(i, (3, 4, 5)), np.unravel_index(i, (3, 4), order="F"),
                     np.ravel_multi_index((i, i + 1), (3, 70), mode="wrap")), np.arange(12))


def test_quantiles_without_nan():
    x = np.random.default_rng(0).standard_normal((4, 9))
    x[0, 3:] = x[2] = np.nan
    check(lambda x: (np.nanmedian(x, axis=1), np.nanquantile(x, [0.1, 0.5, 0.9], axis=0), np.nanpercentile(x, 30), np.nanmedian(x)), x,
          scale=10)


def test_cumulative_with_a_start():
    x = np.arange(1.0, 7).reshape(2, 3)
    check(lambda x: (np.cumulative_sum(x, axis=1, include_initial=True), np.cumulative_prod(x, axis=0, include_initial=True),
                     np.cumulative_sum(x[0])), x)


#--- Eigenvalues and singular values ------------------------------------------------------------------

ALL_KINDS = ["float32", "float64", "complex64", "complex128"]


def matrices(kind, shape):
    rng = np.random.default_rng(9)
    a = rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if kind.startswith("c") else 0)
    return a.astype(kind)


def adjoint(a):
    return np.conjugate(np.swapaxes(a, -1, -2))


def are_close(got, want, size, kind):
    assert got.dtype == want.dtype and got.shape == want.shape
    assert np.abs(got - want).max(initial=0) <= 60 * np.finfo(kind).eps * size


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_eigenvalues(kind):
    compiled = quern.jit(lambda a: (np.linalg.eigh(a), np.linalg.eigvalsh(a, "U")))
    for shape in ((5, 5), (8, 8), (2, 3, 7, 7), (1, 1), (0, 0), (12, 12)):
        a = matrices(kind, shape)
        a = (a + adjoint(a)).astype(kind)
        (values, vectors), alone = compiled(a)
        want, _ = np.linalg.eigh(a)
        size = np.abs(want).max(initial=1)
        for got in (values, alone):
            are_close(got, want, size, kind)
        are_close(a @ vectors, vectors * values[..., None, :].astype(kind), size, kind)
        are_close(adjoint(vectors) @ vectors, np.broadcast_to(np.eye(shape[-1], dtype=kind), shape), 1, kind)


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("full", [True, False])
def test_singular_values(kind, full):
    compiled = quern.jit(lambda a: np.linalg.svd(a, full_matrices=full))
    for shape in ((5, 3), (3, 5), (4, 4), (2, 6, 4), (7, 1)):
        a = matrices(kind, shape)
        if shape == (4, 4):
            a[:, 3] = a[:, 0] + a[:, 1]      # of rank 3
        got, want = compiled(a), np.linalg.svd(a, full_matrices=full)
        assert type(got) is type(want)
        (u, s, vh), count = got, min(shape[-2:])
        are_close(s, want.S, want.S.max(), kind)
        assert u.shape == want.U.shape and vh.shape == want.Vh.shape
        are_close((u[..., :count] * s[..., None, :]) @ vh[..., :count, :], a, want.S.max(), kind)
        for one in (adjoint(u) @ u, vh @ adjoint(vh)):
            are_close(one, np.broadcast_to(np.eye(one.shape[-1], dtype=kind), one.shape), 1, kind)


def test_what_singular_values_tell():
    def f(a, deep):
        return (np.linalg.svd(a, compute_uv=False), np.linalg.svdvals(deep), np.linalg.pinv(a), np.linalg.matrix_rank(a), np.linalg.matrix_rank(deep),
                np.linalg.cond(deep), np.linalg.cond(deep, -2), np.linalg.norm(a, 2), np.linalg.norm(a, -2), np.linalg.norm(a, "nuc"),
                np.linalg.norm(deep, 2, axis=(0, 2)), np.linalg.norm(deep, "nuc", axis=(-1, 1), keepdims=True), np.linalg.matrix_rank(a[0]))

    deep = matrices("float64", (2, 4, 3))
    compiled = check(f, matrices("float64", (6, 4)), deep, scale=1000)
    check_call(compiled, f, matrices("float64", (3, 5)), deep, scale=1000)
    flat = matrices("float64", (6, 4))
    flat[:, 2] = flat[:, 0] * 2
    check(lambda a: (np.linalg.matrix_rank(a), np.linalg.pinv(a)), flat, scale=1000)
    check(lambda a: np.linalg.cond(a, 1), matrices("float64", (4, 4)), scale=1000)


@pytest.mark.parametrize("shape, rank", [((6, 4), 4), ((6, 4), 3), ((4, 6), 4), ((4, 4), 4)])
def test_least_squares(shape, rank):
    a, rng = matrices("float64", shape), np.random.default_rng(1)
    a[:, rank:4] = a[:, :4 - rank] * 3
    compiled = check(lambda a, b: np.linalg.lstsq(a, b, rcond=None), a, rng.standard_normal((shape[0], 2)), scale=1000)
    check_call(compiled, compiled.__wrapped__, a, rng.standard_normal((shape[0], 2)), scale=1000)
    check(lambda a, b: np.linalg.lstsq(a, b)[0], a, rng.standard_normal(shape[0]), scale=1000)


@pytest.mark.parametrize("mode", ["reduced", "complete", "r"])
def test_factors_of_complex_matrices(mode):
    check(lambda a, b: (np.linalg.qr(a, mode), np.linalg.qr(b, mode)), matrices("complex128", (5, 3)), matrices("complex128", (2, 3, 4)), scale=100)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128], ids=lambda d: np.dtype(d).name)
@pytest.mark.parametrize("shape", [(65, 65), (100, 100), (2, 96, 96)], ids=str)
def test_large_systems(shape, dtype):
    """Eliminated by blocks of columns, whose last is not full."""
    n = shape[-1]
    a = matrix(dtype, *shape)
    a[..., :3, :] *= np.array([[1e-3], [1], [1e3]])
    b = matrix(dtype, *shape[:-1], 3)
    square = a @ a.conj().swapaxes(-1, -2) / n + np.eye(n, dtype=dtype)
    want = np.linalg.inv(a), np.linalg.solve(a, b), np.linalg.cholesky(square), np.linalg.slogdet(square)
    got = quern.jit(lambda a, b, s: (np.linalg.inv(a), np.linalg.solve(a, b), np.linalg.cholesky(s), np.linalg.slogdet(s)))(a, b, square)
    tolerance = 2e-2 if dtype == np.float32 else 1e-9
    for one, other in zip((*got[:3], *got[3]), (*want[:3], *want[3])):
        assert one.dtype == other.dtype and one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * np.abs(other).max())
    assert np.abs(a @ got[0] - np.eye(n)).max() < np.linalg.cond(a).max() * np.finfo(dtype).eps
    assert np.abs(got[2] @ got[2].conj().swapaxes(-1, -2) - square).max() < 100 * np.finfo(dtype).eps * np.abs(square).max()


def hard(kind, n):
    random = np.random.default_rng(n).standard_normal((n, n))
    k = np.arange(n)
    return {"random": random, "graded": random * 10.0 ** -(k[:, None] * 6 / n), "columns": random * 10.0 ** (k * 6 / n),
            "wilkinson": np.tril(-np.ones((n, n)), -1) + np.eye(n) + (k == n - 1) * (k[:, None] < n - 1),     # pivots double
            "hilbert": 1 / (k[:, None] + k + 1.0), "permuted": np.roll(np.eye(n), 3, axis=0) + random * 1e-9}[kind]


@pytest.mark.parametrize("kind", ["random", "graded", "columns", "wilkinson", "hilbert", "permuted"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_backward_errors(kind, dtype):
    """One program for all extents: every step of the elimination by halves has been due at 300 columns."""
    solve = quern.jit(lambda a, b: np.linalg.solve(a, b))
    for n in (3, 10, 33, 50, 100, 300):
        if kind == "wilkinson" and n > 33:      # its growth of 2^n is that of LAPACK, too
            continue
        a = hard(kind, n).astype(dtype)
        b = np.random.default_rng(1).standard_normal((n, 2)).astype(dtype)
        x = solve(a, b)
        growth = 2.0 ** (n - 1) if kind == "wilkinson" else 1
        error = np.abs(a.astype(float) @ x - b).max() / (np.abs(a).sum(axis=1).max() * np.abs(x).max())
        assert error <= n * np.finfo(dtype).eps * growth


def test_systems_of_stacks():
    a, b = matrix(np.float64, 3, 1, 20, 20), matrix(np.float64, 4, 20, 2, seed=1)
    check(lambda a, b: (np.linalg.solve(a, b), np.linalg.solve(a[0, 0], b), np.linalg.solve(a, b[0]), np.linalg.solve(a, b[0, :, 0])), a, b, scale=1000)
    check(lambda a: (np.linalg.inv(a), np.linalg.det(a), np.linalg.slogdet(a)[0]), np.zeros((0, 4, 4)))
    check(lambda a, b: np.linalg.solve(a, b), matrix(np.float64, 4, 4), np.zeros((4, 0)))
    check(lambda a: np.linalg.solve(np.eye(3) * 2, a), np.arange(3.0))


def test_large_singular_matrices():
    a = matrix(np.float64, 80, 80)
    a[:, 70] = a[:, 3]
    a[:, [20, 40]] = 0
    for function in (lambda a: np.linalg.inv(a), lambda a: np.linalg.solve(a, a[0])):
        with pytest.raises(ValueError, match="Singular matrix"):
            quern.jit(function)(a)
    check(lambda a: np.linalg.det(a), np.zeros((80, 80)))
    a[np.arange(80), np.arange(80)] = -1
    with pytest.raises(ValueError, match="not positive definite"):
        quern.jit(lambda a: np.linalg.cholesky(a))(a)
