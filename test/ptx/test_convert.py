"""cvt between all kinds of types."""
import numpy as np
import pytest

from device import CudaError, Device, run_elementwise
from test_float import bfloat, round_exactly, same

VALUES = np.array([
    0.0, -0.0, 0.4, 0.5, 1.5, 2.5, -0.5, -1.5, -2.7, 127.5, 128, 255.5, -129, 32768.5, 2.0 ** 31, -(2.0 ** 31), 2.0 **
    32, 2.0 ** 63, -(2.0 ** 63), 2.0 ** 64, 1e30, -1e30, np.inf, -np.inf, np.nan
], np.float32)
ROUND = {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}


@pytest.fixture
def device():
    with Device() as device:
        yield device


@pytest.mark.parametrize("mode", ROUND)
@pytest.mark.parametrize("to", ["u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64"])
def test_float_to_integer_clamps(device, mode, to):
    bits = int(to[1:])
    low, high = (0, 2 ** bits - 1) if to[0] == "u" else (-2 ** (bits - 1), 2 ** (bits - 1) - 1)
    expected = []
    for x in VALUES:
        rounded = ROUND[mode](np.float64(x))
        expected.append((0 if bits < 64 else low or 2 ** 63) if np.isnan(x) else low if rounded <= low else high if rounded >= high else int(rounded))
    # A register has 16 bits at least; what is above the type is its sign.
    width = max(bits, 16)
    dtype = f"{'u' if to[0] == 'u' else 'i'}{width // 8}"
    assert run_elementwise(device, f"cvt.{mode}.{to}.f32 %d, %a;", dtype, VALUES).tolist() == expected


@pytest.mark.parametrize("mode", ["rn", "rz", "rm", "rp"])
@pytest.mark.parametrize("kind", ["u32", "s32", "u64", "s64"])
def test_integer_to_float_rounds(device, kind, mode):
    bits = int(kind[1:])
    values = np.array([0, 1, 2 ** 24 + 1, 2 ** 24 + 3, 2 ** 31 - 1, 2 ** 31, 2 ** (bits - 1) + 1, 2 ** bits - 1],
                      np.uint64)
    source = values.astype(f"{'u' if kind[0] == 'u' else 'i'}{bits // 8}")
    expected = np.array([round_exactly(int(x), mode) for x in source], np.float32)
    assert run_elementwise(device, f"cvt.{mode}.f32.{kind} %d, %a;", np.float32, source).tolist() == expected.tolist()


@pytest.mark.parametrize("to, source, expected", [
    ("s32.s8", [0x80, 0x7f, 0x1ff], [-128, 127, -1]), ("u32.u8", [0x80, 0x7f, 0x1ff], [128, 127, 255]),
    ("s32.s16", [0x8000, 0x7fff], [-32768, 32767]), ("s32.u16", [0x8000, 0x1ffff], [32768, 65535]),
    ("sat.s8.s32", [1000, -1000, 5], [127, -128, 5]), ("sat.u8.s32", [1000, -1000, 5], [255, 0, 5]),
    ("u8.u32", [0x1ff, 0x100], [255, 0])])
def test_integer_to_integer_in_wider_registers(device, to, source, expected):
    source = np.array(source, np.int64).astype(np.int32)
    assert run_elementwise(device, f"cvt.{to} %d, %a;", np.int32, source).tolist() == expected


def test_width_changes_of_64_bits(device):
    x = np.array([-1, 2 ** 31, -(2 ** 31)], np.int64)
    assert run_elementwise(device, "cvt.u32.u64 %d, %a;", np.uint32, x).tolist() == [2 ** 32 - 1, 2 ** 31, 2 ** 31]
    assert run_elementwise(device, "cvt.s64.s32 %d, %a;", np.int64,
                           x.astype(np.int32)).tolist() == [-1, -2 ** 31, -2 ** 31]
    assert run_elementwise(device, "cvt.u64.u32 %d, %a;", np.int64, x.astype(np.int32)).tolist() == \
        [2 ** 32 - 1, 2 ** 31, 2 ** 31]


def test_half_both_ways_for_all_values(device):
    bits = np.arange(65536, dtype=np.uint16)
    wide = run_elementwise(device, "cvt.f32.f16 %d, %a;", np.float32, bits)
    same(wide, bits.view(np.float16).astype(np.float32))
    back = run_elementwise(device, "cvt.rn.f16.f32 %d, %a;", np.float16, wide)
    same(back, bits.view(np.float16))


def edges_of_half():
    ties = np.array(
        [1 + 2.0 ** -11, 1 + 3 * 2.0 ** -11, 65519.99, 65520, 2.0 ** -25, 2.0 ** -24 * 1.5, 2.0 ** -26, 1e-30, 1e6])
    return np.concatenate([ties, -ties, [0, -0.0, np.inf, np.nan]]).astype(np.float32)


def test_half_rounds_ties_to_even(device):
    x = edges_of_half()
    with np.errstate(over="ignore"):
        same(run_elementwise(device, "cvt.rn.f16.f32 %d, %a;", np.float16, x), x.astype(np.float16))


def test_half_rounded_to_zero(device):
    x = edges_of_half()
    with np.errstate(over="ignore"):
        near = x.astype(np.float16)
    toward = np.where(
        np.abs(near.astype(np.float64)) > np.abs(x.astype(np.float64)), np.nextafter(near, np.float16(0)), near)
    same(run_elementwise(device, "cvt.rz.f16.f32 %d, %a;", np.float16, x), toward.astype(np.float16))


def test_bfloat16(device):
    x = np.concatenate(
        [VALUES,
         np.random.default_rng(0).standard_normal(500).astype(np.float32), [1 + 2.0 ** -8,
                                                                            1 + 3 * 2.0 ** -8]]).astype(np.float32)
    assert run_elementwise(device, "cvt.rn.bf16.f32 %d, %a;", np.uint16, x).tolist() == bfloat(x).tolist()
    relu = np.where(x <= 0, np.float32(0), x)    # -0 becomes 0
    assert run_elementwise(device, "cvt.rn.relu.bf16.f32 %d, %a;", np.uint16, x).tolist() == bfloat(relu).tolist()


def test_pairs_have_their_first_source_above(device):
    a, b = np.array([1, -2.5], np.float32), np.array([3, 0.1], np.float32)
    both = run_elementwise(device, "cvt.rn.f16x2.f32 %d, %a, %b;", np.uint32, a, b).view(np.float16).reshape(-1, 2)
    same(both, np.stack([b, a], 1).astype(np.float16))
    both = run_elementwise(device, "cvt.rn.bf16x2.f32 %d, %a, %b;", np.uint32, a, b).view(np.uint16).reshape(-1, 2)
    assert both.tolist() == bfloat(np.stack([b, a], 1)).tolist()


def test_tf32_rounds_ties_away(device):
    x = np.array([1 + 2.0 ** -11, -(1 + 2.0 ** -11), 1 + 2.0 ** -12, 3.25, np.inf], np.float32)
    assert run_elementwise(device, "cvt.rna.tf32.f32 %d, %a;", np.float32, x).tolist() == \
        [1 + 2.0 ** -10, -(1 + 2.0 ** -10), 1, 3.25, np.inf]


def test_double_and_float(device):
    x = np.array([1 + 2.0 ** -24, 1 + 3 * 2.0 ** -24, 1e300, 2.0 ** -150, 2.0 ** -149 * 1.5, np.nan, -0.0])
    with np.errstate(all="ignore"):
        same(run_elementwise(device, "cvt.rn.f32.f64 %d, %a;", np.float32, x), x.astype(np.float32))
    assert run_elementwise(device, "cvt.rz.f32.f64 %d, %a;", np.float32, x)[2] == np.float32(3.4028235e38)
    y = np.array([1 / 3, 2.0 ** -149, np.inf, np.nan, -0.0], np.float32)
    same(run_elementwise(device, "cvt.f64.f32 %d, %a;", np.float64, y), y.astype(np.float64))


def test_float_to_float_makes_whole_numbers_saturates_and_flushes(device):
    for mode, function in ROUND.items():
        same(run_elementwise(device, f"cvt.{mode}.f32.f32 %d, %a;", np.float32, VALUES), function(VALUES))
    same(run_elementwise(device, "cvt.sat.f32.f32 %d, %a;", np.float32, VALUES),
         np.where(VALUES > 0, np.minimum(VALUES, 1), 0).astype(np.float32))
    tiny = np.array([2.0 ** -140, -(2.0 ** -140), 1], np.float32)
    same(run_elementwise(device, "cvt.ftz.f32.f32 %d, %a;", np.float32, tiny), np.array([0, -0.0, 1], np.float32))


@pytest.mark.parametrize("opcode, message", [("cvt.s32.f32", "needs .rni, .rzi, .rmi or .rpi"),
                                             ("cvt.f16.f32", "needs .rn, .rz, .rm or .rp"),
                                             ("cvt.rni.f32.s32", "an integer rounding is for float to integer"),
                                             ("cvt.rn.s32.s32", "a float rounding does not apply")])
def test_a_rounding_must_fit(device, capfd, opcode, message):
    source = np.zeros(1, np.float32)
    with pytest.raises(CudaError, match="INVALID_PTX"):
        run_elementwise(device, f"{opcode} %d, %a;", np.uint16 if "f16" in opcode else np.float32, source)
    assert message in capfd.readouterr().err
