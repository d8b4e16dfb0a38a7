"""The compiled function as an object: extents, Python's numbers, globals, errors, threads, pickles, the cache."""
import collections
import concurrent.futures
import os
import pickle
import subprocess
import sys
import weakref

import numpy as np
import pytest
from differential import check, check_call, compare

import quern

SCALE = 2.0
TABLE = np.arange(5.0)


def count(compiled):
    return sum(map(len, compiled._programs.values()))


def test_extents_change_without_compiling():
    compiled = check(lambda x, y: (x @ y).sum(axis=0) / x.shape[0], np.ones((3, 4)), np.ones((4, 5)))
    for n, k, m in ((7, 2, 3), (100, 64, 33), (2, 3, 4)):
        check_call(compiled, compiled.__wrapped__, np.ones((n, k)), np.ones((k, m)))
    assert count(compiled) == 1


def test_an_extent_of_one_is_another_program():
    compiled = check(lambda x, y: x + y, np.ones((3, 4)), np.arange(4.0))
    check_call(compiled, compiled.__wrapped__, np.ones((3, 1)), np.arange(4.0))
    check_call(compiled, compiled.__wrapped__, np.ones((3, 4)), np.arange(1.0))
    assert count(compiled) == 3


def test_extents_as_integers():
    def f(x):
        total = np.zeros(x.shape[1])
        for i in range(len(x)):
            total = total + x[i] * i
        return total

    compiled = check(f, np.ones((3, 4)))
    check_call(compiled, f, np.ones((3, 9)))
    assert count(compiled) == 1
    check_call(compiled, f, np.ones((5, 4)))
    assert count(compiled) == 2


def test_rows_of_short_arrays():
    def area(points):
        x, y = points.T
        total = 0.0
        for one in points:
            total = total * 0.5 + one.sum()
        return np.abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2, total

    rng = np.random.default_rng(3)
    compiled = check(area, rng.standard_normal((20, 2)), scale=20)
    check_call(compiled, area, rng.standard_normal((20, 2)), scale=20)
    assert count(compiled) == 1
    check_call(compiled, area, rng.standard_normal((5, 2)), scale=20)
    assert count(compiled) == 2
    with pytest.raises(ValueError, match="too many values to unpack"):
        compiled(np.ones((5, 3)))


def test_extents_in_texts():
    compiled = check(lambda x: (f"{x.shape[0]:3d} of {len(x)}", str(x.shape[1]), f"{x.shape} {x.shape[0]!r}", x.sum()), np.ones((3, 4)))
    check_call(compiled, compiled.__wrapped__, np.ones((5, 4)))


def test_branches_on_extents():
    def f(x):
        return x * 2 if x.shape[0] > 4 else x + 1

    compiled = check(f, np.ones(3))
    check_call(compiled, f, np.ones(2))
    assert count(compiled) == 1
    check_call(compiled, f, np.ones(9))
    check_call(compiled, f, np.ones(5))
    assert count(compiled) == 2


@pytest.mark.parametrize("n", [2, 3, 7, 16, 17, 64, 100])
def test_symbolic_shapes(n):
    def f(x):
        n, m = x.shape
        return (x.reshape(-1), x.reshape(m, n), x.reshape(n * m), np.zeros((n, 2)) + x[:, :1], x[: n // 2], x[n // 2:], np.arange(n) + x[:, 0],
                np.concatenate([x, x[:1]]), x[1:] - x[:-1], x.size, np.eye(m)[0] + x[0], np.full(n, 3.0), x / n, n * 2)

    check(f, np.random.default_rng(0).standard_normal((n, 5)))


def test_python_floats_do_not_compile_again():
    compiled = check(lambda x, a: x * a, np.ones(3, np.float32), 2.5)
    check_call(compiled, compiled.__wrapped__, np.ones(3, np.float32), -7.25)
    assert count(compiled) == 1 and compiled(np.ones(3, np.float32), 2.5).dtype == np.float32
    check_call(compiled, compiled.__wrapped__, np.ones(3, np.float32), 2)
    assert count(compiled) == 2


def test_arguments_in_containers():
    def f(pair, options, flag=True, *, scale=2.0):
        x, y = pair
        return {"sum": (x + y) * scale, "flag": flag, "more": [x, options["bias"]]}

    compiled = quern.jit(f)
    args = ((np.ones(3), np.arange(3.0)), {"bias": np.float32(1)})
    for got, want in ((compiled(*args), f(*args)), (compiled(*args, flag=False, scale=3.0), f(*args, flag=False, scale=3.0))):
        assert got["flag"] == want["flag"] and got["more"][1] == want["more"][1]
        np.testing.assert_array_equal(got["sum"], want["sum"])


def test_globals_are_read_again(monkeypatch):
    compiled = quern.jit(lambda x: x * SCALE + TABLE)
    x = np.ones(5)
    np.testing.assert_array_equal(compiled(x), x * 2 + np.arange(5.0))
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    np.testing.assert_array_equal(compiled(x), x * 3 + np.arange(5.0))
    monkeypatch.setitem(globals(), "TABLE", np.full(5, 9.0))
    np.testing.assert_array_equal(compiled(x), x * 3 + 9)
    TABLE[:] = 1
    np.testing.assert_array_equal(compiled(x), x * 3 + 1)


def test_closures_are_read_again():
    factor = 2
    def helper(x):
        return np.exp(x) * factor
    compiled = quern.jit(lambda x: helper(x) + 1)
    np.testing.assert_allclose(compiled(np.zeros(3)), 3)
    factor = 5
    np.testing.assert_allclose(compiled(np.zeros(3)), 6)


def test_layouts_of_arguments():
    compiled = check(lambda x: x * 2, np.asfortranarray(np.arange(12.0).reshape(3, 4)))
    check_call(compiled, compiled.__wrapped__, np.arange(24.0).reshape(4, 6)[::2, ::3])
    check_call(compiled, compiled.__wrapped__, np.broadcast_to(np.arange(3.0), (2, 3)))
    swapped = np.arange(6.0).reshape(2, 3).astype(">f8")
    np.testing.assert_array_equal(compiled(swapped), swapped * 2)


@pytest.mark.parametrize("function, text", [
    (lambda x: 1 if x[0] > 0 else 2, "a branch or a truth value needs the values"),
    (lambda x: x[0].__float__(), "float() needs the values"),
    (lambda x: [v for v in np.concatenate([x] * 17)], "a loop over an array that may have more than 64 rows"),
    (lambda x: np.roots(x), "numpy.roots is not supported"),
    (lambda x: np.lib.stride_tricks.as_strided(x, (2, 2), (8, 8)), "numpy's as_strided is not supported"),
    (lambda x: np.zeros(x.sum()), "an index or a size needs the values"),
    (lambda x: np.linalg.eig(x[:, None]), "numpy.linalg.eig is not supported"),
])
def test_what_cannot_be_traced_names_the_line(function, text):
    with pytest.raises(quern.TraceError) as error:
        quern.jit(function)(np.arange(4.0))
    assert text in str(error.value) and "test_jit.py:" in str(error.value)


def test_unsupported_arguments():
    with pytest.raises(quern.UnsupportedError, match="dtype object is not supported"):
        quern.jit(lambda x: x)(np.array([None]))
    with pytest.raises(quern.InputError, match="an argument is of type set: expected arrays, numbers, texts, or tuples, lists, dicts, named tuples and dataclasses of them"):
        quern.jit(lambda x: x)({1, 2})
    with pytest.raises(quern.UsageError, match="cannot compile an object of type int: expected a Python function"):
        quern.jit(3)
    with pytest.raises(TypeError, match="missing a required argument: 'y'"):
        quern.jit(lambda x, y: x)(np.ones(2))


def test_calls_from_many_threads():
    compiled = quern.jit(lambda x, a: np.tanh(x) * a)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: compiled(np.full(n % 7 + 2, 0.5), float(n)), range(64)))
    for n, result in enumerate(results):
        np.testing.assert_allclose(result, np.full(n % 7 + 2, np.tanh(0.5) * n))


@quern.jit
def module_level(x):
    return np.sqrt(x) + 1


def test_pickle():
    again = pickle.loads(pickle.dumps(module_level))
    np.testing.assert_allclose(again(np.full(3, 4.0)), 3)


def test_the_cache_survives_the_process(cache):
    program = "import numpy as np, quern; print(quern.jit(lambda x: np.exp(x) + 2)(np.zeros(3)).sum())"
    for _ in range(2):
        assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "9.0\n"
    entries = list(cache.iterdir())
    assert len(entries) == 1 and cache.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-9], lambda data: data[:-1] + b"?", lambda data: b"{}\n" + data])
def test_a_damaged_entry_is_compiled_again(cache, damage):
    f = lambda x: x * 3    # noqa: E731
    quern.jit(f)(np.ones(2))
    entry, = cache.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    np.testing.assert_array_equal(quern.jit(f)(np.ones(2)), 3)


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    np.testing.assert_array_equal(quern.jit(lambda x: x - 1)(np.ones(2)), 0)


def test_the_program_can_be_read():
    text = quern.jit(lambda x: np.exp(x)).lower(np.ones((2, 5), np.float32))
    assert "graph.exp" in text and 'graph.dims<["s0_0", "s0_1"]>' in text


def test_traces_of_many_threads_do_not_meet():
    def make(n):
        def f(x):
            for _ in range(n):
                x = np.sin(x) + n
            return x
        return f

    functions = [make(n) for n in range(1, 13)]
    sys.setswitchinterval(1e-6)
    try:
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            texts = list(pool.map(lambda f: quern.jit(f).lower(np.ones(3)), functions))
    finally:
        sys.setswitchinterval(5e-3)
    assert [text.count("graph.sin") for text in texts] == list(range(1, 13))


def test_arrays_of_the_other_byte_order():
    check(lambda x: x + 1.5, np.arange(6.0).reshape(2, 3))
    swapped = np.arange(6.0).reshape(2, 3).astype(">f8")
    got = quern.jit(lambda x: x + 1.5)(swapped)
    assert got.dtype == np.dtype("=f8")
    np.testing.assert_array_equal(got, swapped + 1.5)


def test_functions_without_arrays():
    np.testing.assert_array_equal(quern.jit(lambda: np.arange(3))(), np.arange(3))
    assert quern.jit(lambda n: n * 2)(4) == 8 and quern.jit(lambda x: None)(np.ones(2)) is None


class Layer:
    def __init__(self):
        self.weights = np.eye(3)

    @quern.jit
    def forward(self, x):
        return x @ self.weights + 1


def test_methods():
    np.testing.assert_array_equal(Layer().forward(np.ones((2, 3))), 2)


def test_classes_with_rules_of_their_own_are_refused():
    compiled = quern.jit(lambda x: x * 2)
    compiled(np.ones((2, 2)))
    for array, name in ((np.ma.masked_array(np.ones((2, 2)), [[0, 1], [0, 0]]), "MaskedArray"), (np.matrix(np.ones((2, 2))), "matrix")):
        with pytest.raises(quern.UnsupportedError, match=f"an array of class {name} is not supported"):
            compiled(array)


def test_extents_that_become_empty_or_one():
    def f(x):
        return x[1:].squeeze(), x.sum()

    compiled = check(f, np.arange(5.0))
    check_call(compiled, f, np.arange(2.0))
    largest = quern.jit(lambda x: x[2:].max())
    assert largest(np.arange(5.0)) == 4
    with pytest.raises(ValueError, match="zero-size array to reduction operation maximum"):
        largest(np.arange(2.0))
    stretched = quern.jit(lambda x, y: x[1:] + y)
    np.testing.assert_array_equal(stretched(np.arange(5.0), np.ones(4)), np.arange(2.0, 6))
    np.testing.assert_array_equal(stretched(np.arange(2.0), np.ones(4)), np.full(4, 2.0))


def test_the_cache_is_pruned(cache, monkeypatch):
    from quern import _compile_cache
    quern.jit(lambda x: x * 3)(np.ones(2))
    first, = cache.iterdir()
    monkeypatch.setattr(_compile_cache, "MOST_BYTES", int(first.stat().st_size * 1.5))
    os.utime(first, (1, 1))
    quern.jit(lambda x: x * 4)(np.ones(2))
    left, = cache.iterdir()
    assert left != first


def test_a_folder_that_others_may_write_to_is_not_used(cache):
    cache.mkdir(mode=0o700)
    cache.chmod(0o777)
    np.testing.assert_array_equal(quern.jit(lambda x: x * 5)(np.ones(2)), 5)
    assert not list(cache.iterdir())


def test_what_few_need_is_imported_when_it_is_named(cache):
    """An import is part of the first call of every function; a cached one starts no child, so it needs no subprocess."""
    script = ("import sys, numpy, quern; print(quern.jit(lambda x: x + 1)(numpy.ones(2))); "
              "print([name for name in ('subprocess', 'numpy.ma', 'numpy.random', 'numpy.fft', 'quern._benchmark', "
              "'quern._session', 'quern._sklearn.estimator') if name in sys.modules])\n"
              "print(quern.InferenceSession.__name__, quern.Benchmark.__name__, 'Measurement' in dir(quern))\n"
              "try: quern.missing\nexcept AttributeError as error: print(error)")
    runs = [subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
            for _ in range(2)]
    tail = ["InferenceSession Benchmark True", "module 'quern' has no attribute 'missing'"]
    assert runs[0] == ["[2. 2.]", "['subprocess']", *tail]
    assert runs[1] == ["[2. 2.]", "[]", *tail]


def without_python(compiled, *args, **keywords):
    """A call that no Python code answers."""
    class Answered(Exception):
        pass

    def refuse(*_, **__):
        raise Answered
    slow, compiled._call = compiled._call, refuse
    try:
        return compiled(*args, **keywords)
    finally:
        compiled._call = slow


Pair = collections.namedtuple("Pair", "low high")


def spread(x, pair, /, options, flag=True, *, scale=2.0, mode="wide"):
    y, z = pair
    low = x.min() * scale
    return {"pair": Pair(low, [x + y * z, options["bias"] if flag else x]), "rows": len(x), "mode": mode, "all": (x, None, 2.5)}


@pytest.mark.parametrize("keywords", [{}, {"scale": 3.0}, {"flag": False}, {"mode": "narrow", "options": {"bias": np.ones(4)}}])
def test_calls_with_containers_and_keywords_need_no_python(keywords):
    compiled = quern.jit(spread)
    args = (np.arange(4.0), (np.ones(4), np.float32(2))), [] if "options" in keywords else [{"bias": np.arange(4)}]
    args = (*args[0], *args[1])
    first, again, want = compiled(*args, **keywords), without_python(compiled, *args, **keywords), spread(*args, **keywords)
    for got in (first, again):
        assert list(got) == list(want) and type(got["pair"]) is Pair and type(got["rows"]) is int and got["mode"] == want["mode"]
        compare(got["pair"], want["pair"], "pair")
        compare(got["all"][0], want["all"][0], "x")
        assert got["all"][1:] == (None, 2.5) and got["rows"] == 4


def test_writes_to_arguments_need_no_python():
    def f(x, more, n=2):
        x[0] = 7
        more[0][:, 1] *= n
    compiled = quern.jit(f)
    for call in (compiled, lambda *args: without_python(compiled, *args)):
        x, more = np.zeros(3), [np.ones((2, 2), np.int32)[:, ::-1]]
        assert call(x, more) is None and x[0] == 7 and more[0][:, 1].tolist() == [2, 2]


@pytest.mark.parametrize("args, keywords, message", [
    ((np.ones(2),), {}, "missing a required argument: 'b'"), ((1, 2, 3, 4), {}, "too many positional arguments"),
    ((1, 2), {"d": 3}, "unexpected keyword argument 'd'"), ((1,), {"b": 2, "a": 3}, "multiple values for argument 'a'")])
def test_arguments_that_do_not_bind(args, keywords, message):
    compiled = quern.jit(lambda a, b, c=1.0: a + b + c)
    compiled(np.ones(2), np.ones(2))
    with pytest.raises(TypeError, match=message):
        compiled(*args, **keywords)


def test_other_containers_are_other_programs():
    compiled = quern.jit(lambda pair: pair[0] + pair[1])
    x = np.ones(3)
    for pair in ((x, x), [x, x], (x, 2.0), (x, np.float32(1)), (x, 3), {0: x, 1: x}, {1: x, 0: x * 2}):
        compare(compiled(pair), pair[0] + pair[1], "the sum")
        compare(without_python(compiled, pair), pair[0] + pair[1], "the sum")


def test_extents_whose_facts_are_no_polynomials():
    def f(x):
        return x[::2] + 1, x[1::3], x[: x.shape[0] // 4].sum(axis=0)

    compiled = quern.jit(f)
    for rows in (8, 9, 13, 8):
        x = np.arange(rows * 4.0).reshape(rows, 4)
        compare(compiled(x), f(x), "the result")
        compare(without_python(compiled, x), f(x), "the result")
    assert count(compiled) == 1


def test_arrays_outside_are_not_kept_for_ever():
    weights = [np.ones(3)]
    kept = []
    def make():
        table = np.ones(3)
        def f(x):
            return x[::2] * table[: x[::2].shape[0]]
        def change(array):
            nonlocal table
            table = array
        return f, change
    f, change = make()
    compiled = quern.jit(f)
    for i in range(5):
        array = np.full(3, float(i))
        kept.append(weakref.ref(array))
        change(array)
        compare(compiled(np.ones(6)), np.full(3, float(i)), "the result")
        del array
    change(weights[0])
    assert sum(ref() is not None for ref in kept) <= 1
