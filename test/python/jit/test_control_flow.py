"""Control flow on values: cond, while_loop and scan, under trace and as plain Python."""
import numpy as np
import pytest
from differential import check, check_call

import quern

X = np.arange(1.0, 6)


def test_cond():
    def f(x, y):
        return quern.cond(x.sum() > 0, lambda a, b: (a * 2, b), lambda a, b: (a - b, a + 1), x, y)

    compiled = check(f, X, X[::-1].copy())
    check_call(compiled, f, -X, X)


def test_cond_sees_what_is_around_it():
    def f(x):
        scale = x.max() * 2
        return quern.cond(scale > 5, lambda: x / scale, lambda: x * 0)

    compiled = check(f, X)
    check_call(compiled, f, X * 0.1)


def test_while_loop():
    def collatz(n):
        return quern.while_loop(lambda s: s[0] > 1, lambda s: (np.where(s[0] % 2 == 0, s[0] // 2, 3 * s[0] + 1), s[1] + 1),
                                (n, np.int64(0)))[1]

    compiled = quern.jit(collatz)
    for n in (1, 2, 7, 27, 97):
        assert compiled(np.int64(n)) == collatz(np.int64(n))


def test_while_loop_of_arrays():
    def newton(a):
        return quern.while_loop(lambda x: np.abs(x * x - a).max() > 1e-10, lambda x: 0.5 * (x + a / x), a)

    check(newton, X, scale=1e4)


def test_scan():
    def f(x, w):
        def step(h, row):
            h = np.tanh(row @ w + h)
            return h, h.sum()
        return quern.scan(step, np.zeros(3), x)

    compiled = check(f, np.random.default_rng(0).standard_normal((6, 4)), np.random.default_rng(1).standard_normal((4, 3)), scale=20)
    check_call(compiled, f, np.random.default_rng(2).standard_normal((9, 4)), np.ones((4, 3)), scale=20)


def test_scan_of_complex_numbers():
    check(lambda z: quern.scan(lambda s, v: (s * v, s + v), np.complex128(1j), z), X + 0.5j, scale=20)


def test_scan_without_input():
    check(lambda x: quern.scan(lambda s, _: (s * 1.5, None), x, None, length=4)[0], X)


@pytest.mark.parametrize("function, text", [
    (lambda x: quern.cond(x[0] > 0, lambda: x, lambda: x[1:]), "must have the same dtypes and shapes"),
    (lambda x: quern.cond(x[0] > 0, lambda: x, lambda: (x, x)), "return different containers"),
    (lambda x: quern.while_loop(lambda s: s[0] < 3, lambda s: s.astype(np.float32), x), "must have the same dtypes and shapes"),
    (lambda x: quern.scan(lambda s, v: ((s, s), v), x[0], x), "returns a state in other containers"),
])
def test_what_does_not_fit_is_refused(function, text):
    with pytest.raises(quern.TraceError) as error:
        quern.jit(function)(X)
    assert text in str(error.value) and "test_control_flow.py:" in str(error.value)


def test_a_value_cannot_leave_its_branch():
    def f(x):
        kept = []
        quern.cond(x[0] > 0, lambda: kept.append(x * 2) or x, lambda: x)
        return kept[0] + 1

    with pytest.raises(quern.TraceError, match="is used outside of it"):
        quern.jit(f)(X)
