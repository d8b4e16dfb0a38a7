"""What NumPy gives as numbers: nobody can write to them, `+=` makes others, and Python's own stay weak."""
import numpy as np
from differential import check, check_call

RNG = np.random.default_rng(11)


def test_an_element_is_no_view():
    def swap(x, y):
        first = x[0]
        x[0] = x[1]
        x[1] = first
        corner = y[0, -1]
        y[0, -1] = y[-1, 0]
        y[-1, 0] = corner
        return first, corner

    check(swap, np.arange(4.0), np.arange(6).reshape(2, 3))


def test_rows_are_views_and_elements_are_not():
    def f(x):
        element, boxed, row = x[0, 0], x[0, 0, ...], x[0]
        element += 5
        boxed += 7
        row[1] = -1
        return element, boxed, row, x[0, 0]

    check(f, np.arange(6.0).reshape(2, 3))


def test_assignments_make_other_numbers():
    def f(x, a):
        total = x.sum()
        before, total2 = total, x.max()
        total += 0.5      # of integers too
        b = a
        b *= 3
        total2 -= b
        return before, total, total2, a, b

    compiled = check(f, np.arange(5), 2.0)
    check_call(compiled, f, np.arange(7), -1.5)


def test_pythons_numbers_stay_weak():
    def f(x, a):
        return (x * (a * 2), x * (x.shape[0] / 2), x * len(x) ** 0.5, x * -a, x * (a > 1), x * np.sqrt(a), a * 2, a // 2, x.shape[0] - 1.5,
                2.5 - x.shape[0], x.shape[0] // 2.0, x.shape[0] % 2.0, x * (x.shape[0] - 0.5))

    check(f, np.ones(3, np.float32), 2.0)


def test_which_results_of_rank_0_are_arrays():
    check(lambda x, z: (z, z.copy(), z + 1, z.reshape(()), z.T, np.where(z > 0, z, x[0]), x[..., 0], x.sum(), x[0], np.array(x[0]), z.astype(np.float32),
                        x[0].astype(np.float32), np.float32(z), np.zeros(()), np.zeros_like(z), np.squeeze(x[:1]), np.tensordot(x, x, 1), x @ x,
                        np.array_equal(x, x), np.allclose(x, x + 1), np.searchsorted(x, 1.0), np.clip(z, 0, 1), np.nan_to_num(z), np.median(x)),
          np.arange(4.0), np.array(3.0), scale=4)


def test_reductions_of_numbers():
    check(lambda x: (x.sum().max(0), np.sum(x[0], axis=-1), np.argmax(x[1], axis=0), np.cumsum(x[0], axis=0)), np.arange(4.0))


def test_running_statistics():
    def f(x, alpha):
        mean, squares, y = 0.0, 0.0, np.empty_like(x)
        y[0] = x[0]
        for i in range(1, len(x)):
            gap = x[i] - mean
            mean += gap / i
            squares += gap * (x[i] - mean)
            y[i] = alpha * x[i] + (1 - alpha) * y[i - 1]
        return mean, squares, y

    check(f, RNG.standard_normal(9), 0.3, scale=50)
