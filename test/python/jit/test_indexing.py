"""x[index] and x[index] = value, and what shares memory."""
import collections

import numpy as np
import pytest
from differential import check, check_call, check_each

X = np.random.default_rng(3).standard_normal((4, 5, 6))
I = np.array([[0, 2], [3, 1]])


def test_basic():
    check_each({str(n): f for n, f in enumerate([
        lambda x: x[1], lambda x: x[-1, 2], lambda x: x[1, 2, 3], lambda x: x[1:3], lambda x: x[::2, 1:], lambda x: x[::-1],
        lambda x: x[3:0:-2], lambda x: x[..., 1], lambda x: x[:, None, 2], lambda x: x[None], lambda x: x[1:1], lambda x: x[-3:-1, ..., -2:],
        lambda x: x[10:], lambda x: x[:-10], lambda x: x[0, ..., None], lambda x: x[:, -1:], lambda x: x[-2:, 1:][0], lambda x: x[5:1:-1]])}, X)


def test_arrays_as_indices():
    check_each({str(n): f for n, f in enumerate([
        lambda x, i: x[i], lambda x, i: x[:, i], lambda x, i: x[i, i], lambda x, i: x[i, :, i], lambda x, i: x[:, i, i], lambda x, i: x[i, 1],
        lambda x, i: x[1, i], lambda x, i: x[1, :, i], lambda x, i: x[[0, 2]], lambda x, i: x[[0, 2], [1, 3]], lambda x, i: x[i[0][:, None], i[1]],
        lambda x, i: x[..., i], lambda x, i: x[i][0], lambda x, i: x[None, i], lambda x, i: x[-i], lambda x, i: x[i - 1, None, 2:4],
        lambda x, i: x[range(3)], lambda x, i: x[range(len(i)), (0, 1)], lambda x, i: x[(0, 2), (1, 3)], lambda x, i: x[collections.deque([1, 2])],
        lambda x, i: x[range(0)], lambda x, i: x[1, []], lambda x, i: np.add(range(6), x), lambda x, i: np.stack([x[0], x[1]])[[(0, 1)], range(2)]])}, X, I)


def test_masks():
    check_each({str(n): f for n, f in enumerate([
        lambda x: x[x > 0], lambda x: x[x[:, 0, 0] > 0], lambda x: x[:, x[0, :, 0] > 0], lambda x: x[x[..., 0] > 0],
        lambda x: x[np.array([True, False, True, False])], lambda x: x[x > 100]])}, X)


def test_an_index_out_of_bounds():
    import quern
    with pytest.raises(IndexError, match="index 4 is out of bounds for axis 0 with size 4"):
        quern.jit(lambda x: x[4])(X)
    with pytest.raises(quern.DataError):
        quern.jit(lambda x, i: x[i])(X, np.array([9]))


def assign(statement):
    """A function that runs the statement on x, a copy."""
    scope = {"np": np}
    exec(f"def f(x, i, v):\n    x = x.copy()\n    {statement}\n    return x", scope)    # noqa: S102
    return scope["f"]


STATEMENTS = ["x[1] = 2", "x[1:3] = v[0]", "x[:, 2] += 1", "x[::2] = 5", "x[::-1] = v", "x[1, 2, 3] = -1", "x[..., 1:4] *= 2", "x[i] = 0", "x[range(2)] = range(6)",
              "x[:, i] = 7", "x[i, i] = 3", "x[x > 0] = 0", "x[x[:, 0, 0] > 0] = 1", "x[1:-1, 1:-1] += v[2:, 1:-1]", "x[2, 1:5:2] = v[0, 0, 0]",
              "x[:] = v", "x[...] = 1", "x *= 2", "x += v", "x[1][2] = 9", "y = x[1:3]; y[0] = 4", "y = x.T; y[2] = 1", "y = x[0]; y += 1",
              "y = x.reshape(20, 6); y[3] = 0", "y = x[1:]; z = y[::2]; z[:, 1] = 8", "y = x[i]; y[0] = 3", "x[0], x[1] = x[1].copy(), x[0].copy()",
              "x[[0, 2], :, 1] = 6", "x[1, ...] = np.arange(6)", "x.fill(3)", "x[i, 1] = v[i, 2]", "np.copyto(x, v)", "x.sort(axis=1)",
              "x[0] = x[1]; x[1] = x[0] + 1", "y = x.ravel(); y[7] = 5", "x[-1] = v[-2]", "x[1:3, 2] = [[1], [2]]", "np.putmask(x, v > 0, 2.0)"]


@pytest.mark.parametrize("part", range(4))
def test_assignment(part):
    v = np.random.default_rng(5).standard_normal(X.shape)
    check_each({statement: assign(statement) for statement in STATEMENTS[part::4]}, X, I, v)


def test_arguments_that_are_written_to():
    def f(x, y):
        x[1:3] *= 2
        y += x.sum()
        return x[0] + 1

    check(f, X, np.zeros(3), scale=50)


def test_many_parts_one_after_another():
    def pool(x):
        pooled = np.ndarray((x.shape[0] // 2, x.shape[1] // 2), dtype=x.dtype)
        for i in range(x.shape[0] // 2):
            for j in range(x.shape[1] // 2):
                pooled[i, j] = np.max(x[2 * i:2 * i + 2, 2 * j:2 * j + 2])
        return pooled

    def covariance(x):
        x = x - x.mean(axis=0)
        result = np.zeros((x.shape[1], x.shape[1]))
        for i in range(x.shape[1]):
            result[i:, i] = result[i, i:] = x[:, i] @ x[:, i:]
        return result

    X = np.random.default_rng(8).standard_normal((12, 14))
    check(pool, X)
    check(covariance, X)


def test_constants_that_are_written_to():
    def f(x):
        table = np.zeros((3, 4))
        table[1] = 5
        row = table[2]
        row[:] = x[0, 0, :4]
        table[0, 0] = table[1, 1] + 1
        return table

    check(f, X)


def test_complex_parts_share_memory():
    def f(z):
        z = z.copy()
        z.real[1:] = 3
        z.imag *= 2
        return z

    check(f, np.arange(4) + 1j)


def test_what_shares_memory():
    """Reshapes of what is not dense are copies, diagonals and broadcasts see later writes."""
    def f(x):
        y, z, w, d = x.T.reshape(-1), x[1:].reshape(-1), x[:, 1:].ravel(), np.diagonal(x)
        y[0], z[0], w[0] = 9, 8, 7
        spread, windows = np.broadcast_to(x[0], (2, 3)), np.lib.stride_tricks.sliding_window_view(x[0], 2)
        x[0, 0] = 5
        table = np.zeros((2, 3))
        turned, flipped = table.T, np.flip(table)
        turned[1] += 1
        flipped[0, 0] = 4
        same = np.round(np.arange(3))
        return x * 1, y, z, w, d * 1, spread * 1, windows * 1, table, same

    check(f, np.arange(6.0).reshape(2, 3))


def test_views_that_nobody_may_write_to():
    import quern

    for view in (lambda x: np.broadcast_to(x, (2, 4, 4)), np.diagonal, lambda x: np.lib.stride_tricks.sliding_window_view(x[0], 2)):
        def write(x, view=view):
            view(x)[0] = 1
        with pytest.raises(ValueError, match="assignment destination is read-only"):
            quern.jit(write)(np.ones((4, 4)))


def test_parts_of_arrays_of_unknown_extents():
    def f(x):
        y = x[x > 0]
        z = y * 1
        z[0] = 7
        z[1:] += 1
        return (y[1:], y[:-1], y[0], y[-1], y[::2], y[::-1], y[:10], y[-2:], x[x > 100][1:], np.diff(y), np.sort(x[x < 0])[-1], z,
                np.unique(np.nonzero(x > 0)[0], return_inverse=True), x[:np.unique(x).shape[0]])

    compiled = check(f, np.array([3.0, -1, 2, 5, -4]))
    check_call(compiled, f, np.array([1.0, -1, -2]))
    import quern
    with pytest.raises(quern.DataError, match="index out of range"):
        quern.jit(lambda x: x[x > 100][0])(np.ones(3))
    for reduce, text in ((np.max, 'zero-size array to reduction operation maximum'), (np.argmin, 'attempt to get argmin of an empty sequence')):
        with pytest.raises(ValueError, match=text):
            quern.jit(lambda x, reduce=reduce: reduce(x[x > 100]))(np.ones(3))


def test_open_grids():
    check(lambda x: (x[np.ix_([0, 2], [1, 0])], x[np.ix_(np.arange(2), np.arange(x.shape[1]) > 1)]), np.arange(12.0).reshape(3, 4))


def test_results_that_may_be_written_to():
    def f(x):
        product, (first, _), power = np.einsum("ij,j->i", x, x[0]), np.meshgrid(x[0], x[0]), np.linalg.matrix_power(x, 0)
        row, _ = np.meshgrid(x[0], x[0], sparse=True)
        product[0], first[0, 0], power[1, 1], row[0, 0] = 1, 2, 3, 4
        return product, first, power, row

    check(f, np.ones((3, 3)))


@pytest.mark.parametrize("dtype", ["int8", "float32", "complex128", "bool"])
def test_masks_of_several_axes(dtype):
    x = (np.random.default_rng(1).random((9, 20)) * 9 - 4).astype(dtype)

    def f(x):
        y, z, w = x.copy(), x.copy(), x.T.copy()
        mask = np.abs(x) > 1
        y[mask] = 1
        z[mask[:, 0]] = x[0, 0]
        w.T[mask] = 0
        x[~mask] = np.ones(1, bool)
        return x[mask], x.T[mask.T], y, z, w, y[mask].sum(), mask[mask]

    check(f, x)
    for index in (np.ones((9, 19), bool), np.ones((8, 20), bool)):
        with pytest.raises(IndexError, match="boolean index did not match"):
            import quern
            quern.jit(lambda x, m: x[m])(x, index)
