"""Sizes that vary: one program for all of them."""
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

CASES = {
    "linear layers": (nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4)), lambda n: (torch.randn(n, 8),)),
    "linear layers of sequences": (nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 4)), lambda n: (torch.randn(n, n + 1, 8),)),
    "an encoder": (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval(), lambda n: (torch.randn(n, n + 1, 8),)),
    "convolutions": (nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1)),
                     lambda n: (torch.randn(n, 3, 4 * n, 3 * n),)),
    "sizes in results": (lambda a, b: (torch.cat([a, b], 1).sum(1), a.shape[1] * 2 + b.shape[1]),
                         lambda n: (torch.randn(2, n), torch.randn(2, n + 1))),
    "an integer": (lambda x, n: x * n + torch.arange(n).sum(), lambda n: (torch.ones(4), n)),
    "a part": (lambda x: x[:, :x.shape[1] // 2].contiguous().view(-1) + 1, lambda n: (torch.randn(3, 2 * n),)),
    "from the end": (lambda x: x[-3:] * 2, lambda n: (torch.randn(n, 3),)),
    "a view of an input": (lambda x: (x[1:], x.sum()), lambda n: (torch.randn(n, 3),)),
    "padding": (lambda x: F.pad(x, (0, 8 - x.shape[1] % 8)) + 1, lambda n: (torch.randn(2, n),)),
    "orders": (lambda x: (x.sort(0)[0], x.topk(2, 0)[1], x.flip(0).cumsum(0)), lambda n: (torch.randn(n, 3),)),
    "spread": (lambda x: (x - x.mean(0)) / x.std(0), lambda n: (torch.randn(n, 3),)),
    "a diagonal": (lambda x: torch.diagonal(x @ x.t()), lambda n: (torch.randn(n, 3),)),
    "quotients of sizes": (lambda x: (x * (x.shape[0] / 3) - 2.5 * x.shape[1] / x.shape[0], x.argsort(0) < x.shape[0] / 2,
                                      torch.arange(6) * (x.shape[0] / 7)), lambda n: (torch.randn(n, n + 1),)),
    "interpolation by a fraction": (lambda x: F.interpolate(x, scale_factor=1.5, mode="nearest"),
                                    lambda n: (torch.randn(1, 2, n, n + 1),)),
    "interpolation to a size": (lambda x: F.interpolate(F.interpolate(x, (5, 7), mode="bicubic"), x.shape[2:], mode="bilinear"),
                                lambda n: (torch.randn(1, 2, n, n + 1),)),
    "pooling to a size": (lambda x: (F.adaptive_avg_pool2d(x, (3, 5)), F.interpolate(x, scale_factor=2.0, mode="area")),
                          lambda n: (torch.randn(1, 2, n, n + 1),)),
    "sequences of different lengths": (lambda x: nn.utils.rnn.pad_sequence([x, x[1:3]], batch_first=True), lambda n: (torch.randn(n, 3),)),
    "interpolation by an inexact fraction": (lambda x: F.interpolate(x, scale_factor=1.7, mode="bicubic"),
                                             lambda n: (torch.randn(1, 2, n, n + 1),)),
    "attention of any heads": (lambda q, k: (F.scaled_dot_product_attention(q, k, k, k @ q.mT > 0),
                                             F.scaled_dot_product_attention(k, k, q, is_causal=True)),
                               lambda n: (torch.randn(2, n, n + 3, n + 2), torch.randn(2, n, n + 3, n + 2))),
    "roots of sizes": (lambda x: (x / math.sqrt(x.shape[0] + 1), x * x.shape[0] ** 0.5),
                       lambda n: (torch.randn(n),)),
    "rounded sizes in results": (lambda x: (math.ceil(x.shape[0] / 3), int(x.shape[0] * 1.7), -x.shape[0] // 2, x + 1),
                                 lambda n: (torch.randn(n),)),
    "interpolation": (lambda x: F.interpolate(x, scale_factor=2.0, mode="bilinear"), lambda n: (torch.randn(1, 2, n, n + 1),)),
}


@pytest.mark.parametrize("name", CASES)
def test_sizes(name, fallbacks):
    function, inputs = CASES[name]
    compiled = torch.compile(function, backend="quern", dynamic=True)
    torch._dynamo.utils.counters.clear()
    for n in (4, 5, 9):
        arguments = inputs(n)
        torch.testing.assert_close(compiled(*arguments), function(*arguments), rtol=1e-4, atol=1e-5)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
    assert not fallbacks()


def test_numbers_that_may_be_negative(fallbacks):
    def f(x, k):
        return x * k, x + k // 2, k % 3, x[k:] + 1, x[:k] * 2, x.roll(k), x[k] - 1

    compiled = torch.compile(f, backend="quern", dynamic=True)
    x = torch.arange(7)
    for k in (3, -2, -3, 5, -7):
        torch.testing.assert_close(compiled(x, k), f(x, k))
    assert not fallbacks()


def test_python_floats_are_constants(fallbacks):
    compiled = torch.compile(lambda x, y: x * y, backend="quern", dynamic=True)
    for number in (2.0, 3.0):
        assert compiled(torch.ones(2), number).tolist() == [number, number]
    assert not fallbacks()


def test_numbers_of_layers_are_constants(check):
    """With dynamic=True Dynamo makes inputs of floats, such as the eps of a norm that has one already."""
    layer = torch.nn.BatchNorm2d(4).eval()
    compiled = torch.compile(layer, backend="quern", fullgraph=True, dynamic=True)
    for batch in (2, 3):
        check(layer, torch.randn(batch, 4, 5, 5), compiled=compiled)


@pytest.mark.parametrize("size", [lambda n: 64 // n, lambda n: 2 * (n + 1), lambda n: 3 * (n // 2), lambda n: 64 // n + n, lambda n: 12 % n])
def test_sizes_between_pieces(size, fallbacks):
    """What PyTorch runs in the middle has a size of its own, that may say what the symbol in it is."""
    def f(x):
        part = torch.arange(size(x.shape[0])) * 0.25
        return torch.special.bessel_j0(part) * x.sum() + part, x * part.shape[0]

    compiled = torch.compile(f, backend="quern", dynamic=True)
    for n in (4, 5, 9):
        x = torch.randn(n)
        torch.testing.assert_close(compiled(x), f(x))
    assert "bessel_j0" in fallbacks()[0]
