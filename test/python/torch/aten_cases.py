"""One or more calls of every operator that the backend knows: (name without "aten.", arguments, keywords)."""
import math

import torch

_generator = torch.Generator().manual_seed(7)
inf, nan = math.inf, math.nan


def f(*shape, dtype=torch.float32):
    return torch.randn(*shape, generator=_generator).to(dtype)


def positive(*shape, dtype=torch.float32):
    return (torch.rand(*shape, generator=_generator) + 0.1).to(dtype)


def unit(*shape):
    return torch.rand(*shape, generator=_generator) * 1.8 - 0.9


def i(*shape, low=-9, high=9, dtype=torch.int64):
    return torch.randint(low, high, shape, generator=_generator).to(dtype)


def b(*shape):
    return torch.rand(*shape, generator=_generator) > 0.5


def z(*shape, dtype=torch.complex64):
    return torch.randn(*shape, dtype=dtype, generator=_generator)


def t(*values, dtype=None):
    return torch.tensor(values, dtype=dtype)


odd = t(0.0, -0.0, inf, -inf, nan, 1.5, -2.5, 0.5)
bf16, f16, f64, i32, u8, i8 = torch.bfloat16, torch.float16, torch.float64, torch.int32, torch.uint8, torch.int8

CASES = []


def case(name, *arguments, **keywords):
    CASES.append((name, arguments, keywords))


#--- Elementwise ----------------------------------------------------------------------------------

for name in ("abs", "ceil", "cos", "cosh", "exp", "expm1", "floor", "neg", "reciprocal", "round", "sigmoid", "sign", "sin",
             "sinh", "tan", "tanh", "trunc", "erf", "atan", "asinh", "exp2", "relu", "silu", "mish", "hardswish", "hardsigmoid",
             "gelu", "elu", "leaky_relu", "hardtanh", "softplus"):
    case(f"{name}.default", f(3, 5))
    case(f"{name}.default", f(7, dtype=bf16))
for name in ("log", "log2", "log10", "log1p", "sqrt", "rsqrt"):
    case(f"{name}.default", positive(3, 5))
    case(f"{name}.default", positive(9, dtype=f64))
for name in ("asin", "acos", "atanh"):
    case(f"{name}.default", unit(9))
case("acosh.default", positive(9) + 1)
for name in ("abs", "neg", "sign", "ceil", "relu", "round", "trunc"):
    case(f"{name}.default", i(3, 4))
for name in ("sin", "sqrt", "sigmoid", "erf"):
    case(f"{name}.default", i(5, low=0, dtype=i32))
for name in ("isinf", "isnan", "signbit", "logical_not", "abs", "round", "trunc", "sign", "ceil"):
    case(f"{name}.default", odd)
for name in ("bitwise_not", "logical_not", "isnan"):
    case(f"{name}.default", i(6))
    case(f"{name}.default", b(6))
case("round.decimals", f(8) * 10, decimals=1)
case("round.decimals", f(8) * 1000, decimals=-2)
case("gelu.default", f(9), approximate="tanh")
case("softplus.default", f(9) * 30, 2, 10)
case("elu.default", f(9), 0.7, 1.3, 0.9)
case("leaky_relu.default", f(9), 0.2)
case("hardtanh.default", f(9), -0.5, 0.25)
case("hardtanh.default", i(9), -3, 4)

for name in ("add", "sub"):
    case(f"{name}.Tensor", f(3, 4), f(4))
    case(f"{name}.Tensor", f(3, 4), f(3, 1), alpha=2)
    case(f"{name}.Tensor", i(5), f(5))
    case(f"{name}.Tensor", f(5, dtype=bf16), f(5))
    case(f"{name}.Tensor", i(5, dtype=u8), i(5, low=0, dtype=u8))
    case(f"{name}.Scalar", f(5), 2.5)
    case(f"{name}.Scalar", i(5), 3, 2)
case("add.Tensor", b(5), b(5))
case("add.Tensor", f(5), t(2.0, dtype=f64)[0])
case("rsub.Scalar", f(5), 2)
case("rsub.Tensor", f(5), i(5))
for name in ("mul", "div"):
    case(f"{name}.Tensor", f(3, 4), f(4))
    case(f"{name}.Tensor", i(5), i(5, low=1))
    case(f"{name}.Tensor", f(5, dtype=f16), positive(5, dtype=f16))
    case(f"{name}.Scalar", f(5), 2.5)
    case(f"{name}.Scalar", i(5), 3)
case("mul.Tensor", b(5), b(5))
case("mul.Tensor", i(6, dtype=i8), 100)
for mode in (None, "floor", "trunc"):
    case("div.Tensor_mode", f(9) * 5, positive(9), rounding_mode=mode)
    case("div.Tensor_mode", i(9), t(2, -3, 4, -1, 5, 1, -2, 3, 7), rounding_mode=mode)
    case("div.Scalar_mode", f(9) * 5, 2, rounding_mode=mode)
case("floor_divide.default", i(9), t(2, -3, 4, -1, 5, 1, -2, 3, 7))
for name in ("fmod", "remainder"):
    case(f"{name}.Tensor", f(9) * 5, positive(9) - 0.6)
    case(f"{name}.Tensor", i(9), t(2, -3, 4, -1, 5, 1, -2, 3, 7))
    case(f"{name}.Scalar", f(9) * 5, -1.5)
case("remainder.Scalar_Tensor", 7, t(2.0, -3.0, 4.0))
case("pow.Tensor_Tensor", positive(5), f(5))
case("pow.Tensor_Scalar", f(5), 3)
case("pow.Tensor_Scalar", positive(5), 0.5)
case("pow.Tensor_Scalar", i(5), 3)
case("pow.Scalar", 2.0, f(5))
case("pow.Scalar", 3, i(9))
case("pow.Tensor_Tensor", t(6, 1, -1, -1, 0, 2, -3, 7), t(-8, -3, -3, -2, -1, 5, 3, 0))
for name in ("maximum", "minimum", "fmax", "fmin", "atan2"):
    case(f"{name}.default", f(9), f(9))
for name in ("maximum", "minimum", "fmax", "fmin"):
    case(f"{name}.default", odd, f(8))
case("maximum.default", i(9), i(9))
case("atan2.default", t(0.0, -0.0, 0.0, -0.0, 1.0, -inf), t(1.0, 1.0, -1.0, -1.0, 0.0, inf))
case("hypot.default", f(9), f(9))
case("copysign.Tensor", f(9), f(9))
case("copysign.Scalar", f(9), -0.0)
case("copysign.Scalar", i(9), 2)
case("ldexp.Tensor", f(9), i(9))
case("rrelu_with_noise_functional.default", f(9), f(9))
case("rrelu_with_noise_functional.default", f(9), f(9), 0.2, 0.5, False)
case("searchsorted.Scalar", f(9).sort()[0], 0.5)
case("searchsorted.Scalar", t(1, 2, 2, 5), 2, right=True, out_int32=True)
case("bucketize.Scalar", 2, t(1, 2, 2, 5))
for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    case(f"{name}.Tensor", i(9), i(9))
    case(f"{name}.Tensor", f(9), t(nan, 1.0, 2.0)[:1])
    case(f"{name}.Scalar", f(9), 0.5)
    case(f"{name}.Scalar", i(9), 0.5)
    case(f"{name}.Tensor", b(9), b(9))
for name in ("and", "or", "xor"):
    case(f"logical_{name}.default", f(9) > 0, i(9))
    case(f"bitwise_{name}.Tensor", i(9), i(9))
    case(f"bitwise_{name}.Tensor", b(9), b(9))
    case(f"bitwise_{name}.Scalar", i(9), 5)
case("bitwise_left_shift.Tensor", i(9, low=0), i(9, low=0, high=5))
case("bitwise_right_shift.Tensor", i(9), i(9, low=0, high=5))
case("__lshift__.Tensor", i(9, low=0), i(9, low=0, high=5))
case("__rshift__.Tensor", i(9), i(9, low=0, high=5))
for name in ("__lshift__.Scalar", "__rshift__.Scalar", "bitwise_left_shift.Tensor_Scalar", "bitwise_right_shift.Tensor_Scalar"):
    case(name, i(9, low=0), 3)
case("clamp.default", f(9), -0.5, 0.5)
case("clamp.default", f(9), None, 0.5)
case("clamp.default", i(9), -2)
case("clamp.Tensor", f(3, 4), f(4) - 1, f(4) + 1)
case("clamp_min.default", f(9), 0.1)
case("clamp_min.Tensor", f(9), f(9))
case("clamp_max.default", f(9), 0.1)
case("clamp_max.Tensor", f(9), f(9))
case("where.self", b(3, 1), f(4), f(3, 4))
case("where.self", b(4), i(4), f(4))

for source in (f(6) * 100, i(6), b(6), f(6, dtype=bf16)):
    for dtype in (torch.float32, torch.float64, bf16, f16, torch.int64, i32, i8, torch.bool):
        case("_to_copy.default", source, dtype=dtype)
case("clone.default", f(3, 4))
case("alias.default", f(3, 4))
case("detach.default", f(3, 4))
case("lift_fresh_copy.default", f(3, 4))
case("copy.default", f(3, 4), i(4))
case("native_dropout.default", f(3, 4), 0.5, False)


#--- Reductions -----------------------------------------------------------------------------------

for name in ("sum", "mean"):
    case(f"{name}.default", f(3, 4))
    case(f"{name}.default", f(30, 4, dtype=bf16))
    case(f"{name}.dim" + ("_IntList" if name == "sum" else ""), f(3, 4, 5), [0, -1], True)
    case(f"{name}.dim" + ("_IntList" if name == "sum" else ""), f(3, 4, 5), [1], dtype=f64)
case("sum.default", i(3, 4, dtype=i32))
case("sum.default", b(3, 4))
case("sum.dim_IntList", f(0, 3), [0])
case("prod.default", f(3, 4))
case("prod.dim_int", i(3, 4), 1, True)
for name in ("amax", "amin"):
    case(f"{name}.default", f(3, 4, 5), [1, 2], True)
    case(f"{name}.default", i(3, 4))
    case(f"{name}.default", b(3, 4), [1])
    case(f"{name}.default", f(3, 4, dtype=bf16), [0])
for name in ("max", "min"):
    case(f"{name}.default", f(3, 4))
    case(f"{name}.dim", f(3, 4, 5), -2)
    case(f"{name}.dim", i(3, 4), 0, True)
    case(f"{name}.dim", t(1.0, nan, 2.0), 0)
    case(f"arg{name}.default", f(3, 4))
    case(f"arg{name}.default", f(3, 4), 1)
    case(f"arg{name}.default", i(3, 4), 0, True)
for name in ("any", "all"):
    case(f"{name}.default", b(3, 4))
    case(f"{name}.default", f(3, 4))
    case(f"{name}.dim", b(3, 4), 1, True)
    case(f"{name}.dims", i(3, 4, 5, low=0, high=2), [0, 2])
case("var.correction", f(3, 4, 5), [0, 2], correction=0, keepdim=True)
case("var.correction", f(3, 40), [1])
case("var.correction", f(3, 40, dtype=bf16), [1])
case("var_mean.correction", f(3, 40), [1], correction=1)
case("cumsum.default", f(3, 9), 1)
case("cumsum.default", i(3, 9, dtype=i32), 0)
case("cumprod.default", f(3, 9), -1)
case("_cdist_forward.default", f(4, 3), f(5, 3), 2.0, None)
case("_cdist_forward.default", f(2, 4, 3), f(2, 5, 3), 1.0, None)
case("_cdist_forward.default", f(2, 4, 3), f(2, 5, 3), inf, None)
case("_cdist_forward.default", f(4, 3), f(5, 3), 3.0, None)
case("_cdist_forward.default", f(1, 1, 3), f(2, 1, 2, 3), inf, None)
case("_cdist_forward.default", f(2, 1, 4, 3), f(5, 3), 2.0, None)


#--- Movement -------------------------------------------------------------------------------------

case("view.default", f(3, 4), [2, -1])
case("_unsafe_view.default", f(3, 4), [12])
case("view.dtype", f(3, 4), i32)
case("view.dtype", i(3, 4, dtype=i32), torch.float32)
case("unsqueeze.default", f(3, 4), -1)
case("squeeze.default", f(3, 1, 4, 1))
case("squeeze.dim", f(3, 1, 4), 1)
case("squeeze.dims", f(1, 3, 1, 4), [0, 2])
case("expand.default", f(3, 1), [2, -1, 4])
case("permute.default", f(2, 3, 4), [2, 0, -2])
case("t.default", f(2, 3))
case("t.default", f(3))
case("transpose.int", f(2, 3, 4), 0, -1)
case("repeat.default", f(2, 3), [2, 1, 3])
case("cat.default", [f(2, 3), f(2, 1), i(2, 2)], 1)
case("cat.default", [f(0), f(2, 3)], 0)
case("flip.default", f(2, 3, 4), [0, -1])
case("slice.Tensor", f(5, 6), 1, 1, -1, 2)
case("slice.Tensor", f(5, 6), 0, -3, 9223372036854775807)
case("slice.Tensor", f(5, 6), 0, 4, 2)
case("select.int", f(5, 6), 1, -2)
case("split_with_sizes.default", f(5, 6), [1, 2, 3], 1)
case("split.Tensor", f(5, 6), 2)
case("unbind.int", f(3, 4), 1)
case("diagonal.default", f(4, 5))
case("diagonal.default", f(2, 4, 5), 1, 1, 2)
case("diagonal.default", f(4, 5, 2), -2, 0, 1)
case("as_strided.default", f(4, 6), [3, 2], [6, 2], 1)
case("unfold.default", f(3, 10), 1, 4, 3)
case("slice_scatter.default", f(5, 6), f(5, 2), 1, 2, 4)
case("slice_scatter.default", f(5, 6), f(2, 6), 0, 1, 5, 2)
case("select_scatter.default", f(5, 6), f(5), 1, -1)
case("diagonal_scatter.default", f(4, 5), f(4))
case("diagonal_scatter.default", f(4, 5), f(2), -2)
case("tril.default", f(4, 5), 1)
case("triu.default", f(2, 4, 5), -1)
case("triu.default", b(4, 4))
case("constant_pad_nd.default", f(3, 4), [1, 2, 0, 3], 0.5)
case("constant_pad_nd.default", f(3, 6), [-1, 2])
case("reflection_pad1d.default", f(2, 3, 5), [2, 1])
case("reflection_pad2d.default", f(2, 3, 5, 6), [1, 2, 3, 1])
case("reflection_pad3d.default", f(1, 2, 4, 5, 6), [1, 2, 3, 1, 1, 1])
case("replication_pad1d.default", f(2, 3, 5), [2, 1])
case("replication_pad2d.default", f(2, 3, 5, 6), [1, 2, 3, 1])
case("replication_pad3d.default", f(1, 2, 4, 5, 6), [1, 2, 3, 1, 1, 1])
case("roll.default", f(3, 5), [2, -1], [0, 1])
case("roll.default", f(3, 5), [4])


#--- Creation -------------------------------------------------------------------------------------

case("full.default", [2, 3], 1.5)
case("full.default", [2], 3, dtype=torch.int64)
case("full_like.default", f(2, 3), 7)
case("new_full.default", f(2, 3), [4], 2)
case("fill.Scalar", f(2, 3), 2)
case("fill.Tensor", f(2, 3), f(1)[0])
case("scalar_tensor.default", 2.5)
case("zeros.default", [2, 3])
case("zeros_like.default", f(2, 3))
case("new_zeros.default", f(2, 3), [2])
case("ones.default", [2, 3], dtype=torch.int64)
case("ones_like.default", f(2, 3))
case("new_ones.default", f(2, 3), [2])
case("arange.start_step", 1, 9, 2)
case("arange.start_step", 0.5, 2.0, 0.25)
case("arange.start_step", 9, 1, -3, dtype=torch.float32)
case("fft_fftfreq.default", 8, 0.5)
case("fft_rfftfreq.default", 9)
for name, kinds in (("bartlett", ("default", "periodic")), ("blackman", ("default", "periodic")), ("hann", ("default", "periodic")),
                    ("hamming", ("default", "periodic", "periodic_alpha", "periodic_alpha_beta")), ("kaiser", ("default", "periodic", "beta"))):
    for kind in kinds:
        case(f"{name}_window.{kind}", 8, *{"default": (), "periodic": (False,), "periodic_alpha": (False, 0.5), "beta": (False, 9.0),
                                           "periodic_alpha_beta": (False, 0.5, 0.4)}[kind])
# What is empty has no contents to compare.
EMPTY = ("empty.memory_format", "empty_like.default", "new_empty.default", "empty_strided.default", "new_empty_strided.default",
         "empty_permuted.default")
case("empty.memory_format", [2, 3])
case("empty_like.default", f(2, 3))
case("new_empty.default", f(2, 3), [4])
case("empty_strided.default", [2, 3], [3, 1])
case("new_empty_strided.default", f(2), [2, 3], [3, 1])
case("empty_permuted.default", [2, 3], [0, 1])


#--- Contractions ---------------------------------------------------------------------------------

case("mm.default", f(3, 4), f(4, 5))
case("mm.default", f(3, 4, dtype=f64), f(4, 5, dtype=f64))
case("mm.default", f(3, 4, dtype=bf16), f(4, 5, dtype=bf16))
case("mm.default", i(3, 4), i(4, 5))
case("bmm.default", f(2, 3, 4), f(2, 4, 5))
case("addmm.default", f(5), f(3, 4), f(4, 5))
case("addmm.default", f(3, 5), f(3, 4), f(4, 5), beta=0.5, alpha=2)
case("addmm.default", f(3, 5), f(3, 4), f(4, 5), beta=0)
case("baddbmm.default", f(2, 3, 5), f(2, 3, 4), f(2, 4, 5), beta=2)
case("_grouped_mm.default", f(6, 8, dtype=bf16), f(3, 8, 16, dtype=bf16), t(2, 2, 6, dtype=i32))
case("_grouped_mm.default", f(18, 8, dtype=bf16), f(18, 8, 16, dtype=bf16), torch.arange(1, 19, dtype=i32))
case("addbmm.default", f(3, 5), f(2, 3, 4), f(2, 4, 5), beta=0.5, alpha=2)
case("addbmm.default", f(5), f(2, 3, 4), f(2, 4, 5), beta=0)
case("_grouped_mm.default", f(2, 8, 8, dtype=bf16), f(2, 8, 16, dtype=bf16))
case("mv.default", f(3, 4), f(4))
case("dot.default", f(4), f(4))
case("convolution.default", f(2, 4, 9, 8), f(6, 4, 3, 3), f(6), [2, 1], [1, 0], [1, 2], False, [0, 0], 1)
case("convolution.default", f(1, 4, 9), f(8, 1, 3), None, [1], [1], [1], False, [0], 4)
case("convolution.default", f(1, 2, 5, 6, 7), f(3, 2, 3, 3, 3), f(3), [1, 1, 1], [1, 1, 1], [1, 1, 1], False, [0, 0, 0], 1)
case("convolution.default", f(2, 4, 5, 5), f(4, 3, 3, 3), f(6), [2, 2], [1, 1], [1, 1], True, [1, 1], 2)
case("convolution.default", f(1, 4, 9, dtype=bf16), f(8, 4, 3, dtype=bf16), f(8, dtype=bf16), [1], [1], [1], False, [0], 1)


#--- Norms and attention --------------------------------------------------------------------------

for name in ("_softmax", "_log_softmax"):
    case(f"{name}.default", f(3, 9), -1, False)
    case(f"{name}.default", f(3, 9, 4), 1, False)
    case(f"{name}.default", f(3, 9, dtype=bf16), 1, False)
case("_safe_softmax.default", torch.where(t(True, False).view(2, 1), f(2, 4), -inf), -1)
case("native_layer_norm.default", f(3, 4, 8), [8], f(8), f(8), 1e-5)
case("native_layer_norm.default", f(3, 4, 8), [4, 8], None, None, 1e-5)
case("native_layer_norm.default", f(3, 8, dtype=bf16), [8], f(8, dtype=bf16), f(8, dtype=bf16), 1e-5)
case("_fused_rms_norm.default", f(3, 8), [8], f(8), 1e-6)
case("_native_batch_norm_legit_no_training.default", f(2, 3, 4, 4), f(3), f(3), f(3), positive(3), 0.1, 1e-5)
case("native_batch_norm.default", f(2, 3, 4), None, f(3), f(3), positive(3), False, 0.1, 1e-5)
case("native_batch_norm.default", f(2, 3, 4, 4), f(3), f(3), None, None, True, 0.1, 1e-5)
case("native_batch_norm.default", f(2, 3, 4, 4), f(3), f(3), f(3), positive(3), True, 0.1, 1e-5)
case("_native_batch_norm_legit.no_stats", f(2, 3, 4, 4), f(3), f(3), True, 0.1, 1e-5)
case("_native_batch_norm_legit.no_stats", f(1, 3, 4, 4), f(3), None, True, 0.1, 1e-5)
case("native_group_norm.default", f(2, 6, 4, 4), f(6), f(6), 2, 6, 16, 3, 1e-5)
for keywords in ({}, {"attn_mask": f(2, 4, 5, 5)}, {"attn_mask": torch.where(b(5, 5).logical_or(torch.eye(5, dtype=torch.bool)), 0, -inf)[None, None]},
                 {"scale": 0.3}):
    case("_scaled_dot_product_flash_attention_for_cpu.default", f(2, 4, 5, 8), f(2, 4, 5, 8), f(2, 4, 5, 8), **keywords)
case("_scaled_dot_product_flash_attention_for_cpu.default", f(2, 4, 5, 8), f(2, 4, 5, 8), f(2, 4, 5, 8), 0.0, True)
case("_scaled_dot_product_flash_attention_for_cpu.default", f(2, 4, 3, 8), f(2, 4, 5, 8), f(2, 4, 5, 8), 0.0, True)


#--- Windows and interpolation --------------------------------------------------------------------

case("avg_pool1d.default", f(2, 3, 9), [3], [2], [1])
case("avg_pool2d.default", f(2, 3, 9, 8), [3, 2], [2, 2], [1, 1])
case("avg_pool2d.default", f(2, 3, 9, 8), [3, 2], [2, 2], [1, 1], True, False)
case("avg_pool2d.default", f(2, 3, 9, 8), [3, 3], [2, 2], [1, 1], True, True)
case("avg_pool2d.default", f(3, 9, 8), [3, 3], [], [0, 0], False, True, 5)
case("avg_pool3d.default", f(2, 3, 6, 7, 8), [2, 2, 2])
case("max_pool2d_with_indices.default", f(2, 3, 9, 8), [3, 2], [2, 2], [1, 1])
case("max_pool2d_with_indices.default", f(2, 3, 9, 9), [3, 3], [2, 2], [0, 0], [2, 2], True)
case("max_pool3d_with_indices.default", f(2, 3, 6, 7, 8), [2, 2, 2])
case("_adaptive_avg_pool2d.default", f(2, 3, 8, 6), [4, 3])
case("_adaptive_avg_pool2d.default", f(2, 3, 8, 7), [3, 5])
case("_adaptive_avg_pool2d.default", f(3, 8, 7), [1, 1])
case("_adaptive_avg_pool3d.default", f(2, 3, 4, 5, 6), [2, 2, 3])
for rank, shape, size in ((1, (2, 3, 5), [8]), (2, (2, 3, 5, 4), [8, 6]), (3, (1, 2, 3, 4, 5), [5, 6, 7])):
    case(f"upsample_nearest{rank}d.vec", f(*shape), size, None)
    case(f"upsample_nearest{rank}d.vec", f(*shape), None, [2.0] * rank)
    case(f"upsample_nearest{rank}d.default", f(*shape), size)
    case(f"_upsample_nearest_exact{rank}d.vec", f(*shape), size, None)
    case(f"_upsample_nearest_exact{rank}d.default", f(*shape), size)
for name, shape, size in (("linear1d", (2, 3, 5), [8]), ("bilinear2d", (2, 3, 5, 4), [8, 3]), ("bicubic2d", (2, 3, 5, 4), [8, 6]),
                          ("trilinear3d", (1, 2, 3, 4, 5), [5, 6, 7])):
    for corners in (False, True):
        case(f"upsample_{name}.vec", f(*shape), size, corners, None)
        case(f"upsample_{name}.default", f(*shape), size, corners)
    case(f"upsample_{name}.vec", f(*shape), None, False, [1.5] * len(size))


#--- Indexing and orders --------------------------------------------------------------------------

case("embedding.default", f(9, 4), i(2, 3, low=0))
case("index_select.default", f(5, 6), 1, t(0, 5, 2))
case("gather.default", f(3, 6), 1, i(3, 2, low=0, high=6))
case("take.default", f(3, 6), i(2, 2, low=0, high=18))
case("index.Tensor", f(5, 6, 7), [None, t(0, -1, 3)])
case("index.Tensor", f(5, 6, 7), [t(0, 4), None, t(1, -2)])
case("index.Tensor", f(5, 6, 7), [None, t(0, 4).view(2, 1), t(1, -2, 3)])
case("_unsafe_index.Tensor", f(5, 6), [t(0, 4), t(1, 2)])
case("index_put.default", f(5, 6), [t(0, 4)], f(6))
case("index_put.default", f(5, 6), [None, t(0, 4, 0)], f(5, 3), True)
case("index_put.default", f(5, 6, 2), [t(0, 4), None, t(1, 0)], f(2, 6))
case("index_put.default", f(5, 6), [b(5, 6)], t(2.0)[0])
case("index_put.default", f(5, 6), [b(5)], f(1))
case("_unsafe_index_put.default", f(5, 6), [t(0, 4), t(1, 2)], f(2))
case("scatter.src", f(5, 6), 1, torch.argsort(f(4, 6), 1)[:, :3], f(5, 6))
case("scatter.value", f(5, 6), 0, i(2, 6, low=0, high=5), 1.5)
case("scatter_add.default", f(5, 6), 0, i(3, 6, low=0, high=5), f(4, 6))
for kind in ("sum", "prod", "mean", "amax", "amin"):
    for own in (True, False):
        case("scatter_reduce.two", f(5, 6), 0, i(3, 6, low=0, high=5), f(4, 6), kind, include_self=own)
case("scatter_reduce.two", i(5, 6), 0, i(3, 6, low=0, high=5), i(4, 6), "amax", include_self=False)
case("scatter_reduce.two", i(5, 6), 0, i(3, 6, low=0, high=5), i(4, 6), "mean")
case("masked_scatter.default", f(5, 6), b(5, 6), f(30))
case("masked_scatter.default", f(6), b(5, 6), f(30))
case("topk.default", f(4, 9), 3)
case("topk.default", torch.randperm(36, generator=_generator).view(4, 9), 2, 0, False)
case("sort.default", f(4, 9), 1, True)
case("sort.default", b(9))
case("sort.stable", i(4, 9), stable=True, dim=0)
case("searchsorted.Tensor", t(-1.0, 0.0, 0.5, 2.0), f(3, 4))
case("searchsorted.Tensor", t(1, 3, 3, 5), i(7), right=True)
case("searchsorted.Tensor", f(3, 6).sort(-1)[0], f(3, 4))
case("bucketize.Tensor", t(1.0, nan, 0.5, -2.0), t(-1.0, 0.0, 0.5, 2.0), right=True)
for shape in ((4, 4), (5, 7), (7, 5)):
    case("tril_indices.default", *shape, -1)
    case("triu_indices.default", *shape, 1, dtype=i32)


#--- Complex numbers, transforms and systems ------------------------------------------------------

for name in ("view_as_real", "angle", "_conj", "_conj_physical", "conj_physical", "resolve_conj", "resolve_neg", "abs", "neg", "exp", "log",
             "sqrt", "sin", "tanh", "reciprocal", "sgn", "clone", "isnan", "logical_not"):
    case(f"{name}.default", z(3, 4))
case("angle.default", t(1.0, -2.0, 0.0, nan))
case("resolve_neg.default", f(3))
case("view_as_complex.default", f(3, 2))
case("complex.default", f(3, 1), f(4))
case("polar.default", positive(3), f(4, 1))
for name in ("add", "sub"):
    case(f"{name}.Tensor", z(3, 4), f(4), alpha=2)
    case(f"{name}.Scalar", z(3), 1 + 2j)
case("rsub.Scalar", z(3), 2)
for name in ("mul", "div"):
    case(f"{name}.Tensor", z(3, 4), z(4))
    case(f"{name}.Tensor", f(3, 4), z(4, dtype=torch.complex128))
    case(f"{name}.Scalar", f(3), 1 - 2j)
case("pow.Tensor_Scalar", z(4), 3)
case("eq.Tensor", z(4), z(4))
case("_to_copy.default", f(3), dtype=torch.complex64)
case("_to_copy.default", z(3), dtype=torch.complex128)
case("mm.default", z(3, 4), z(4, 2))
case("bmm.default", z(2, 3, 4), z(2, 4, 2))
case("mv.default", z(3, 4), z(4))
case("dot.default", z(4), z(4))
case("addmm.default", z(2), z(3, 4), z(4, 2), alpha=2)
case("cat.default", [z(2, 3), f(1, 3)], 0)
case("slice_scatter.default", z(5, 6), z(5, 2), 1, 2, 4)
case("index_put.default", z(5, 6), [t(0, 4)], z(6))
case("where.self", b(3, 4), z(4), f(3, 4))
case("sum.dim_IntList", z(3, 4), [1])
case("full.default", [2], 1 + 2j)
case("zeros.default", [2, 3], dtype=torch.complex64)
case("unbind.int", z(3, 4), 1)
for scale in (0, 1, 2):
    case("_fft_r2c.default", f(3, 8), [0, 1], scale, True)
    case("_fft_c2c.default", z(3, 10), [1, 0], scale, scale == 1)
    case("_fft_c2r.default", z(3, 5), [0, 1], scale, 8 + scale % 2)
case("_fft_r2c.default", f(3, 7), [1], 0, False)
case("_fft_r2c.default", f(2, 300), [1], 0, True)

spd = f(2, 4, 4) @ f(2, 4, 4).mT
spd = spd @ spd.mT + 4 * torch.eye(4)
case("linalg_inv_ex.default", spd)
case("linalg_inv_ex.default", torch.diag(t(1.0, 0.0, 2.0)).roll(1, 0)[None] + torch.eye(3) * 3)
case("_linalg_solve_ex.default", spd, f(2, 4, 3))
case("_linalg_solve_ex.default", spd, f(2, 4))
case("_linalg_solve_ex.default", spd, f(2, 3, 4), left=False)
case("linalg_lu_factor_ex.default", f(2, 5, 5))
case("linalg_lu_factor_ex.default", t(0.0, 1.0, 0.0, 2.0).reshape(2, 2))
case("linalg_lu.default", f(2, 5, 5))
for adjoint in (False, True):
    case("linalg_lu_solve.default", *torch.linalg.lu_factor(f(2, 5, 5)), f(2, 5, 3), adjoint=adjoint)
    case("linalg_lu_solve.default", *torch.linalg.lu_factor(f(5, 5)), f(2, 3, 5), left=False, adjoint=adjoint)
case("_linalg_det.default", f(2, 3, 3))
for triangle in "LU":
    case("_linalg_eigh.default", f(2, 5, 5), triangle)
    case("_linalg_eigh.default", f(4, 4, dtype=f64), triangle, False)
for shape in ((4, 4), (5, 3), (2, 3, 5)):
    case("_linalg_svd.default", f(*shape), False, False)
    case("linalg_pinv.atol_rtol_tensor", f(*shape))
    case("linalg_pinv.atol_rtol_tensor", f(*shape), atol=t(0.7), rtol=t(0.1))
case("linalg_pinv.atol_rtol_tensor", f(4, 1) @ f(1, 3))
case("_linalg_slogdet.default", f(2, 3, 3))
for upper in (False, True):
    case("linalg_cholesky_ex.default", spd, upper=upper)
    case("cholesky_solve.default", f(2, 4, 3), torch.linalg.cholesky(spd, upper=upper), upper)
    case("cholesky_inverse.default", torch.linalg.cholesky(spd, upper=upper), upper)
    case("linalg_solve_triangular.default", spd, f(4, 3), upper=upper)
    case("linalg_solve_triangular.default", spd, f(2, 3, 4), upper=upper, left=False, unitriangular=True)
    case("triangular_solve.default", f(2, 4, 3), spd, upper, not upper)
case("linalg_qr.default", f(4, 3))
case("linalg_qr.default", f(2, 3, 4), "complete")
case("_linalg_check_errors.default", torch.zeros(3, dtype=i32), "torch.linalg.inv", is_matrix=False)


#--- What is written with other operators ---------------------------------------------------------

case("_int_mm.default", i(18, 16, low=-128, high=127, dtype=i8), i(16, 8, low=-128, high=127, dtype=i8))
case("_trilinear.default", f(4, 3), f(5, 3, 2), f(4, 2), [1, 3], [0], [1, 2], [2, 3])
for given, mask, kind in ((False, None, None), (True, t(0.0, -inf, 0.0, 0.0, -inf).expand(5, 5), 0),
                          (True, b(2, 5) & t(True, True, False, True, True), 1), (False, f(2, 2, 5, 5).triu(1) > 0, 2)):
    case("_transformer_encoder_layer_fwd.default", f(2, 5, 8), 8, 2, f(24, 8), f(24), f(8, 8), f(8), given, given, 1e-5, f(8), f(8),
         f(8), f(8), f(12, 8), f(12), f(8, 12), f(8), mask, kind)
for name in ("_embedding_bag.default", "_embedding_bag_forward_only.default"):
    for mode in (0, 1, 2):
        case(name, f(9, 4), i(7, low=0), t(0, 3, 3, 5), False, mode)
        case(name, f(9, 4), i(7, low=0, high=3), t(0, 1, 4, 7), False, mode, False, None, True, 2)
    case(name, f(9, 4), i(7, low=0), t(0, 3), False, 0, False, f(7))
for corners in (False, True):
    for size in ([3, 9], [11, 4], [1, 6]):
        case("_upsample_bilinear2d_aa.default", f(2, 3, 7, 8), size, corners)
        case("_upsample_bicubic2d_aa.default", f(2, 3, 7, 8, dtype=f64), size, corners)
case("_upsample_bilinear2d_aa.default", f(2, 3, 7, 8), [5, 6], False, 0.75, 0.8)
for mode in (0, 1):
    for padding in (0, 1, 2):
        case("grid_sampler_3d.default", f(2, 3, 4, 5, 6), f(2, 2, 3, 4, 3), mode, padding, mode == padding % 2)
case("adaptive_max_pool3d.default", f(2, 3, 4, 5, 6), [2, 3, 4])
case("adaptive_max_pool3d.default", f(2, 4, 4, 6), [2, 2, 3])
case("adaptive_max_pool2d.default", f(2, 3, 7, 9), [3, 4])
case("adaptive_max_pool2d.default", f(3, 4, 5), [6, 2])
with_nan = t(3.0, nan, 1.0, 2.0).expand(2, 4).contiguous()
for x in (f(3, 6), f(3, 7), i(3, 6), with_nan):
    case("median.dim", x, 1)
    case("median.default", x)
for x in (f(3, 6), with_nan, torch.full((2, 3), nan)):
    case("nanmedian.dim", x, 1, True)
    case("nanmedian.default", x)
case("median.dim", f(3, 6)[0, 0], 0)
case("kthvalue.default", f(3, 6), 2, 0, True)
case("kthvalue.default", torch.randperm(30, generator=_generator).view(5, 6), 6)
case("dist.default", f(3, 4), f(4), 3.0)
case("_pdist_forward.default", f(5, 3), 2.0)
case("histc.default", f(40), 5, -1.0, 1.5)
case("histc.default", f(4, 9), 4)
for name in ("cummax", "cummin"):
    case(f"{name}.default", f(3, 9), 1)
    case(f"{name}.default", i(9, 2, low=0, high=4), 0)
    case(f"{name}.default", t(1.0, nan, 2.0, nan, 0.0), 0)
case("logcumsumexp.default", f(3, 9), -1)
for kind in ("add", "multiply"):
    case("scatter.reduce", f(5, 6), 0, i(3, 6, low=0, high=5), f(3, 6), reduce=kind)
    case("scatter.value_reduce", f(5, 6), 1, i(5, 2, low=0, high=6), 2.5, reduce=kind)
for kind in ("prod", "mean", "amax", "amin"):
    case("index_reduce.default", f(5, 6), 1, t(0, 2, 2), f(5, 3), kind, include_self=kind != "mean")
case("put.default", f(5, 6), t(0, 7, 7), t(1.0, 2.0, 3.0), True)
case("embedding_renorm.default", f(5, 4), t(0, 2, 2), 0.5, 2.0)
case("fake_quantize_per_tensor_affine_cachemask.default", f(5, 4) * 5, 0.1, 3, -20, 20)
case("_fake_quantize_per_tensor_affine_cachemask_tensor_qparams.default", f(5, 4), t(0.1)[0], t(3, dtype=i32)[0], t(1)[0], -128, 127)
case("fake_quantize_per_channel_affine_cachemask.default", f(3, 4), t(0.1, 0.2, 0.3), t(0, 1, 2, dtype=i32), 0, -10, 10)
for name in ("erfc", "erfinv", "lgamma", "digamma", "special_ndtri"):
    case(f"{name}.default", unit(9).abs() if "ndtri" in name else unit(9))
    case(f"{name}.default", t(0.0, 1.0, nan, 0.9999, 0.5))
    case(f"{name}.default", unit(6).abs().to(f64))
for name in ("erfc", "lgamma", "digamma"):
    case(f"{name}.default", f(20) * 4)
case("lgamma.default", t(inf, -inf, 100.0, 3.0))
case("linalg_matrix_exp.default", f(2, 4, 4) * 3)
case("_embedding_bag.default", f(9, 4, dtype=bf16), i(40, low=0), t(0, 15, 40))
