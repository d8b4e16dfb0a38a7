"""Operators that PyTorch takes apart for no compiler, written with others: a table from the operator to a function like it."""
import itertools

import torch
import torch.nn.functional as F

_aten = torch.ops.aten
COMPOSITES = {}


def composes(*operators):
    def register(function):
        COMPOSITES.update(dict.fromkeys(operators, function))
        return function
    return register


#--- Layers ---------------------------------------------------------------------------------------

@composes(_aten._trilinear.default)
def _trilinear(a, b, c, expand_a, expand_b, expand_c, summed, unroll_dim=1):
    """As nn.Bilinear has it: the sum of products of three tensors whose missing axes are stretched."""
    def stretched(part, axes):
        for axis in sorted(axes):
            part = part.unsqueeze(axis)
        return part

    return (stretched(a, expand_a) * stretched(b, expand_b) * stretched(c, expand_c)).sum(summed)


@composes(_aten._transformer_encoder_layer_fwd.default)
def _transformer_encoder_layer(src, embed_dim, num_heads, qkv_weight, qkv_bias, proj_weight, proj_bias, use_gelu, norm_first,
                               eps, norm_weight_1, norm_bias_1, norm_weight_2, norm_bias_2, ffn_weight_1, ffn_bias_1,
                               ffn_weight_2, ffn_bias_2, mask=None, mask_type=None):
    """What nn.TransformerEncoderLayer calls in inference."""
    def attended(x):
        q, k, v = F.linear(x, qkv_weight, qkv_bias).unflatten(-1, (3, num_heads, -1)).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return F.linear(y.transpose(1, 2).flatten(2), proj_weight, proj_bias)

    def fed(x):
        hidden = F.linear(x, ffn_weight_1, ffn_bias_1)
        return F.linear(F.gelu(hidden) if use_gelu else F.relu(hidden), ffn_weight_2, ffn_bias_2)

    def first(x):
        return F.layer_norm(x, (embed_dim,), norm_weight_1, norm_bias_1, eps)

    def second(x):
        return F.layer_norm(x, (embed_dim,), norm_weight_2, norm_bias_2, eps)

    seen = None if mask is None else ~_of_scores(mask.to(torch.bool), mask_type)
    if norm_first:
        x = src + attended(first(src))
        return x + fed(second(x))
    x = first(src + attended(src))
    return second(x + fed(x))


def _of_scores(mask, kind):
    """A mask as (batch, heads, queries, keys): kind 0 has the last two axes, 1 the first and the last, 2 all four."""
    return {0: lambda: mask[None, None], 1: lambda: mask[:, None, None]}.get(kind, lambda: mask)()


@composes(_aten.rrelu_with_noise_functional.default)
def _rrelu(x, noise, lower=0.125, upper=1 / 3, training=False, generator=None):
    return NotImplemented if training else (F.leaky_relu(x, (lower + upper) / 2), noise)


@composes(_aten.native_batch_norm.default)
def _batch_norm(x, weight, bias, mean, variance, training, momentum, epsilon):
    """Its signature does not say that training writes to the statistics."""
    if not training:
        return _aten._native_batch_norm_legit_no_training(x, weight, bias, mean, variance, momentum, epsilon)
    if mean is None:
        return _aten._native_batch_norm_legit(x, weight, bias, training, momentum, epsilon)
    *results, new_mean, new_variance = _aten._native_batch_norm_legit_functional(x, weight, bias, mean, variance, training,
                                                                                 momentum, epsilon)
    mean.copy_(new_mean)
    variance.copy_(new_variance)
    return tuple(results)


@composes(_aten._int_mm.default)
def _int_mm(a, b):
    return a.to(torch.int32) @ b.to(torch.int32)


def _wide(x):
    """Narrow floats for sums and products of many."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


@composes(_aten._embedding_bag.default, _aten._embedding_bag_forward_only.default)
def _embedding_bag(weight, indices, offsets, scale_grad_by_freq=False, mode=0, sparse=False, per_sample_weights=None,
                   include_last_offset=False, padding_idx=-1):
    """mode: 0 sums, 1 means, 2 maxima of the rows of a bag; an empty bag has zeros."""
    starts = offsets[:-1] if include_last_offset else offsets
    bag = torch.bucketize(torch.arange(indices.shape[0]), starts, right=True) - 1
    rows, counted = _wide(weight[indices]), torch.ones_like(indices)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights[:, None]
    if padding_idx >= 0:
        counted = (indices != padding_idx).to(counted.dtype)
        rows = torch.where(counted[:, None] != 0, rows, float("-inf") if mode == 2 else 0.0)
    counts = torch.zeros_like(starts).index_add(0, bag, counted.to(starts.dtype))
    out = rows.new_zeros(starts.shape[0], weight.shape[1])
    if mode == 2:
        most = out.scatter_reduce(0, bag[:, None].expand(rows.shape), rows, "amax", include_self=False)
        out = torch.where(counts[:, None] > 0, most, 0.0)
    else:
        out = out.index_add(0, bag, rows)
        out = out / counts.clamp(min=1)[:, None] if mode == 1 else out
    return out.to(weight.dtype), bag, counts, torch.zeros_like(starts)


@composes(_aten.adaptive_max_pool2d.default)
def _adaptive_max_pool2d(x, output_size):
    """Where windows have different sizes, all are as large as the largest; the last element of a smaller one is repeated."""
    (height, width), (out_height, out_width) = x.shape[-2:], output_size
    if height % out_height == 0 and width % out_width == 0:
        return _aten.max_pool2d_with_indices(x, [height // out_height, width // out_width])
    rows, columns = _windows(height, out_height)[:, None, :, None], _windows(width, out_width)[None, :, None, :]
    values, most = x[..., rows, columns].flatten(-2).max(-1)
    places = (rows * width + columns).flatten(-2)
    return values, places.expand(*values.shape, -1).gather(-1, most[..., None]).squeeze(-1)


def _windows(size, out):
    """(out, length): the places in each window."""
    first = torch.arange(out)[:, None] * size // out
    last = ((torch.arange(out)[:, None] + 1) * size + out - 1) // out - 1
    length = (size + out - 1) // out + (size % out != 0)
    return torch.minimum(first + torch.arange(length)[None, :], last)


@composes(_aten.grid_sampler_3d.default)
def _grid_sampler_3d(x, grid, mode, padding, corners):
    """mode: 0 linear, 1 nearest; padding: 0 zeros, 1 the border, 2 reflection."""
    sizes = x.shape[2:]
    places = []
    for size, place in zip(sizes, grid.flip(-1).unbind(-1)):
        place = (place + 1) / 2 * (size - 1) if corners else ((place + 1) * size - 1) / 2
        if padding == 2:
            low, span = (0.0, size - 1.0) if corners else (-0.5, float(size))
            turns = (place - low).abs()
            rest = torch.remainder(turns, span) if span else torch.zeros_like(turns)
            place = low + torch.where(torch.floor(turns / span) % 2 == 0, rest, span - rest) if span else rest
        places.append(place.clamp(0, size - 1) if padding else place)
    batch = torch.arange(x.shape[0]).view(-1, 1, 1, 1)

    def at(corner):
        inside, index = True, []
        for size, place in zip(sizes, corner):
            inside = (place >= 0) & (place < size) & inside
            index.append(place.clamp(0, size - 1).to(torch.int64))
        taken = x[batch, :, index[0], index[1], index[2]]                              # [N, D, H, W, C]
        return taken * inside[..., None]

    if mode == 1:
        return at([torch.round(place) for place in places]).movedim(-1, 1)
    lows, total = [torch.floor(place) for place in places], 0
    for ups in itertools.product((0, 1), repeat=3):
        weight = 1
        for up, place, low in zip(ups, places, lows):
            weight = weight * ((place - low) if up else (1 - (place - low)))
        total = total + at([low + up for low, up in zip(lows, ups)]) * weight[..., None]
    return total.movedim(-1, 1)


@composes(_aten.adaptive_max_pool3d.default)
def _adaptive_max_pool3d(x, output_size):
    sizes, kernel = x.shape[-3:], [size // out for size, out in zip(x.shape[-3:], output_size)]
    if all(size % out == 0 for size, out in zip(sizes, output_size)):
        return _aten.max_pool3d_with_indices(x, kernel)
    d, h, w = (_windows(size, out) for size, out in zip(sizes, output_size))
    d, h, w = d[:, None, None, :, None, None], h[None, :, None, None, :, None], w[None, None, :, None, None, :]
    values, most = x[..., d, h, w].flatten(-3).max(-1)
    places = ((d * sizes[1] + h) * sizes[2] + w).flatten(-3)
    return values, places.expand(*values.shape, -1).gather(-1, most[..., None]).squeeze(-1)


#--- Resizing -------------------------------------------------------------------------------------

def _linear(x):
    return (1 - x.abs()).clamp(min=0)


def _cubic(x):
    """Keys' kernel with a = -1/2, as in Pillow."""
    a, x = -0.5, x.abs()
    near, far = ((a + 2) * x - (a + 3)) * x * x + 1, (((x - 5) * x + 8) * x - 4) * a
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))


def _weights(dtype, size, out, kernel, radius, corners, factor):
    """Row i: how much of each of `size` elements is in element i of `out`. What is beyond the border counts for nothing."""
    if corners:
        scale = (size - 1) / (out - 1) if out > 1 else 0.0
    else:
        scale = 1 / factor if factor else size / out
    wide = max(scale, 1.0)
    centre = scale * (torch.arange(out, dtype=dtype)[:, None] + 0.5)
    first = (centre - radius * wide + 0.5).to(torch.int64).clamp(min=0)
    last = (centre + radius * wide + 0.5).to(torch.int64).clamp(max=size)
    place = torch.arange(size)[None, :]
    weights = torch.where((place >= first) & (place < last), kernel((place - centre + 0.5) / wide), 0.0)
    return weights / weights.sum(1, keepdim=True)


def _smoothed(kernel, radius):
    def resize(x, output_size, align_corners, scales_h=None, scales_w=None):
        if not x.dtype.is_floating_point:
            return NotImplemented
        wide = x if x.dtype == torch.float64 else x.float()
        rows = _weights(wide.dtype, x.shape[2], output_size[0], kernel, radius, align_corners, scales_h)
        columns = _weights(wide.dtype, x.shape[3], output_size[1], kernel, radius, align_corners, scales_w)
        return (rows @ (wide @ columns.T)).to(x.dtype)
    return resize


composes(_aten._upsample_bilinear2d_aa.default)(_smoothed(_linear, 1))
composes(_aten._upsample_bicubic2d_aa.default)(_smoothed(_cubic, 2))


#--- Orders ---------------------------------------------------------------------------------------

def _at(x, dim, keepdim, position):
    """The elements that `position` says of the sorted ones, for [sorted elements along dim], with their places."""
    shape, dim = x.shape, dim if x.dim() else 0
    values, places = x.reshape(shape or (1,)).sort(dim=dim, stable=True)
    there = position(values, dim)
    values, places = values.gather(dim, there), places.gather(dim, there)
    if not shape:
        return values.reshape(()), places.reshape(())
    return (values, places) if keepdim else (values.squeeze(dim), places.squeeze(dim))


def _constant_position(values, dim, number):
    return torch.full_like(values.narrow(dim, 0, 1), number, dtype=torch.int64)


@composes(_aten.kthvalue.default)
def _kthvalue(x, k, dim=-1, keepdim=False):
    return _at(x, dim, keepdim, lambda values, axis: _constant_position(values, axis, k - 1))


@composes(_aten.median.dim)
def _median(x, dim, keepdim=False):
    """The lower of the two in the middle; NaN, which is sorted to the end, where there is one."""
    def position(values, axis):
        size = values.shape[axis]
        middle = _constant_position(values, axis, (size - 1) // 2)
        return torch.where(values.narrow(axis, size - 1, 1).isnan(), size - 1, middle)
    return _at(x, dim, keepdim, position)


@composes(_aten.nanmedian.dim)
def _nanmedian(x, dim, keepdim=False):
    def position(values, axis):
        return ((~values.isnan()).sum(axis, keepdim=True) - 1).clamp(min=0) // 2
    return _at(x, dim, keepdim, position)


@composes(_aten.median.default)
def _median_of_all(x):
    return _median(x.flatten(), 0)[0]


@composes(_aten.nanmedian.default)
def _nanmedian_of_all(x):
    return _nanmedian(x.flatten(), 0)[0]


@composes(_aten.dist.default)
def _dist(a, b, p=2.0):
    return torch.linalg.vector_norm(a - b, p)


@composes(_aten._pdist_forward.default)
def _pdist(x, p=2.0):
    rows, columns = torch.triu_indices(x.shape[0], x.shape[0], 1)
    return torch.linalg.vector_norm(x[rows] - x[columns], p, dim=-1)


@composes(_aten.histc.default)
def _histc(x, bins=100, min=0, max=0):
    x = x.flatten()
    low, high = (x.min(), x.max()) if min == max else (x.new_full((), min), x.new_full((), max))
    place = ((x - low) * bins / (high - low)).to(torch.int64).clamp(0, bins - 1)
    return x.new_zeros(bins).index_add(0, place, ((x >= low) & (x <= high)).to(x.dtype))


#--- Running --------------------------------------------------------------------------------------

def _running(parts, dim, combine):
    """What `combine` makes of all elements up to each along an axis: of twice as many at each step."""
    size, step = parts[0].shape[dim], 1
    while step < size:
        before, here = ([part.narrow(dim, start, size - step) for part in parts] for start in (0, step))
        parts = [torch.cat([part.narrow(dim, 0, step), new], dim) for part, new in zip(parts, combine(before, here))]
        step *= 2
    return parts


def _running_extremum(is_better):
    def rule(x, dim):
        if not x.dim():
            return x.clone(), torch.zeros((), dtype=torch.int64)
        places = torch.arange(x.shape[dim]).view([-1 if axis == dim % x.dim() else 1 for axis in range(x.dim())]).expand(x.shape)

        def combine(before, here):
            later = (is_better(here[0], before[0]) | here[0].isnan()) & ~(before[0].isnan() & ~here[0].isnan())
            return [torch.where(later, b, a) for a, b in zip(before, here)]
        return tuple(_running([x, places], dim, combine))
    return rule


composes(_aten.cummax.default)(_running_extremum(torch.ge))
composes(_aten.cummin.default)(_running_extremum(torch.le))


@composes(_aten.logcumsumexp.default)
def _logcumsumexp(x, dim):
    return _running([x], dim, lambda a, b: [torch.logaddexp(a[0], b[0])])[0] if x.dim() else x.clone()


@composes(_aten.searchsorted.Scalar, _aten.bucketize.Scalar)
def _search(first, second, **options):
    if isinstance(first, torch.Tensor):
        return torch.searchsorted(first, torch.full((), second), **options)
    return torch.bucketize(torch.full((), first), second, **options)


#--- Written at places ----------------------------------------------------------------------------

@composes(_aten.scatter.reduce, _aten.scatter.value_reduce)
def _scatter(x, dim, index, source, *, reduce):
    source = source if isinstance(source, torch.Tensor) else torch.full(index.shape, source, dtype=x.dtype)
    return x.scatter_reduce(dim, index, source, {"add": "sum", "multiply": "prod"}[reduce])


@composes(_aten.index_reduce.default)
def _index_reduce(x, dim, index, source, reduce, *, include_self=True):
    along = index.view([-1 if axis == dim % x.dim() else 1 for axis in range(x.dim())])
    return x.scatter_reduce(dim, along.expand(source.shape), source, reduce, include_self=include_self)


@composes(_aten.put.default)
def _put(x, index, source, accumulate=False):
    return x.flatten().index_put((index.flatten(),), source.flatten(), accumulate).view(x.shape)


@composes(_aten.embedding_renorm.default)
def _embedding_renorm(weight, indices, max_norm, norm_type):
    """Rows that are looked up and longer than max_norm are shortened."""
    read = torch.zeros(weight.shape[0], dtype=torch.bool).index_fill(0, indices.flatten(), True)
    norm = torch.linalg.vector_norm(weight, norm_type, dim=1)
    return weight * torch.where(read & (norm > max_norm), max_norm / (norm + 1e-7), 1.0)[:, None]


#--- Simulated quantization -----------------------------------------------------------------------

@composes(_aten.fake_quantize_per_tensor_affine_cachemask.default,
           _aten._fake_quantize_per_tensor_affine_cachemask_tensor_qparams.default)
def _fake_quantize(x, scale, zero_point, *limits):
    low, high = limits[-2:]      # behind a switch in one of the two
    whole = torch.round(x * (1 / scale)) + zero_point
    return (whole.clamp(low, high) - zero_point) * scale, (whole >= low) & (whole <= high)


@composes(_aten.fake_quantize_per_channel_affine_cachemask.default)
def _fake_quantize_channels(x, scale, zero_point, axis, low, high):
    scale, zero_point = (part.view([-1 if i == axis else 1 for i in range(x.dim())]) for part in (scale, zero_point))
    return _fake_quantize(x, scale, zero_point, low, high)


@composes(_aten.ldexp.Tensor)
def _ldexp(x, exponent):
    return x * torch.pow(2.0, exponent)


#--- Matrices -------------------------------------------------------------------------------------

@composes(_aten.addbmm.default)
def _addbmm(x, a, b, *, beta=1, alpha=1):
    product = (a @ b).sum(0) * alpha
    return product.to(x.dtype) if beta == 0 else (x * beta + product).to(x.dtype)


@composes(_aten.linalg_pinv.atol_rtol_tensor)
def _pinv(x, *, atol=None, rtol=None, hermitian=False):
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    least = s.new_zeros(()) if atol is None else atol
    if rtol is None:
        share = max(x.shape[-2:]) * torch.finfo(x.dtype).eps
        rtol = share if atol is None else torch.where(least > 0, 0.0, share)
    large = s > torch.maximum(least, rtol * s.amax(-1))[..., None]
    inverse = torch.where(large, 1 / torch.where(large, s, 1.0), 0.0)
    return (vh.mH * inverse[..., None, :]) @ u.mH


#--- Signals --------------------------------------------------------------------------------------

def istft(x, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, onesided=None, length=None,
          return_complex=False):
    """torch.istft, which asks for the values of its window's sums. x: [.., frequencies, frames]."""
    hop, width = hop_length or n_fft // 4, win_length or n_fft
    window = torch.ones(width) if window is None else window
    window = F.pad(window, ((n_fft - width) // 2, n_fft - width - (n_fft - width) // 2))
    onesided = x.shape[-2] != n_fft if onesided is None else onesided
    spectra, norm = x.mT, "ortho" if normalized else "backward"
    frames = torch.fft.irfft(spectra, n_fft, norm=norm) if onesided else torch.fft.ifft(spectra, norm=norm).real
    count = x.shape[-1]
    places = torch.arange(count)[:, None] * hop + torch.arange(n_fft)
    total = n_fft + hop * (count - 1)
    first = n_fft // 2 if center else 0
    last = first + length if length is not None else total - first

    def laid(parts):
        """Frames summed where they lie, and what of that is asked for; zeros behind the end."""
        whole = parts.new_zeros(*parts.shape[:-2], total).index_add(-1, places.flatten(), parts.flatten(-2))
        return F.pad(whole[..., first:last], (0, max(last - total, 0)))

    sums = laid((window * window).expand(count, n_fft))
    return laid(frames * window) / torch.where(torch.arange(last - first) < total - first, sums, 1.0)
