"""Networks of the usual kinds, with no operator left to PyTorch. bench/torch_backend.py runs the zoo's."""
import pytest
import torch
from quern._torch.program import Piece
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.body = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU6(),
                                  nn.Conv2d(width, width, 3, padding=1, groups=width), nn.GroupNorm(4, width))
        self.excite = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, width, 1), nn.Hardsigmoid())
        self.head = nn.Linear(width, 10)

    def forward(self, image):
        x = self.first(image)
        x = F.hardswish(x + self.body(x))
        x = x * self.excite(x)
        return self.head(torch.cat([x, F.interpolate(F.avg_pool2d(x, 2), scale_factor=2)], 1)[:, :16].mean((2, 3)))


class SpatialAttention(nn.Module):
    """A factor for each place, the same for all channels, and one for each channel (CBAM)."""

    def __init__(self, width=32):
        super().__init__()
        self.features, self.places = nn.Conv2d(3, width, 3, padding=1), nn.Conv2d(2, 1, 7, padding=3)
        self.mix, self.mask = nn.Linear(width, width), nn.Conv2d(width, 1, 1)

    def forward(self, image):
        x = F.relu(self.features(image))
        x = x * torch.sigmoid(self.places(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)))
        y = self.mix(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        coarse = self.mask(F.avg_pool2d(x, 2))
        return x + y * F.interpolate(coarse, size=y.shape[2:], mode="bilinear", align_corners=True)


class Block(nn.Module):
    def __init__(self, width=32, heads=4):
        super().__init__()
        self.heads, self.norms = heads, nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x, mask=None, past=None, causal=False):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(self.norms[0](x)).chunk(3, -1))
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        y = F.scaled_dot_product_attention(q, k, v, mask, is_causal=causal)
        x = x + self.out(y.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norms[1](x)), (k, v)


class Vision(nn.Module):
    """Patches and a class token."""

    def __init__(self, width=32):
        super().__init__()
        self.patches, self.block, self.head = nn.Conv2d(3, width, 8, 8), Block(width), nn.Linear(width, 10)
        self.token, self.places = nn.Parameter(torch.randn(1, 1, width)), nn.Parameter(torch.randn(1, 17, width))

    def forward(self, image):
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.places
        return self.head(self.block(x)[0][:, 0])


class Encoder(nn.Module):
    """Tokens with a mask of padding."""

    def __init__(self, width=32):
        super().__init__()
        self.words, self.places, self.block = nn.Embedding(100, width), nn.Embedding(64, width), Block(width)

    def forward(self, tokens, mask):
        x = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        return self.block(x, mask[:, None, None, :].bool())[0]


class Decoder(nn.Module):
    """The next token's scores, and the cache with it."""

    def __init__(self, width=32):
        super().__init__()
        self.words, self.block = nn.Embedding(100, width), Block(width)

    def forward(self, tokens, keys=None, values=None):
        past = None if keys is None else (keys, values)
        x, (keys, values) = self.block(self.words(tokens), past=past, causal=past is None)
        return x @ self.words.weight.t(), keys, values


CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def test_convolutions(check):
    check(Residual().eval(), torch.randn(2, 3, 48, 48), **CLOSE)


def test_spatial_attention(check):
    check(SpatialAttention().eval(), torch.randn(2, 3, 12, 12), **CLOSE)


def test_a_vision_transformer(check):
    check(Vision().eval(), torch.randn(2, 3, 32, 32), **CLOSE)


def test_an_encoder(check):
    mask = torch.ones(2, 12, dtype=torch.int64)
    mask[1, 7:] = 0
    check(Encoder().eval(), torch.randint(100, (2, 12)), mask, **CLOSE)


def test_a_decoder_with_its_cache(check, fallbacks):
    """Greedy tokens by steps of one; Dynamo makes the cache's size a symbol when it grows."""
    model = Decoder().eval()
    compiled = torch.compile(model, backend="quern")
    tokens = torch.randint(100, (1, 5))
    ours, theirs = compiled(tokens), model(tokens)
    for _ in range(6):
        torch.testing.assert_close(ours, theirs, **CLOSE)
        token = theirs[0][:, -1:].argmax(-1)
        ours, theirs = compiled(token, *ours[1:]), model(token, *theirs[1:])
    assert not fallbacks()


@pytest.mark.parametrize("cell", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("keywords", [{}, {"batch_first": True, "num_layers": 2, "bidirectional": True}, {"bias": False}],
                         ids=["plain", "two layers, two directions", "no bias"])
def test_recurrent_layers(check, cell, keywords):
    check(cell(6, 20, **keywords).eval(), torch.randn(3, 5, 6), **CLOSE)


def test_a_recurrent_layer_with_a_state(check):
    state = torch.randn(1, 3, 20), torch.randn(1, 3, 20)
    check(nn.LSTM(6, 20).eval(), torch.randn(5, 3, 6), state, **CLOSE)
    check(nn.RNN(6, 20, nonlinearity="relu").eval(), torch.randn(5, 6), state[0][:, 0], **CLOSE)


def test_layers_that_are_taken_apart(check):
    x = torch.randn(2, 6, 5)
    check(nn.Bilinear(5, 5, 4).eval(), x, x.flip(0))
    check(nn.AdaptiveMaxPool2d((3, 2)), torch.randn(2, 4, 9, 6))
    for norm in (nn.InstanceNorm1d(6, affine=True), nn.InstanceNorm1d(6, affine=True, track_running_stats=True)):
        check(norm.eval(), x, **CLOSE)
        check(norm, x[:1], **CLOSE)
    for power in (1, 2, 3, float("inf"), 0):
        torch._dynamo.reset()       # or the second power is a symbol
        check(lambda x: torch.linalg.vector_norm(x, power, dim=(0, 2), keepdim=True), x)
    check(lambda x: F.normalize(x, dim=1), x)


class Attention(nn.Module):
    """By products of matrices of heads, as before scaled_dot_product_attention."""

    def __init__(self, width=32, heads=4):
        super().__init__()
        self.qkv, self.heads = nn.Linear(width, 3 * width), heads

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril()
        scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(~mask, float("-inf"))
        return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)


@pytest.mark.parametrize("dynamic", [False, True])
def test_attention_of_products_is_one_kernel(check, dynamic, monkeypatch):
    from quern._torch import partition
    pieces = []
    monkeypatch.setattr(partition, "Piece", lambda *arguments: pieces.append(Piece(*arguments)) or pieces[-1])
    model = Attention().eval()
    compiled = torch.compile(model, backend="quern", fullgraph=True, dynamic=dynamic)
    check(model, torch.randn(2, 40, 32), compiled=compiled, **CLOSE)
    assert [kernel.algorithm for kernel in pieces[-1].model.kernels].count("attention") == 1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_dtypes(check, dtype):
    model = nn.Sequential(nn.Linear(16, 32), nn.LayerNorm(32), nn.GELU(), nn.Linear(32, 4)).eval().to(dtype)
    tolerance = {} if dtype == torch.float64 else {"rtol": 3e-2, "atol": 3e-2}
    check(model, torch.randn(3, 16, dtype=dtype), **tolerance)


def test_a_layer_of_pytorchs_own_encoder(check):
    """In inference it is one operator, whose masks are of three kinds."""
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True).eval()
    causal, padded = torch.ones(6, 6).triu(1) > 0, torch.arange(6) >= torch.tensor([[4], [6]])

    def run(x):
        return (layer(x), layer(x, src_mask=causal), layer(x, src_key_padding_mask=padded),
                layer(x, src_mask=causal, src_key_padding_mask=padded))
    check(run, torch.randn(2, 6, 16), **CLOSE)


class Rotary(nn.Module):
    """Positions as turns of complex numbers."""

    def __init__(self, width=8, longest=16):
        super().__init__()
        angles = torch.outer(torch.arange(longest), 10000 ** -(torch.arange(0, width, 2) / width))
        self.register_buffer("turns", torch.polar(torch.ones_like(angles), angles))

    def forward(self, x):
        pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
        return torch.view_as_real(pairs * self.turns[:x.shape[1]]).flatten(-2)


class FourierLayer(nn.Module):
    """A convolution of the lowest frequencies with weights that are complex."""

    def __init__(self, width=4, modes=5):
        super().__init__()
        self.modes, self.weight = modes, nn.Parameter(torch.randn(width, width, modes, dtype=torch.complex64))

    def forward(self, x):
        spectrum = torch.fft.rfft(x)
        kept = torch.zeros_like(spectrum)
        kept[..., :self.modes] = torch.einsum("bix,iox->box", spectrum[..., :self.modes], self.weight)
        return torch.fft.irfft(kept, n=x.shape[-1])


class Kalman(nn.Module):
    """Covariances of a linear filter, by an inverse, a solution and a factor."""

    def __init__(self):
        super().__init__()
        self.move, self.see = nn.Parameter(torch.eye(3) + 0.1 * torch.randn(3, 3)), nn.Parameter(torch.randn(2, 3))

    def forward(self, x, seen):
        spread = torch.eye(3).expand(len(x), 3, 3)
        for k in range(3):
            spread = self.move @ spread @ self.move.T + 0.1 * torch.eye(3)
            cross = spread @ self.see.T
            total = self.see @ cross + 0.2 * torch.eye(2)
            gain = (cross @ torch.linalg.inv(total), torch.linalg.solve(total, cross.mT).mT,
                    torch.cholesky_solve(cross.mT, torch.linalg.cholesky(total)).mT)[k]
            x = x @ self.move.T
            x = x + (gain @ (seen[:, k] - x @ self.see.T)[..., None]).squeeze(-1)
            spread = (torch.eye(3) - gain @ self.see) @ spread
        return x, spread, torch.logdet(spread)


class Unpooling(nn.Module):
    """Maxima go back to where they were; borders are those of a torus."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 8, 3, padding=1, padding_mode="circular"), nn.Conv2d(8, 4, 3, padding=1)

    def forward(self, image):
        x, places = F.max_pool2d(self.first(image), 2, return_indices=True)
        return self.last(F.max_unpool2d(x.relu(), places, 2))


@pytest.mark.parametrize("dynamic", [False, True])
def test_positions_as_complex_numbers(check, dynamic):
    compiled = torch.compile(Rotary(), backend="quern", fullgraph=True, dynamic=dynamic)
    check(Rotary(), torch.randn(2, 6, 8), compiled=compiled, **CLOSE)


def test_convolutions_of_frequencies(check):
    check(FourierLayer(), torch.randn(2, 4, 16), **CLOSE)


@pytest.mark.parametrize("dynamic", [False, True])
def test_linear_systems(check, dynamic):
    model = Kalman()
    compiled = torch.compile(model, backend="quern", fullgraph=True, dynamic=dynamic)
    check(model, torch.randn(4, 3), torch.randn(4, 3, 2), compiled=compiled, **CLOSE)


def test_a_singular_matrix_is_an_error():
    with pytest.raises(Exception, match="linalg.inv: the matrix is singular"):
        torch.compile(torch.linalg.inv, backend="quern", fullgraph=True)(torch.zeros(2, 2))


def test_places_of_maxima(check):
    check(Unpooling().eval(), torch.randn(2, 3, 12, 12), **CLOSE)


@pytest.mark.parametrize("is_biased", [False, True])
def test_flex_attention(is_biased, check):
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention
    slopes, documents = torch.tensor([0.5, 0.1, 0.2, 0.3]), torch.arange(64) // 20

    def biased(score, batch, head, q, k):
        return torch.where(q >= k, score + slopes[head] * (k - q), -torch.inf)

    def seen(batch, head, q, k):
        return (q >= k) & (q - k < 16) & (documents[q] == documents[k]) & (q != 3)

    mask = create_block_mask(seen, None, None, 64, 64, device="cpu")
    q, k, v = torch.randn(2, 4, 64, 8), torch.randn(2, 2, 64, 8), torch.randn(2, 2, 64, 8)
    check(lambda q, k, v: flex_attention(q, k, v, score_mod=biased if is_biased else None, block_mask=mask, enable_gqa=True),
          q, k, v, rtol=1e-5, atol=1e-5)


def test_flex_attention_with_vectors(fallbacks):
    """A function that computes with more than scalars is left to PyTorch."""
    from torch.nn.attention.flex_attention import flex_attention
    parts = torch.randn(4, 3)
    q, k, v = torch.randn(3, 2, 4, 64, 8)

    def f(q, k, v):
        return flex_attention(q, k, v, score_mod=lambda score, batch, head, q, k: score + parts[head].sum())

    torch.testing.assert_close(torch.compile(f, backend="quern", fullgraph=True)(q, k, v), f(q, k, v), rtol=1e-5, atol=1e-5)
    assert "flex_attention" in fallbacks()[0]
