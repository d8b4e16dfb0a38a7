"""Integer instructions on edge values, against Python's integers."""
import numpy as np
import pytest

from device import Device, run_elementwise

EDGES = {
    16: [0, 1, 2, 3, 7, 0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff, 0x1234, 0xa5a5],
    32: [0, 1, 2, 3, 31, 32, 33, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff, 0x12345678, 0xa5a5a5a5],
    64: [
        0, 1, 2, 63, 64, 65, 2 ** 31, 2 ** 32 - 1, 2 ** 63 - 1, 2 ** 63, 2 ** 63 + 1, 2 ** 64 - 2, 2 ** 64 - 1,
        0x123456789abcdef0
    ]
}


@pytest.fixture
def device():
    with Device() as device:
        yield device


def signed(value, bits):
    value &= 2**bits - 1
    return value - 2**bits if value >> (bits - 1) else value


def view(value, kind, bits):
    return signed(value, bits) if kind == "s" else value & (2**bits - 1)


def pairs(bits, other=None):
    a, b = np.meshgrid(np.array(EDGES[bits], np.uint64), np.array(EDGES[other or bits], np.uint64))
    return a.ravel().astype(f"u{bits // 8}"), b.ravel().astype(f"u{(other or bits) // 8}")


def divide(a, b):
    return -(-a // b) if (a < 0) != (b < 0) and a % b else a // b


BINARY = {
    "add": lambda a, b, n: a + b, "sub": lambda a, b, n: a - b, "mul.lo": lambda a, b, n: a * b,
    "mul.hi": lambda a, b, n: (a * b) >> n, "min": lambda a, b, n: min(a, b), "max": lambda a, b, n: max(a, b),
    "div": lambda a, b, n: divide(a, b) if b else -1, "rem": lambda a, b, n: a - b * divide(a, b) if b else a,
}
LOGIC = {"and": lambda a, b: a & b, "or": lambda a, b: a | b, "xor": lambda a, b: a ^ b}


@pytest.mark.parametrize("bits", [16, 32, 64])
@pytest.mark.parametrize("kind", "us")
@pytest.mark.parametrize("name", BINARY)
def test_binary(device, name, kind, bits):
    a, b = pairs(bits)
    result = run_elementwise(device, f"{name}.{kind}{bits} %d, %a, %b;", f"u{bits // 8}", a, b)
    expected = [
        BINARY[name](view(int(x), kind, bits), view(int(y), kind, bits), bits) & (2 ** bits - 1) for x, y in zip(a, b)
    ]
    assert result.tolist() == expected


@pytest.mark.parametrize("bits", [16, 32, 64])
@pytest.mark.parametrize("name", LOGIC)
def test_logic(device, name, bits):
    a, b = pairs(bits)
    assert run_elementwise(device, f"{name}.b{bits} %d, %a, %b;", f"u{bits // 8}", a, b).tolist() == \
        [LOGIC[name](int(x), int(y)) for x, y in zip(a, b)]


@pytest.mark.parametrize("bits", [16, 32, 64])
@pytest.mark.parametrize("name, kind", [("shl", "b"), ("shr", "u"), ("shr", "s")])
def test_shifts_also_by_the_width_and_more(device, name, kind, bits):
    a, b = pairs(bits, 32)
    expected = [(view(int(x), kind, bits) << min(int(y), bits) if name == "shl" else
                 view(int(x), kind, bits) >> min(int(y), bits)) & (2**bits - 1) for x, y in zip(a, b)]
    assert run_elementwise(device, f"{name}.{kind}{bits} %d, %a, %b;", f"u{bits // 8}", a, b).tolist() == expected


@pytest.mark.parametrize("bits", [16, 32])
@pytest.mark.parametrize("kind", "us")
def test_wide_products(device, kind, bits):
    a, b = pairs(bits)
    wide = f"u{bits // 4}"
    c = np.full(a.size, 5, wide)
    products = [view(int(x), kind, bits) * view(int(y), kind, bits) for x, y in zip(a, b)]
    assert run_elementwise(device, f"mul.wide.{kind}{bits} %d, %a, %b;", wide, a, b).tolist() == \
        [p & (4**bits - 1) for p in products]
    assert run_elementwise(device, f"mad.wide.{kind}{bits} %d, %a, %b, %c;", wide, a, b, c).tolist() == \
        [(p + 5) & (4**bits - 1) for p in products]


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("part", ["lo", "hi"])
@pytest.mark.parametrize("kind", "us")
def test_mad(device, kind, part, bits):
    a, b = pairs(bits)
    expected = []
    for x, y in zip(a, b):
        product = view(int(x), kind, bits) * view(int(y), kind, bits)
        expected.append(((product if part == "lo" else product >> bits) + int(y)) & (2**bits - 1))
    assert run_elementwise(device, f"mad.{part}.{kind}{bits} %d, %a, %b, %b;", f"u{bits // 8}", a,
                           b).tolist() == expected


def saturate(value):
    return min(max(value, -2**31), 2**31 - 1) & 0xffffffff


@pytest.mark.parametrize("name, sign", [("add", 1), ("sub", -1)])
def test_saturation(device, name, sign):
    a, b = pairs(32)
    assert run_elementwise(device, f"{name}.sat.s32 %d, %a, %b;", "u4", a, b).tolist() == \
        [saturate(signed(int(x), 32) + sign * signed(int(y), 32)) for x, y in zip(a, b)]


def test_carries_make_a_64_bit_sum_and_difference(device):
    a, b = pairs(64)
    split = ".reg .b32 %w<6>; mov.b64 {%w0, %w1}, %a; mov.b64 {%w2, %w3}, %b;"
    join = "mov.b64 %d, {%w4, %w5};"
    both = split + "add.cc.u32 %w4, %w0, %w2; addc.u32 %w5, %w1, %w3;" + join
    assert run_elementwise(device, both, "u8", a, b).tolist() == \
        [(int(x) + int(y)) % 2**64 for x, y in zip(a, b)]
    both = split + "sub.cc.u32 %w4, %w0, %w2; subc.u32 %w5, %w1, %w3;" + join
    assert run_elementwise(device, both, "u8", a, b).tolist() == \
        [(int(x) - int(y)) % 2**64 for x, y in zip(a, b)]


def test_mad_with_carry_makes_a_64_bit_product(device):
    a, b = pairs(32)
    body = (".reg .b32 %w<2>; mov.b32 %w1, 7; mad.lo.cc.u32 %w0, %a, %b, -1;"
            "madc.hi.u32 %w1, %a, %b, %w1; mov.b64 %d, {%w0, %w1};")
    expected = [(int(x) * int(y) + (7 << 32) + 0xffffffff) % 2**64 for x, y in zip(a, b)]
    assert run_elementwise(device, body, "u8", a, b).tolist() == expected


@pytest.mark.parametrize("bits", [32, 64])
def test_counts_and_reversal(device, bits):
    a = np.array(EDGES[bits], f"u{bits // 8}")
    values = [int(x) for x in a]
    assert run_elementwise(device, f"popc.b{bits} %d, %a;", "u4", a).tolist() == [bin(x).count("1") for x in values]
    assert run_elementwise(device, f"clz.b{bits} %d, %a;", "u4", a).tolist() == [bits - x.bit_length() for x in values]
    assert run_elementwise(device, f"brev.b{bits} %d, %a;", f"u{bits // 8}", a).tolist() == \
        [int(f"{x:0{bits}b}"[::-1], 2) for x in values]
    assert run_elementwise(device, f"bfind.u{bits} %d, %a;", "u4", a).tolist() == \
        [(x.bit_length() - 1) & 0xffffffff for x in values]


@pytest.mark.parametrize("bits", [16, 32, 64])
def test_sign_instructions(device, bits):
    a = np.array(EDGES[bits], f"u{bits // 8}")
    assert run_elementwise(device, f"neg.s{bits} %d, %a;", a.dtype, a).tolist() == [-int(x) % 2**bits for x in a]
    assert run_elementwise(device, f"abs.s{bits} %d, %a;", a.dtype,
                           a).tolist() == [abs(signed(int(x), bits)) for x in a]
    assert run_elementwise(device, f"not.b{bits} %d, %a;", a.dtype, a).tolist() == [int(x) ^ (2**bits - 1) for x in a]


def extract(value, position, length, bits, is_signed):
    if length == 0:
        return 0
    sign = is_signed and value >> min(position + length - 1, bits - 1) & 1
    extended = value | (-1 << bits if sign else 0)
    field = extended >> position
    return (field & (2**length - 1) if not sign else field | (-1 << length)) & (2**bits - 1)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("position, length", [(0, 1), (4, 8), (0, 32), (31, 1), (28, 16), (31, 40), (40, 4), (63, 9),
                                              (7, 0)])
def test_bit_fields(device, bits, position, length):
    a = np.array(EDGES[bits], f"u{bits // 8}")
    for kind in "us":
        assert run_elementwise(device, f"bfe.{kind}{bits} %d, %a, {position}, {length};", a.dtype, a).tolist() == \
            [extract(int(x), position, length, bits, kind == "s") for x in a]
    mask = (2**length - 1) << position & (2**bits - 1) if position < bits else 0
    b = a[::-1].copy()
    assert run_elementwise(device, f"bfi.b{bits} %d, %a, %b, {position}, {length};", a.dtype, a, b).tolist() == \
        [(int(y) & ~mask) | (int(x) << position & mask) for x, y in zip(a, b)]


@pytest.mark.parametrize("shift", [0, 1, 31, 32, 33])
def test_funnel_shifts(device, shift):
    a, b = pairs(32)
    for mode, by in (("clamp", min(shift, 32)), ("wrap", shift % 32)):
        both = [int(y) << 32 | int(x) for x, y in zip(a, b)]
        assert run_elementwise(device, f"shf.l.{mode}.b32 %d, %a, %b, {shift};", "u4", a, b).tolist() == \
            [(v << by) >> 32 & 0xffffffff for v in both]
        assert run_elementwise(device, f"shf.r.{mode}.b32 %d, %a, %b, {shift};", "u4", a, b).tolist() == \
            [v >> by & 0xffffffff for v in both]


@pytest.mark.parametrize("selectors", [0x3210, 0x7654, 0x0145, 0xfedc, 0x8088])
def test_byte_permutation(device, selectors):
    a, b = pairs(32)
    expected = []
    for x, y in zip(a, b):
        bytes_ = (int(y) << 32 | int(x)).to_bytes(8, "little")
        chosen = [(bytes_[s & 7], s & 8) for s in ((selectors >> 4 * i) & 15 for i in range(4))]
        expected.append(
            int.from_bytes([(0xff if byte & 0x80 else 0) if replicate else byte for byte, replicate in chosen],
                           "little"))
    assert run_elementwise(device, f"prmt.b32 %d, %a, %b, {selectors};", "u4", a, b).tolist() == expected


@pytest.mark.parametrize("table", [0x00, 0x01, 0x80, 0x96, 0xe8, 0xca, 0xff])
def test_three_input_logic(device, table):
    rng = np.random.default_rng(table)
    a, b, c = (rng.integers(0, 2**32, 64, dtype=np.uint32) for _ in range(3))
    expected = [
        sum((table >> ((int(x) >> i & 1) << 2 | (int(y) >> i & 1) << 1 | (int(z) >> i & 1)) & 1) << i
            for i in range(32)) for x, y, z in zip(a, b, c)
    ]
    assert run_elementwise(device, f"lop3.b32 %d, %a, %b, %c, {table};", "u4", a, b, c).tolist() == expected


@pytest.mark.parametrize("ka", "us")
@pytest.mark.parametrize("kb", "us")
def test_dot_product_of_bytes(device, ka, kb):
    a, b = pairs(32)
    dtypes = {"u": np.uint8, "s": np.int8}
    dots = (a.view(dtypes[ka]).reshape(-1, 4).astype(np.int64) * b.view(dtypes[kb]).reshape(-1, 4)).sum(1)
    assert run_elementwise(device, f"dp4a.{ka}32.{kb}32 %d, %a, %b, %a;", "u4", a, b).tolist() == \
        ((dots + a) % 2**32).tolist()


@pytest.mark.parametrize("name, function", [
    ("eq", lambda a, b: a == b), ("ne", lambda a, b: a != b), ("lt", lambda a, b: a < b), ("le", lambda a, b: a <= b),
    ("gt", lambda a, b: a > b), ("ge", lambda a, b: a >= b), ("lo", None), ("ls", None), ("hi", None), ("hs", None)])
@pytest.mark.parametrize("kind", "us")
def test_comparisons(device, name, function, kind):
    if function is None:
        function = {
            "lo": lambda a, b: a < b,
            "ls": lambda a, b: a <= b,
            "hi": lambda a, b: a > b,
            "hs": lambda a, b: a >= b
        }[name]
        kind = "u"
    a, b = pairs(32)
    truth = [function(view(int(x), kind, 32), view(int(y), kind, 32)) for x, y in zip(a, b)]
    body = f"setp.{name}.{kind}32 %p1, %a, %b; selp.b32 %d, 5, 9, %p1;"
    assert run_elementwise(device, body, "u4", a, b).tolist() == \
        [5 if t else 9 for t in truth]
    assert run_elementwise(device, f"set.{name}.u32.{kind}32 %d, %a, %b;", "u4", a, b).tolist() == \
        [0xffffffff if t else 0 for t in truth]


def test_comparison_with_a_combination_and_two_results(device):
    a, b = pairs(32)
    body = ("setp.lt.u32 %p0, %a, 100; setp.gt.xor.u32 %p1|%p2, %a, %b, !%p0;"
            "selp.b32 %r1, 1, 0, %p1; selp.b32 %r2, 2, 0, %p2; or.b32 %d, %r1, %r2;")
    expected = [((x > y) ^ (not x < 100)) | ((not x > y) ^ (not x < 100)) << 1 for x, y in zip(a.tolist(), b.tolist())]
    assert run_elementwise(device, body, "u4", a, b).tolist() == expected


def test_vectors_pack_and_unpack(device):
    a = np.array(EDGES[64], np.uint64)
    body = ("mov.b64 {%r1, %r2}, %a; mov.b32 {%h1, %h2}, %r1; mov.b32 {%h3, _}, %r2;"
            "mov.b64 %d, {%h3, %h2, %h1, %h3};")
    words = [[x >> s & 0xffff for s in (0, 16, 32)] for x in a.tolist()]
    assert run_elementwise(device, body, "u8",
                           a).tolist() == [w[2] | w[1] << 16 | w[0] << 32 | w[2] << 48 for w in words]


def low24(value, kind):
    return signed(value << 8, 32) >> 8 if kind == "s" else value & 0xffffff


@pytest.mark.parametrize("kind", "us")
def test_products_of_24_bits(device, kind):
    a, b = pairs(32)
    products = [low24(int(x), kind) * low24(int(y), kind) for x, y in zip(a, b)]
    for part, shift in (("lo", 0), ("hi", 16)):
        assert run_elementwise(device, f"mul24.{part}.{kind}32 %d, %a, %b;", "u4", a, b).tolist() == \
            [(p >> shift) % 2**32 for p in products]
        assert run_elementwise(device, f"mad24.{part}.{kind}32 %d, %a, %b, 9;", "u4", a, b).tolist() == \
            [((p >> shift) + 9) % 2**32 for p in products]


@pytest.mark.parametrize("kind", "us")
def test_sum_of_absolute_differences(device, kind):
    a, b = pairs(32)
    assert run_elementwise(device, f"sad.{kind}32 %d, %a, %b, 11;", "u4", a, b).tolist() == \
        [(abs(view(int(x), kind, 32) - view(int(y), kind, 32)) + 11) % 2**32 for x, y in zip(a, b)]


@pytest.mark.parametrize("part", ["lo", "hi"])
def test_dot_product_of_words_and_bytes(device, part):
    a, b = pairs(32)
    words = a.view(np.int16).reshape(-1, 2).astype(np.int64)
    bytes_ = b.view(np.int8).reshape(-1, 4)[:, 2:] if part == "hi" else b.view(np.int8).reshape(-1, 4)[:, :2]
    assert run_elementwise(device, f"dp2a.{part}.s32.s32 %d, %a, %b, 3;", "u4", a, b).tolist() == \
        (((words * bytes_).sum(1) + 3) % 2**32).tolist()


@pytest.mark.parametrize("base, n, expected", [(0, 1, 1), (0, 2, 4), (5, -1, 4), (5, -2, 1), (1, 0, 1), (2, 0, -1),
                                               (5, 1, 9), (10, 1, -1)])
def test_nth_set_bit(device, base, n, expected):
    a = np.array([1 << 1 | 1 << 4 | 1 << 9], np.uint32)
    assert run_elementwise(device, f"fns.b32 %d, %a, {base}, {n};", "i4", a).tolist() == [expected]


@pytest.mark.parametrize("mode, n, expected", [("f4e", 1, 0x05040302), ("b4e", 1, 0x07080102), ("rc8", 2, 0x03030303),
                                               ("ecl", 2, 0x04030303), ("ecr", 2, 0x03030201), ("rc16", 1, 0x04030403)])
def test_permutation_modes(device, mode, n, expected):
    a, b = np.array([0x04030201], np.uint32), np.array([0x08070605], np.uint32)
    assert run_elementwise(device, f"prmt.b32.{mode} %d, %a, %b, {n};", "u4", a, b).tolist() == [expected]


def test_shift_amount_of_the_first_bit_and_logical_not(device):
    a = np.array([0, 1, 0x80000000, 0x00010000], np.uint32)
    assert run_elementwise(device, "bfind.shiftamt.u32 %d, %a;", "u4", a).tolist() == [0xffffffff, 31, 0, 15]
    assert run_elementwise(device, "bfind.s32 %d, %a;", "u4", a).tolist() == [0xffffffff, 0, 30, 16]
    assert run_elementwise(device, "cnot.b32 %d, %a;", "u4", a).tolist() == [1, 0, 0, 0]


def test_pairs_of_words(device):
    a, b = pairs(32)
    halves = a.view(np.uint16).reshape(-1, 2), b.view(np.uint16).reshape(-1, 2)
    assert run_elementwise(device, "add.u16x2 %d, %a, %b;", "u4", a, b).tolist() == \
        (halves[0] + halves[1]).view(np.uint32).ravel().tolist()
    signed_halves = [h.view(np.int16) for h in halves]
    assert run_elementwise(device, "max.s16x2 %d, %a, %b;", "u4", a, b).tolist() == \
        np.maximum(*signed_halves).view(np.uint32).ravel().tolist()
