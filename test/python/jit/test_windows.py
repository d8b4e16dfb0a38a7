"""Windows, blocks, diagonals, pieces of a domain."""
import numpy as np
import pytest
from differential import check

import quern

RNG = np.random.default_rng(5)
windows = np.lib.stride_tricks.sliding_window_view


def test_sliding_windows():
    check(lambda x, y: (windows(x, 5).mean(axis=-1), windows(y, (2, 3)), windows(y, 3, axis=1), windows(x, len(x)),
                        windows(y, (2, 2), axis=(1, 0)).max(axis=(-1, -2)), np.median(windows(x, 3), axis=-1)),
          RNG.standard_normal(40), RNG.integers(-9, 9, (6, 7)), scale=4)
    for function, error, text in ((lambda x: windows(x, 9), ValueError, "window shape cannot be larger"),
                                  (lambda x: windows(x, 3, writeable=True), quern.TraceError, "writeable=True")):
        with pytest.raises(error, match=text):
            quern.jit(function)(np.ones(8))


def test_symmetric_pads():
    check(lambda x, y: (np.pad(x, 2, mode="symmetric"), np.pad(y, (3, 4), mode="symmetric"),
                        np.pad(y, (13, 7), mode="symmetric")), RNG.standard_normal((3, 4)), RNG.integers(-9, 9, 5))


def test_pads_with_values():
    check(lambda x, z: (np.pad(x, 1, constant_values=(1, 2)), np.pad(x, ((1, 0), (0, 2)), constant_values=((1, 2), (3, 4))),
                        np.pad(z, (2, 1), constant_values=3 - 1j), np.pad(z, 1), np.pad(z, 1, mode="edge"), np.pad(x.sum(), 0)),
          RNG.integers(-9, 9, (2, 3)), RNG.standard_normal(3) + 1j)


def test_blocks():
    check(lambda v, a, b, c: (np.block([[a, b], [c, np.zeros((3, 3))]]), np.block([v, 1.0, v]), np.block([[a, a]]), np.block(a)),
          *(RNG.standard_normal(shape) for shape in (9, (2, 2), (2, 3), (3, 2))))


def test_diagonals_are_filled_in_place():
    def fill(a, b, i, value):
        np.fill_diagonal(a, 0)
        np.fill_diagonal(b, value)
        np.fill_diagonal(i, 2.7)

    check(fill, np.ones((4, 4)), np.ones((3, 5)), np.ones((5, 3), np.int32), 1.5)
    with pytest.raises(quern.TraceError, match="fill_diagonal"):
        quern.jit(lambda a: np.fill_diagonal(a, [1, 2, 3]))(np.ones((3, 3)))


def test_pieces_see_their_own_elements():
    check(lambda x: (np.piecewise(x, [x < 0, x >= 1], [-1, 1]), np.piecewise(x, x > 0, [1.0, lambda v: v.sum()]),
                     np.piecewise(x, [x < -1, x > 1], [lambda v: v - 1, lambda v: v * v, 0.5])), RNG.standard_normal(12), scale=4)


def test_unwrapped_angles():
    rng = np.random.default_rng(5)
    check(lambda x, y: (np.unwrap(x), np.unwrap(y, axis=1), np.unwrap(x, period=3.0), np.unwrap(y, axis=0), np.unwrap(x, discont=4)),
          np.cumsum(rng.standard_normal(30)) * 2, rng.standard_normal((3, 20)).astype(np.float32) * 4, scale=20)
