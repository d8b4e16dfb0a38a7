"""Plain NumPy functions, as people write them, with builders of their arguments: small and large."""
import numpy as np

FUNCTIONS = {}


def bench(small, large, registry=FUNCTIONS):
    """Register a function with the builders of its arguments; a builder takes a seeded generator."""
    def register(fn):
        registry[fn.__name__] = (fn, {"small": small, "large": large})
        return fn
    return register


def f32(*shapes):
    return lambda rng: tuple(rng.standard_normal(s).astype(np.float32) for s in shapes)


def f64(*shapes):
    return lambda rng: tuple(rng.standard_normal(s) for s in shapes)


@bench(f32((8, 64)), f32((4096, 1024)))
def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


@bench(f32((8, 64), 64, 64), f32((4096, 768), 768, 768))
def layernorm(x, gamma, beta):
    mean = np.mean(x, axis=-1, keepdims=True)
    var = np.mean((x - mean) ** 2, axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(var + 1e-5) * gamma + beta


@bench(f32((8, 64), 64), f32((2048, 3072), 3072))
def bias_gelu(x, bias):
    y = x + bias
    return 0.5 * y * (1 + np.tanh(0.7978845608 * (y + 0.044715 * y ** 3)))


@bench(f64((16, 8), (16, 8)), f64((600, 64), (600, 64)))
def pairwise_distances(a, b):
    return np.sqrt(((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=-1))


def options(n):
    return lambda rng: (rng.uniform(50, 150, n), rng.uniform(50, 150, n), rng.uniform(0.1, 2, n), 0.03, 0.2)


@bench(options(64), options(1_000_000))
def black_scholes(spot, strike, years, rate, sigma):
    def cdf(x):
        k = 1 / (1 + 0.2316419 * np.abs(x))
        tail = k * (0.319381530 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
        upper = 1 - np.exp(-0.5 * x * x) / 2.5066282746310002 * tail
        return np.where(x < 0, 1 - upper, upper)

    d1 = (np.log(spot / strike) + (rate + 0.5 * sigma ** 2) * years) / (sigma * np.sqrt(years))
    d2 = d1 - sigma * np.sqrt(years)
    call = spot * cdf(d1) - strike * np.exp(-rate * years) * cdf(d2)
    return call, call - spot + strike * np.exp(-rate * years)


def plane(n):
    def build(rng):
        c = np.linspace(-2, 1, n)[None, :] + 1j * np.linspace(-1.5, 1.5, n)[:, None]
        return c * 0.5, c, np.zeros((n, n), dtype=np.int64)
    return build


@bench(plane(8), plane(1024))
def mandelbrot_step(z, c, count):
    inside = z.real ** 2 + z.imag ** 2 < 4.0
    return np.where(inside, z * z + c, z), count + inside


@bench(f64((16, 8), (4, 8)), f64((50_000, 32), (64, 32)))
def kmeans_assign(points, centres):
    d = (points ** 2).sum(axis=1)[:, None] - 2 * points @ centres.T + (centres ** 2).sum(axis=1)
    return np.argmin(d, axis=1)


@bench(lambda rng: (rng.standard_normal((16, 16)), 0.1), lambda rng: (rng.standard_normal((2048, 2048)), 0.1))
def heat_step(u, alpha):
    v = u.copy()
    v[1:-1, 1:-1] += alpha * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1])
    return v


def bodies(n):
    return lambda rng: (rng.standard_normal((n, 3)), rng.uniform(0.1, 1, n))


@bench(bodies(16), bodies(1024))
def nbody_forces(position, mass):
    d = position[None, :, :] - position[:, None, :]
    inverse = (np.sum(d * d, axis=-1) + 1e-3) ** -1.5
    return np.sum(d * (inverse * mass[None, :])[:, :, None], axis=1)


@bench(f32((4, 64), 64, (64, 64)), f32((512, 1024), 1024, (1024, 1024)))
def rmsnorm_matmul(x, gain, weight):
    scale = 1 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + 1e-6)
    return (x * scale * gain) @ weight


def labelled(n, k):
    return lambda rng: (np.zeros(k), rng.standard_normal((n, k)), (rng.random(n) > 0.5).astype(float), 0.1)


@bench(labelled(32, 8), labelled(100_000, 32))
def logistic_step(w, X, y, rate):
    p = 1 / (1 + np.exp(-(X @ w)))
    return w - rate * (X.T @ (p - y)) / len(y)


@bench(f32((1, 32), (100, 32)), f32((64, 128), (20_000, 128)))
def cosine_top10(query, base):
    q = query / np.linalg.norm(query, axis=1, keepdims=True)
    b = base / np.linalg.norm(base, axis=1, keepdims=True)
    return np.argsort(-(q @ b.T), axis=1)[:, :10]


@bench(f64(256), f64(4_000_000))
def moving_average(x):
    c = np.cumsum(x)
    return (c[20:] - c[:-20]) / 20


@bench(f32((8, 10)), f32((100_000, 100)))
def argmax_one_hot(scores):
    return np.eye(scores.shape[1])[np.argmax(scores, axis=1)]


@bench(f32((2, 8, 16), (2, 8, 16), (2, 8, 16)), f32((12, 512, 64), (12, 512, 64), (12, 512, 64)))
def einsum_attention(q, k, v):
    s = np.einsum("hqd,hkd->hqk", q, k) / np.sqrt(q.shape[-1])
    p = np.exp(s - s.max(axis=-1, keepdims=True))
    return np.einsum("hqk,hkd->hqd", p / p.sum(axis=-1, keepdims=True), v)


@bench(f64(64, 64, 64, 64), f64(1_000_000, 1_000_000, 1_000_000, 1_000_000))
def haversine(lat1, lon1, lat2, lon2):
    h = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return 6371.0 * 2 * np.arcsin(np.sqrt(h))
