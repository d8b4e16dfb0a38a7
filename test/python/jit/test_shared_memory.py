"""Arguments that share memory with each other, where the function writes to one of them."""
import numpy as np
import pytest

import quern


def fill(x, y):
    x[:] = 1.0
    return y.sum()


def both(x, y):
    x += 1
    y += 1
    return x * 2


def three(x, y, z):
    x += 1
    return y * 2 + z


def pair(arrays, factor):
    arrays[0][:] = factor
    return arrays[1] + arrays[0]


def read(x, y):
    return x @ y


def copied(arguments):
    """The same numbers in memory of their own."""
    if isinstance(arguments, (tuple, list)):
        return type(arguments)(map(copied, arguments))
    return arguments.copy() if isinstance(arguments, np.ndarray) else arguments


@pytest.mark.parametrize("function, arguments", [
    (fill, lambda a: (a, a)), (fill, lambda a: (a, a.copy())), (fill, lambda a: (a[:3], a[3:])), (fill, lambda a: (a[::2], a[1::2])),
    (both, lambda a: (a, a)), (three, lambda a: (a, a, a)), (three, lambda a: (a, a.copy(), a)), (three, lambda a: (a.copy(), a, a)),
    (pair, lambda a: ([a, a], 4.0)), (pair, lambda a: ([a, a.copy()], 4.0)), (read, lambda a: (a, a)), (read, lambda a: (a[1:], a[:-1])),
])
def test_one_array_twice(function, arguments):
    compiled = quern.jit(function)
    for make in (arguments, lambda a: copied(arguments(a)), arguments, lambda a: copied(arguments(a))):
        first, second = np.arange(6.0), np.arange(6.0)
        np.testing.assert_array_equal(compiled(*make(first)), function(*make(second)))
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("arguments", [lambda a: (a[:4], a[2:]), lambda a: (a, a[::-1]), lambda a: (a[::2], a[:3])])
def test_parts_of_one_array_are_refused(arguments):
    array = np.arange(6.0)
    compiled = quern.jit(fill)
    compiled(array.copy(), array)
    with pytest.raises(quern.InputError, match="an array that the function writes to shares memory with another one that it reads: pass a copy"):
        compiled(*arguments(array))
    np.testing.assert_array_equal(array, np.arange(6.0))


TABLE = np.zeros(3)


def test_an_array_of_the_globals_as_an_argument():
    def f(x):
        TABLE[:] = 5
        return x.sum()
    compiled = quern.jit(f)
    assert compiled(np.ones(3)) == 3
    with pytest.raises(quern.InputError, match="shares memory"):
        compiled(TABLE)
