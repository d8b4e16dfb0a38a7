"""Kernels that a run gives the device are one CUDA graph from the second run of the same shapes on. The interpreter's driver
counts kernels, graphs and their updates."""
import numpy as np
import pytest
from c_interface import Failure, Model
from emulated import CUDA

pytestmark = pytest.mark.skipif(not (CUDA / "libcuda.so.1").exists(), reason="the interpreter is not built: ninja ptxDriver")


@pytest.fixture(scope="module")
def rows(tmp_path_factory, build):
    """Three kernels, one after another; the last writes the output."""
    return build(tmp_path_factory.mktemp("rows"), """
        (float[n,4] x) => (float[n,4] y)
        {
            a = Softmax (x)
            b = Softmax <axis = 0> (a)
            y = Softmax (b)
        }""")


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def expected(x):
    return softmax(softmax(softmax(x, 1), 0), 1)


class Counts:
    """What the driver did since the last look: kernels, graphs, updates."""

    def __init__(self, cuda):
        self.cuda = cuda
        self.before = self.now()

    def now(self):
        return np.array([self.cuda.count(what) for what in ("kernel", "graph", "graph update")])

    def take(self):
        now = self.now()
        taken, self.before = now - self.before, now
        return tuple(int(count) for count in taken)


def run(model, x, y=None):
    y = np.zeros_like(x) if y is None else y
    model.run([x], [y])
    np.testing.assert_allclose(y.read() if hasattr(y, "read") else y, expected(x.values if hasattr(x, "values") else x), rtol=1e-5)


def inputs(count, n):
    return [np.float32(np.random.default_rng(seed).standard_normal((n, 4))) for seed in range(count)]


def test_second_run_of_the_same_shapes_is_a_graph(cuda, rows, pytestconfig):
    model, counts = Model(rows), Counts(cuda)
    graphs = []
    for x in inputs(4, 3):
        run(model, x)
        kernels, started, updates = counts.take()
        is_counted = not (started and pytestconfig.getoption("--cuda"))    # a device's driver counts no kernels of graphs
        assert updates == 0 and (kernels >= 3 or not is_counted)
        graphs.append(started)
    assert graphs == [0, 1, 1, 1]
    model.close()
    assert cuda.count("graph held") == 0


def test_each_set_of_shapes_has_a_graph(cuda, rows):
    model, counts = Model(rows), Counts(cuda)
    started = []
    for n in (2, 9, 2, 9, 2, 9):
        run(model, *inputs(1, n))
        started.append(counts.take()[1])
    assert started == [0, 0, 1, 1, 1, 1]
    assert cuda.count("graph held") == 2
    model.close()


def test_a_larger_run_moves_the_arena(cuda, rows):
    """The graph of the smaller shapes has the old addresses: it gets the new ones."""
    model, counts = Model(rows), Counts(cuda)
    small, large = inputs(1, 3)[0], inputs(1, 5000)[0]
    for x in (small, small, large):
        run(model, x)
    counts.take()
    for updates in (1, 0):
        run(model, small)
        assert counts.take()[1:] == (1, updates)
    model.close()


def test_tensors_of_the_device_may_move(cuda, rows):
    model, counts = Model(rows), Counts(cuda)
    pairs = [(cuda.array(x), cuda.array(np.zeros_like(x))) for x in inputs(3, 3)]
    for x, y in (pairs[0], pairs[0]):
        run(model, x, y)
    assert counts.take()[1:] == (1, 0)
    for (x, y), updates in zip((pairs[0], pairs[1], pairs[1], pairs[2], pairs[0]), (0, 1, 0, 1, 1)):
        run(model, x, y)
        assert counts.take()[1:] == (1, updates)
    model.close()


def test_copies_are_part_of_the_graph(cuda, tmp_path, build):
    """A tensor that begins elsewhere than CUDA's own is copied to a slot first; its graph has the copy's address."""
    model = Model(build(tmp_path, "(float[n,4] x) => (float[n,4] y) { y = Softmax (x) }"))
    counts = Counts(cuda)
    for i, x in enumerate(inputs(4, 3)):
        y = np.zeros_like(x)
        model.run([cuda.array(x, offset=16)], [y])
        np.testing.assert_allclose(y, softmax(x, 1), rtol=1e-5)
        assert counts.take()[1:] == (int(i > 0), int(i > 1))
    model.close()


def test_kernels_of_the_processor_part_graphs(cuda, tmp_path, build):
    model = Model(build(tmp_path, """
        (float[n,8] x) => (float[n,3] y)
        {
            a = Softmax (x)
            b = Softmax <axis = 0> (a)
            three = Constant <value_ints = [3]> ()
            best, place = TopK (b, three)
            c = Softmax (best)
            y = Softmax <axis = 0> (c)
        }"""))
    counts = Counts(cuda)
    for i in range(3):
        x, y = np.float32(np.random.default_rng(i).standard_normal((5, 8))), np.zeros((5, 3), np.float32)
        model.run([x], [y])
        best = -np.sort(-softmax(softmax(x, 1), 0), axis=1)[:, :3]
        np.testing.assert_allclose(y, softmax(softmax(best, 1), 0), rtol=1e-5)
        assert counts.take()[1] == (2 if i else 0)
    model.close()


def test_the_number_of_graphs_is_bounded(cuda, rows):
    model, most = Model(rows), 64
    for n in range(1, most + 8):
        for x in inputs(2, n):
            run(model, x)
        assert cuda.count("graph held") == min(n, most)
    counts = Counts(cuda)
    run(model, *inputs(1, most))    # still there
    assert counts.take()[1] == 1
    run(model, *inputs(1, 1))    # made room
    assert counts.take()[1] == 0
    model.close()
    assert cuda.count("graph held") == 0


def test_an_error_of_a_kernel_in_a_graph_is_found(cuda, tmp_path, build):
    model = Model(build(tmp_path, """
        (float[rows,4] x, int64[n] i) => (float[n,4] y)
        {
            a = Softmax (x)
            y = Gather (a, i)
        }"""))
    x, y, counts = inputs(1, 3)[0], np.zeros((2, 4), np.float32), Counts(cuda)
    right, wrong = np.int64([2, 0]), np.int64([0, 3])
    for index, graphs in ((right, 0), (right, 1), (wrong, 1), (right, 1)):
        if index is wrong:
            with pytest.raises(Failure, match="index out of range"):
                model.run([x, index], [y])
        else:
            model.run([x, index], [y])
            np.testing.assert_allclose(y, softmax(x, 1)[index], rtol=1e-5)
        assert counts.take()[1] == graphs
    model.close()
