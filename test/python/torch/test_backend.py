"""torch.compile(model, backend="quern"): what it runs, what it leaves to PyTorch and says so."""
import copy
import os
import subprocess
import sys
import threading
import warnings

import pytest
import quern
import torch
from torch import nn


def mlp():
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)).eval()


def test_the_backend_is_found_without_an_import():
    program = ("import torch\n"
               "assert 'quern' in torch.compiler.list_backends()\n"
               "with torch.no_grad():\n"
               "    print(torch.compile(lambda x: x + 1, backend='quern')(torch.ones(3)).tolist())\n")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ | {
        "PYTHONPATH": os.path.dirname(os.path.dirname(quern.__file__))})
    assert done.stdout == "[2.0, 2.0, 2.0]\n", done.stderr


def test_weights_are_packed_again_when_they_change(check):
    model, x = mlp(), torch.randn(3, 64)
    compiled = check(model, x)
    model[0].weight.mul_(2)
    check(model, x, compiled=compiled)
    model[0].weight.data = torch.randn(128, 64)
    check(model, x, compiled=compiled)
    model.load_state_dict(mlp().state_dict())
    check(model, x, compiled=compiled)
    model[2] = nn.Linear(128, 10)
    check(model, x, compiled=compiled)


def test_modules_with_one_graph_are_packed_once_each(check, monkeypatch):
    from quern import _compile_cache

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(8, 8)

        def forward(self, x):
            return self.inner(x).relu()

    packed = []
    compile_program = _compile_cache.compile_program
    monkeypatch.setattr(_compile_cache, "compile_program", lambda *rest: packed.append(rest) or compile_program(*rest))
    blocks, x = [Block().eval() for _ in range(3)], torch.randn(2, 8)
    compiled = [torch.compile(block, backend="quern", fullgraph=True) for block in blocks]
    for _ in range(2):
        for block, call in zip(blocks, compiled):
            check(block, x, compiled=call)
    assert len(packed) == 3
    blocks[1].inner.weight.mul_(2)
    for block, call in zip(blocks, compiled):
        check(block, x, compiled=call)
    assert len(packed) == 4


def test_a_graph_does_not_keep_parameters_alive():
    import weakref
    model = mlp()
    compiled = torch.compile(model, backend="quern")
    compiled(torch.randn(3, 64))
    parameter = weakref.ref(model[0].weight)
    model[0].weight = nn.Parameter(torch.randn(128, 64))
    assert parameter() is None


def test_only_calls_that_need_it_run_python(check, monkeypatch):
    """Dynamo calls with an empty dictionary of keywords."""
    from quern._torch.program import Piece
    calls, slow = [], Piece._call

    def count(piece, *arguments):
        calls.append(1)
        return slow(piece, *arguments)

    monkeypatch.setattr(Piece, "_call", count)
    model, x = mlp(), torch.randn(3, 64)
    compiled = check(model, x)
    packed = len(calls)
    with torch.no_grad():
        compiled(x)
        assert len(calls) == packed
        compiled(torch.randn(64, 3).T)
    assert len(calls) == packed + 1


def test_parameters_that_do_not_count_writes(check):
    with torch.inference_mode():
        model, x = mlp(), torch.randn(5, 64)
        compiled = check(model, x)
        model[0].weight = nn.Parameter(torch.randn(128, 64))
        check(model, x, compiled=compiled)


def test_weights_are_checked_without_guards():
    """Dynamo may be told not to check PyTorch's own layers; what the weights are is checked in the call."""
    model, x = mlp(), torch.randn(3, 64)
    compiled = torch.compile(model, backend="quern", options={
        "threads": 1, "guard_filter_fn": torch.compiler.skip_guard_on_inbuilt_nn_modules_unsafe})
    with torch.no_grad():
        for _ in range(2):
            torch.testing.assert_close(compiled(x), model(x))
        model[0].weight.mul_(2)
        torch.testing.assert_close(compiled(x), model(x))
        model[0].weight = nn.Parameter(torch.randn(128, 64))
        torch.testing.assert_close(compiled(x), model(x))


def test_inputs_with_strides(check):
    model = mlp()
    compiled = check(model, torch.randn(5, 64))
    for x in (torch.randn(64, 5).t(), torch.randn(10, 64)[::2], torch.randn(5, 128)[:, ::2]):
        check(model, x, compiled=compiled)


def test_channels_last(check):
    model = nn.Conv2d(3, 8, 3).eval()
    check(model, torch.randn(2, 3, 16, 16).to(memory_format=torch.channels_last), rtol=1e-4, atol=1e-5)


def test_gradients_are_never_dropped(fallbacks):
    model, x = mlp(), torch.randn(3, 64)
    with torch.enable_grad():
        compiled = torch.compile(model, backend="quern")
        compiled(x).sum().backward()
        compiled(x)
    assert model[0].weight.grad is not None
    text, = fallbacks()
    assert text == ("quern: a graph runs in PyTorch: gradients are on and something requires them; call it under "
                    "torch.no_grad() to run compiled code")


def test_gradients_within_a_graph(fallbacks):
    def f(x, w):
        with torch.enable_grad():
            return x * w
    w = torch.randn(3, requires_grad=True)
    assert torch.compile(f, backend="quern")(torch.randn(3), w).requires_grad
    assert fallbacks()


def test_distributions(check):
    """Which turn gradients on for what they compute once."""
    layer = nn.Linear(4, 3)

    def f(x):
        choices = torch.distributions.Categorical(logits=layer(x))
        return choices.probs.detach(), choices.entropy(), torch.distributions.Normal(x, 1.0).log_prob(x)
    check(f, torch.randn(2, 4))


def test_what_needs_no_gradient_runs_where_gradients_are_on(check):
    with torch.enable_grad():
        check(lambda x: x.relu() + 1, torch.randn(4))


def test_operators_without_a_kernel_run_in_pytorch(fallbacks):
    def f(x):
        return torch.special.bessel_j0(x * 0.5).relu() + 1

    x = torch.rand(16)
    compiled = torch.compile(f, backend="quern", fullgraph=True)
    torch.testing.assert_close(compiled(x), f(x))
    compiled(x)
    text, = fallbacks()
    assert text.startswith("quern: 1 of 4 operators run in PyTorch: aten.special_bessel_j0.default (")
    assert __file__ in text and text.endswith("the operator aten.special_bessel_j0.default is not supported")


def test_explain_lists_what_runs_in_pytorch(tmp_path):
    torch.compile(lambda x: torch.special.bessel_j0(x * 0.5).relu() + 1, backend="quern")(torch.rand(16))
    from quern._compiler import find_compiler
    texts = [subprocess.run([find_compiler(), "explain", entry], capture_output=True, text=True, check=True).stdout
             for entry in (tmp_path / "quern").glob("*.quern")]
    assert len(texts) == 2      # before and behind
    for text in texts:
        assert ("  runs in PyTorch: the operator aten.special_bessel_j0.default is not supported\n"
                "          special_bessel_j0 (aten.special_bessel_j0.default)\n") in text


def test_random_numbers_are_pytorchs(fallbacks):
    def f(x):
        return torch.nn.functional.dropout(x * 2, 0.5, training=True) + 1

    x = torch.ones(64)
    torch.manual_seed(1)
    given = torch.compile(f, backend="quern", fullgraph=True)(x)
    torch.manual_seed(1)
    torch.testing.assert_close(given, f(x))
    assert len(fallbacks()) == 1


def test_dtypes_without_kernels_run_in_pytorch(fallbacks):
    def f(x):
        return x.to(torch.float8_e4m3fn).float() * 2

    x = torch.randn(4)
    torch.testing.assert_close(torch.compile(f, backend="quern")(x), f(x))
    assert "torch.float8_e4m3fn" in fallbacks()[0]


def test_complex_tensors_are_given_and_returned(check):
    table = torch.randn(3, dtype=torch.complex64)
    compiled = check(lambda x: (x * table, x.abs(), x.conj()), torch.randn(2, 3, dtype=torch.complex64))
    x = torch.randn(2, 3, 2)
    check(lambda x: (x * table, x.abs(), x.conj()), torch.view_as_complex(x), compiled=compiled)
    for x in (torch.view_as_complex(x).conj(), torch.view_as_complex(x).mT.contiguous().mT):
        torch._dynamo.reset()
        check(lambda x: (x * table, x.abs()), x)


def test_data_dependent_operators(fallbacks):
    def f(x):
        return (x[x > 0] * 2).sum()

    x = torch.randn(32)
    torch.testing.assert_close(torch.compile(f, backend="quern")(x), f(x))
    assert not fallbacks()      # Dynamo breaks the graph there itself


#--- Writes and views -----------------------------------------------------------------------------

def test_inputs_are_written_to(check):
    def f(cache, new, position):
        cache.index_copy_(1, position, new)
        return cache.sum(1)

    def call(function):
        cache = torch.zeros(2, 8, 4)
        result = function(cache, torch.ones(2, 1, 4), torch.tensor([3]))
        return cache, result

    torch.testing.assert_close(call(torch.compile(f, backend="quern", fullgraph=True)), call(f))


def test_statistics_of_batches(check):
    """Training writes to them, in the order of what reads them."""
    class Normalized(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.instances = torch.nn.BatchNorm2d(3), torch.nn.InstanceNorm2d(3, track_running_stats=True)

        def forward(self, x):
            before = self.norm.running_mean.clone()
            y = self.norm(self.norm(x))
            return y, before, self.norm.running_mean.clone(), self.norm.running_var + 1, self.instances(y)

    model = Normalized()
    compiled = torch.compile(copy.deepcopy(model), backend="quern", fullgraph=True)
    for batch in (4, 5, 6):
        check(model, torch.randn(batch, 3, 5, 5), compiled=compiled, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(dict(compiled.named_buffers(prefix="")), {f"_orig_mod.{n}": b for n, b in model.named_buffers()})


def test_buffers_are_written_to(counter):
    compiled = torch.compile(counter, backend="quern", fullgraph=True)
    for expected in (1.0, 2.0, 3.0):
        torch.testing.assert_close(compiled(torch.zeros(3)), torch.full((3,), expected))


def test_writes_to_shared_memory():
    def f(a, b):
        a.add_(1)
        return a + b

    memory = torch.zeros(8)
    compiled = torch.compile(f, backend="quern", fullgraph=True)
    torch.testing.assert_close(compiled(torch.zeros(4), torch.ones(4)), torch.full((4,), 2.0))
    torch.testing.assert_close(compiled(memory[:4], memory[2:6]), torch.tensor([2.0, 2, 1, 1]))


def test_results_that_are_views_of_inputs():
    def f(x):
        return x.t(), x[1], x + 1

    x = torch.randn(3, 4)
    turned, row, _ = torch.compile(f, backend="quern", fullgraph=True)(x)
    x.mul_(3)
    torch.testing.assert_close(turned, x.t())
    torch.testing.assert_close(row, x[1])


@pytest.mark.parametrize("turned", [
    lambda x: x.t() + 1, lambda x: (x + 1).t(), lambda x: (x + 1).view(3, 2, 4).transpose(0, 1).reshape(6, 4).t(), lambda x: x + 1])
def test_views_by_strides_of_turned_memory(turned, check):
    """Strides count through memory as PyTorch has it, whatever the order of the axes is."""
    check(lambda x: turned(x).as_strided((3, 2, 4), (8, 1, 2)) * 2, torch.randn(6, 4))


def test_views_by_strides_of_memory_with_gaps_run_in_pytorch():
    def f(x):
        return (x * 2)[:, ::2].as_strided((3, 2), (2, 1)) + 1

    x = torch.randn(6, 4)
    with pytest.warns(UserWarning, match="a view by strides of a tensor that is not dense in memory"):
        torch.testing.assert_close(torch.compile(f, backend="quern")(x), f(x))


def test_views_of_written_inputs():
    def f(x):
        x.add_(1)
        return x.view(-1)

    x = torch.zeros(2, 2)
    flat = torch.compile(f, backend="quern", fullgraph=True)(x)
    assert flat.data_ptr() == x.data_ptr() and flat.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("dynamic", [False, True])
def test_results_that_share_memory_with_each_other(fallbacks, dynamic):
    def f(x):
        y = x + 1
        return y[1], y, y.view(-1), y.t()

    row, whole, flat, turned = torch.compile(f, backend="quern", fullgraph=True, dynamic=dynamic)(torch.zeros(2, 3))
    whole.copy_(torch.arange(6).view(2, 3))
    assert (row.tolist(), flat.tolist(), turned.tolist()) == ([3, 4, 5], [0, 1, 2, 3, 4, 5], [[0, 3], [1, 4], [2, 5]])
    assert not fallbacks()


@pytest.mark.parametrize("part", [lambda y: y[:, 1], lambda y: y[1:], lambda y: y[..., ::2], lambda y: y[1], lambda y: y.flatten()[2::3]])
def test_results_inside_a_part_of_memory(part, fallbacks):
    """A part that is a result has the other results inside it, though what it is a part of is none."""
    def f(x):
        y = part(x + 1)
        return y[0], y[-1:], y, y.mT if y.ndim > 1 else y[1:]

    x = torch.randn(3, 4)
    results, wanted = torch.compile(f, backend="quern", fullgraph=True)(x), f(x)
    torch.testing.assert_close(results, wanted)
    for one in (results, wanted):
        one[1].fill_(7)
        one[0].add_(1)
    torch.testing.assert_close(results, wanted)
    assert not fallbacks()


@pytest.mark.parametrize("parts", [lambda y: (y[0, :2], y[0, 1:]), lambda y: (y[:2].flatten(), y[0], y[1:]), lambda y: (y.t()[1:], y[0]),
                                   lambda y: (y.mul_(2)[0], y[:, 1])])
@pytest.mark.parametrize("turned", [False, True])
def test_results_that_share_memory_that_is_none_of_them(parts, turned, check):
    """What they are parts of is computed, as it lies in memory."""
    def f(x):
        y = x + 1
        return parts(torch.stack([y, y], 1).flatten(1).t() if turned else y)

    compiled = torch.compile(f, backend="quern", fullgraph=True)
    for x in (torch.randn(3, 3), torch.randn(4, 3)):
        check(f, x, compiled=compiled)
        results, wanted = compiled(x), f(x)
        for one in (results, wanted):
            one[0].fill_(7)
        torch.testing.assert_close(results, wanted)


def test_results_that_share_memory_in_another_dtype(check):
    def f(x):
        y = torch.complex(x, x + 1)
        return torch.view_as_real(y), y[0], y.conj(), x.abs().view(torch.int32)[1:]

    x = torch.randn(3, 4)
    results = check(f, x)(x)
    results[0].fill_(2)
    assert results[1].tolist() == [2 + 2j] * 4 and results[2].tolist() == [[2 - 2j] * 4] * 3


def test_views_of_inputs_in_another_dtype():
    x = torch.zeros(3, 2)
    pairs, bits = torch.compile(lambda x: (torch.view_as_complex(x), x.view(torch.int32)), backend="quern", fullgraph=True)(x)
    x[1, 0] = 1
    assert pairs.tolist() == [0, 1, 0] and bits[1, 0] == 0x3F800000


def test_transforms_of_functions(check):
    """torch.vmap and its like."""
    x = torch.randn(3, 4)
    check(torch.vmap(lambda a: (a * a).sum()), x)
    check(torch.func.jacrev(lambda a: (a ** 2).sum(-1)), x)
    check(lambda a: torch.func.jvp(torch.sin, (a,), (a,)), x)


@pytest.mark.parametrize("gradients", [False, True])
def test_derivatives_that_a_graph_takes_itself(check, gradients):
    with torch.set_grad_enabled(gradients):
        check(torch.func.grad(lambda a: (a ** 2).sum()), torch.randn(3, 4))
        check(torch.func.hessian(lambda a: (a ** 3).sum()), torch.randn(3))


def test_what_pytorch_cannot_trace_runs_in_pytorch(fallbacks):
    def f(x):
        spectrum = torch.stft(x, 16, 4, window=torch.ones(16), return_complex=True)
        return torch.istft(spectrum[:, :, None].squeeze(2), 16, 4, window=torch.ones(16), return_complex=True, onesided=False)

    x = torch.randn(2, 64, dtype=torch.complex64)
    torch.testing.assert_close(torch.compile(f, backend="quern", fullgraph=True)(x), f(x))
    assert "needs the values of tensors" in fallbacks()[0]


@pytest.mark.parametrize("options", [{}, {"center": False}, {"length": 50}, {"length": 90}, {"normalized": True, "onesided": False},
                                     {"win_length": 12, "hop_length": 3, "window": torch.hann_window(12) + 0.1}])
def test_signals_from_their_spectra(check, options):
    x = torch.randn(2, 64)
    kept = {name: value for name, value in options.items() if name != "length"}
    spectrum = torch.stft(x, 16, return_complex=True, **{"window": torch.ones(16), **kept})
    options = {"window": torch.ones(16), **options}
    check(lambda spectrum: torch.istft(spectrum, 16, **options), spectrum)


def test_singular_vectors(check):
    def f(x):
        u, s, vh = torch.linalg.svd(x)
        values, vectors = torch.linalg.eigh(x @ x.mT)
        return (u[..., :3] * s[..., None, :]) @ vh, u @ u.mT, values, (vectors * values[..., None, :]) @ vectors.mT
    check(f, torch.randn(2, 5, 3), rtol=1e-4, atol=1e-5)


def test_spectra_of_large_matrices_are_pytorchs(fallbacks):
    x = torch.randn(40, 40)
    torch.testing.assert_close(torch.compile(torch.linalg.svdvals, backend="quern")(x), torch.linalg.svdvals(x))
    assert "of more than 32 rows or columns" in fallbacks()[0]


def test_what_rules_of_numpy_refuse_runs_in_pytorch(fallbacks):
    x = torch.ones(2, 0, 0)
    assert torch.compile(torch.linalg.inv, backend="quern")(x).shape == (2, 0, 0)
    assert "argmax of an empty sequence" in fallbacks()[0]


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("corners", [False, True])
def test_images_of_sizes_by_fractions(check, mode, corners):
    for factor in (1.7, 0.6):
        check(lambda x: torch.nn.functional.interpolate(x, scale_factor=factor, mode=mode, align_corners=corners),
              torch.randn(2, 3, 4, 5), rtol=1e-4, atol=1e-5)


def test_parts_of_one_result(check):
    check(lambda x: (x + 1).chunk(3, dim=-1), torch.randn(4, 12))
    check(lambda x: (x + 1).split([1, 3]), torch.randn(4, 12))


def test_results_that_are_no_tensors():
    compiled = torch.compile(lambda x: (x + 1, None, 3, x.shape[0]), backend="quern", fullgraph=True)
    y, none, three, size = compiled(torch.zeros(2))
    assert (y.tolist(), none, three, size) == ([1, 1], None, 3, 2)


#--- Options --------------------------------------------------------------------------------------

def test_options(check):
    compiled = torch.compile(lambda x: x * 3, backend="quern", options={"threads": 1, "target": "x86-64-v3"})
    assert compiled(torch.ones(2)).tolist() == [3, 3]


@pytest.mark.parametrize("keywords, text", [
    ({"options": {"thread": 1}}, "the quern backend has no option 'thread': expected 'threads' or 'target'"),
    ({"options": {"threads": 0}}, "threads=0: expected a number of at least 1"),
    ({"options": {"target": "x87"}}, "x87"),
    ({"mode": "max-autotune"}, "the quern backend has no mode 'max-autotune': leave mode out"),
])
def test_options_that_are_wrong(keywords, text):
    with pytest.raises(Exception, match=text):
        torch.compile(lambda x: x * 3, backend="quern", **keywords)(torch.ones(2))


def test_arguments_that_are_wrong():
    """Of a compiled graph, which Dynamo's guards protect from them."""
    from quern._torch.backend import compile_graph
    compiled = []

    def backend(graph, inputs):
        compiled.append(compile_graph(graph, inputs))
        return compiled[0]

    torch.compile(lambda x: x * 3, backend=backend)(torch.ones(2))
    assert compiled[0](torch.ones(2))[0].tolist() == [3, 3]
    with pytest.raises(quern.InputError, match="the arguments of a compiled graph are not the dense tensors that it was compiled for"):
        compiled[0](torch.ones(2, dtype=torch.float64))


def test_many_threads(check):
    model = mlp()
    compiled = check(model, torch.randn(2, 64))
    inputs = [torch.randn(2, 64) for _ in range(8)]
    expected = [model(x) for x in inputs]
    given = [None] * len(inputs)

    def work(i):
        with torch.no_grad():
            for _ in range(20):
                given[i] = compiled(inputs[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    torch.testing.assert_close(given, expected)


def test_a_second_process_finds_the_program_and_the_code(tmp_path, monkeypatch):
    from quern._torch import backend
    entries = []
    for _ in range(2):
        torch._dynamo.reset()
        torch.manual_seed(3)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            torch.compile(mlp(), backend="quern")(torch.ones(3, 64))
        entries.append(sorted(entry.name for entry in (tmp_path / "quern").iterdir()))
        monkeypatch.setattr(backend, "capture", lambda module: pytest.fail("the graph was captured again"))
    assert entries[0] == entries[1] and len(entries[0]) == 2


def test_equal_graphs_with_other_weights_share_the_program(tmp_path, check, monkeypatch):
    from quern._torch import backend
    check(mlp(), torch.ones(3, 64))
    torch._dynamo.reset()
    monkeypatch.setattr(backend, "capture", lambda module: pytest.fail("the graph was captured again"))
    check(mlp(), torch.ones(3, 64))
    assert len(list((tmp_path / "quern").iterdir())) == 3


def test_what_a_kept_program_writes_and_shares(counter, tmp_path):
    """Its effects are those of the graph: a buffer that counts, a view, a size and constants."""
    class Effects(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.counter = counter

        def forward(self, x):
            return self.counter(x), x[1:], x.shape[0], None, 2.5, x * 2

    for count in (1, 2):
        torch._dynamo.reset()
        counter.count.zero_()
        compiled = torch.compile(Effects(), backend="quern", fullgraph=True)
        x = torch.ones(3)
        for call in (1, 2):
            y, view, size, none, number, twice = compiled(x)
            assert (y.tolist(), size, none, number, twice.tolist()) == ([1 + call] * 3, 3, None, 2.5, [2] * 3)
        view.fill_(5)
        assert x.tolist() == [1, 5, 5] and len(list((tmp_path / "quern").iterdir())) == 2


def test_graphs_that_differ_in_a_number_an_extent_or_a_stride(check):
    x = torch.arange(12.0).reshape(3, 4)
    for function in (lambda x: (x * 2).sum(0), lambda x: (x * 3).sum(0), lambda x: (x * 3).sum(1), lambda x: (x * 2.0).sum((0, 1)),
                     lambda x: x.to(torch.float64).sum(0), lambda x: torch.clamp(x, min=1, max=None), lambda x: x.clamp(None, 1),
                     lambda x: torch.relu(x) if x.shape[0] == 3 else x, lambda x: x[:, 1:3] + 1, lambda x: x[1:3] + 1):
        for argument in (x, x.t(), x[:2], x.int()):
            torch._dynamo.reset()
            check(function, argument)


def test_graphs_without_a_key(check, tmp_path):
    """Sizes that vary, and constants too large for the text: they are lowered each time."""
    table = list(range(100))
    functions = {lambda x: x + 1: True, lambda x: x + torch.tensor(table)[:, None]: None}
    for function, dynamic in functions.items():
        for _ in range(2):
            torch._dynamo.reset()
            check(function, torch.ones(100, 4), compiled=torch.compile(function, backend="quern", dynamic=dynamic))
    assert len(list((tmp_path / "quern").iterdir())) == 2


def test_a_damaged_entry_is_made_again(check, tmp_path):
    for _ in range(2):
        torch._dynamo.reset()
        check(lambda x: x * 3 + 1, torch.ones(4))
        for entry in (tmp_path / "quern").iterdir():
            data = bytearray(entry.read_bytes())
            data[len(data) // 3] ^= 1
            entry.unlink()
            entry.write_bytes(data)


def test_a_graph_without_code_refuses_arguments():
    from quern._runtime import TorchProgram
    with pytest.raises(quern.InputError, match="the arguments of a compiled graph are not those that it was compiled for"):
        TorchProgram()._run((torch.ones(2),))
