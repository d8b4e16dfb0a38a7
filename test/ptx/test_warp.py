"""Instructions of a whole warp: shuffles, votes, reductions, matrices; atomics; barriers; divergence."""
import numpy as np
import pytest

from device import HEADER, Device, kernel

RANDOM = np.random.default_rng(0)
LANES = np.arange(32)


@pytest.fixture
def device():
    with Device() as device:
        yield device


def run(device, body, *sources, dtype=np.uint32, threads=32, before=""):
    """Thread t: %r1 = t, %r2 = sources[0][t], %r3 = sources[1][t], ...; its %r10 is the result."""
    arrays = [device.array(np.ascontiguousarray(s, np.uint32)) for s in sources]
    out = device.array(np.zeros(threads, np.uint32))
    loads = "mov.u32 %r1, %tid.x; mul.wide.u32 %rd1, %r1, 4;"
    for i in range(len(arrays)):
        loads += f"add.u64 %rd2, %in{i}, %rd1; ld.global.u32 %r{i + 2}, [%rd2];"
    store = f"add.u64 %rd2, %in{len(arrays)}, %rd1; st.global.u32 [%rd2], %r10;"
    text = kernel(loads + body + store, params=len(arrays) + 1).replace(".visible", before + "\n.visible")
    device.load(text).launch("k", 1, threads, [*arrays, out])
    return out.read().view(dtype)


def shuffled(mode, values, by, clamp, segment):
    result, inside = [], []
    for lane in range(32):
        last, first = (lane & segment) | (clamp & ~segment & 31), lane & segment
        source = {"up": lane - by, "down": lane + by, "bfly": lane ^ by, "idx": first | (by & ~segment & 31)}[mode]
        ok = source >= last if mode == "up" else source <= last
        result.append(values[source if ok else lane])
        inside.append(ok)
    return result, inside


@pytest.mark.parametrize("mode", ["up", "down", "bfly", "idx"])
@pytest.mark.parametrize("by", [0, 1, 7, 16, 31])
@pytest.mark.parametrize("width", [32, 8])
def test_shuffle(device, mode, by, width):
    clamp, segment = (0 if mode == "up" else 31), 32 - width
    values = RANDOM.integers(0, 1000, 32)
    expected, inside = shuffled(mode, values, by, clamp, segment)
    body = (f"shfl.sync.{mode}.b32 %r4|%p1, %r2, {by}, {segment << 8 | clamp}, -1;"
            "selp.b32 %r5, 65536, 0, %p1; or.b32 %r10, %r4, %r5;")
    assert run(device, body, values).tolist() == [v | 65536 * ok for v, ok in zip(expected, inside)]


def test_shuffle_of_diverged_halves_waits_for_its_members(device):
    """Each half of the warp shuffles among its own lanes, in its own branch; then all do."""
    body = ("setp.lt.u32 %p1, %r1, 16; @%p1 bra $low; shfl.sync.bfly.b32 %r4, %r2, 1, 31, 0xffff0000; bra $all;"
            "$low: shfl.sync.bfly.b32 %r4, %r2, 2, 31, 0xffff; $all: shfl.sync.bfly.b32 %r10, %r4, 16, 31, -1;")
    values = RANDOM.integers(0, 1000, 32)
    half = np.where(LANES < 16, values[LANES ^ 2], values[LANES ^ 1])
    assert run(device, body, values).tolist() == half[LANES ^ 16].tolist()


def test_lanes_meet_again_after_loops_of_different_length(device):
    body = ("mov.u32 %r4, 0; $loop: add.u32 %r4, %r4, 1; setp.lt.u32 %p1, %r4, %r2; @%p1 bra $loop;"
            "activemask.b32 %r5; add.u32 %r10, %r4, %r5;")
    counts = RANDOM.integers(1, 20, 32)
    assert run(device, body, counts).tolist() == [(int(c) + 0xffffffff) & 0xffffffff for c in counts]


def test_votes(device):
    bits = RANDOM.integers(0, 2, 32)
    ballot = sum(int(b) << i for i, b in enumerate(bits))
    assert set(run(device, "setp.ne.u32 %p1, %r2, 0; vote.sync.ballot.b32 %r10, %p1, -1;", bits)) == {ballot}
    for values in (np.ones(32), np.zeros(32), bits):
        for mode, truth in (("all", values.all()), ("any", values.any()), ("uni", values.all() or not values.any())):
            body = f"setp.ne.u32 %p1, %r2, 0; vote.sync.{mode}.pred %p2, %p1, -1; selp.b32 %r10, 1, 0, %p2;"
            assert set(run(device, body, values)) == {int(truth)}


def test_match(device):
    values = RANDOM.integers(0, 4, 32)
    masks = [sum(1 << i for i in range(32) if values[i] == values[lane]) for lane in range(32)]
    assert run(device, "match.any.sync.b32 %r10, %r2, -1;", values).tolist() == masks
    body = "match.all.sync.b32 %r4|%p1, %r2, -1; selp.b32 %r10, %r4, 7, %p1;"
    assert set(run(device, body, values)) == {7}
    assert set(run(device, body, np.full(32, 3))) == {0xffffffff}


@pytest.mark.parametrize("name, function", [("add.u32", np.add), ("min.u32", np.minimum), ("max.u32", np.maximum),
                                            ("and.b32", np.bitwise_and), ("or.b32", np.bitwise_or),
                                            ("xor.b32", np.bitwise_xor)])
def test_redux(device, name, function):
    values = RANDOM.integers(0, 2 ** 32, 32, dtype=np.uint32)
    assert set(run(device, f"redux.sync.{name} %r10, %r2, -1;", values)) == {int(function.reduce(values)) % 2 ** 32}
    body = "setp.lt.u32 %p1, %r1, 5; mov.u32 %r10, 1; @%p1 redux.sync.min.s32 %r10, %r2, 31;"
    assert run(device, body, values).tolist() == [int(values.view(np.int32)[:5].min()) & 0xffffffff] * 5 + [1] * 27


def test_elect_and_lane_masks(device):
    assert run(device, "elect.sync %r4|%p1, -1; selp.b32 %r10, 9, %r4, %p1;").tolist() == [9] + [0] * 31
    assert run(device, "mov.u32 %r10, %lanemask_lt;").tolist() == [(1 << lane) - 1 for lane in range(32)]
    assert run(device,
               "mov.u32 %r10, %lanemask_ge;").tolist() == [0xffffffff & ~((1 << lane) - 1) for lane in range(32)]


SHARED = ".shared .align 16 .b8 s[2048];"
INIT = "setp.eq.u32 %p1, %r1, 0; @%p1 st.shared.u32 [s], 100; bar.sync 0;"


@pytest.mark.parametrize("operation, final", [("add.u32", lambda v: (100 + v.sum()) % 2 ** 32),
                                              ("min.u32", lambda v: min(100, v.min())),
                                              ("max.s32", lambda v: max(100, v.max())),
                                              ("and.b32", lambda v: 100 & np.bitwise_and.reduce(v)),
                                              ("or.b32", lambda v: 100 | np.bitwise_or.reduce(v)),
                                              ("xor.b32", lambda v: 100 ^ np.bitwise_xor.reduce(v)),
                                              ("inc.u32", lambda v: None), ("exch.b32", lambda v: v[31])])
@pytest.mark.parametrize("space", ["shared", "global"])
def test_atomics(device, operation, final, space):
    values = RANDOM.integers(0, 1000, 32)
    if operation.startswith("inc"):
        values, expected = np.full(32, 110), (100 + 32 - 111) % 111
    else:
        expected = int(final(values))
    where = "s" if space == "shared" else "g"
    before = SHARED + ".global .u32 g;"
    init = INIT.replace("st.shared.u32 [s]", f"st.{space}.u32 [{where}]")
    body = init + f"atom.{space}.{operation} %r4, [{where}], %r2; bar.sync 0; ld.{space}.u32 %r10, [{where}];"
    assert set(run(device, body, values, before=before).tolist()) == {expected}


def test_atomics_return_the_old_value_and_cas_compares(device):
    body = INIT + "atom.shared.add.u32 %r10, [s], 2;"
    assert run(device, body, before=SHARED).tolist() == [100 + 2 * lane for lane in range(32)]
    body = INIT + "add.u32 %r5, %r1, 100; add.u32 %r6, %r5, 1; atom.shared.cas.b32 %r10, [s], %r5, %r6;"
    assert run(device, body, before=SHARED).tolist() == [100 + lane for lane in range(32)]


def test_atomic_floats(device):
    values = (RANDOM.integers(-50, 50, 32) / 4).astype(np.float32)
    body = ("setp.eq.u32 %p1, %r1, 0; @%p1 st.shared.u32 [s], 0; bar.sync 0; mov.b32 %f1, %r2;"
            "red.shared.add.f32 [s], %f1; bar.sync 0; ld.shared.u32 %r10, [s];")
    assert set(run(device, body, values.view(np.uint32), dtype=np.float32, before=SHARED)) == {values.sum()}
    halves = (RANDOM.integers(-8, 8, (32, 2)) / 4).astype(np.float16)
    body = body.replace("mov.b32 %f1, %r2;", "").replace("red.shared.add.f32 [s], %f1",
                                                         "atom.shared.add.noftz.f16x2 %r4, [s], %r2")
    result = run(device, body, halves.view(np.uint32).ravel(), before=SHARED)
    assert result[:1].view(np.float16).tolist() == halves.sum(0).tolist()


@pytest.mark.parametrize("form, expected", [("popc.u32 %r10, 0,", 30), ("and.pred %p2, 0,", 0), ("or.pred %p2, 0,", 1)])
def test_barrier_reductions(device, form, expected):
    body = f"setp.lt.u32 %p1, %r1, 30; bar.red.{form} %p1;" + ("" if "popc" in form else "selp.b32 %r10, 1, 0, %p2;")
    assert set(run(device, body, threads=64).tolist()) == {expected}


def test_barrier_with_an_arrival(device):
    """Warp 0 writes and arrives, warp 1 waits for it and reads."""
    body = (
        "mov.u32 %r10, 0; shr.u32 %r4, %r1, 5; setp.eq.u32 %p1, %r4, 0; and.b32 %r5, %r1, 31; shl.b32 %r5, %r5, 2;"
        "mov.u32 %r6, s; add.u32 %r6, %r6, %r5; @!%p1 bra $read; st.shared.u32 [%r6], %r1; bar.arrive 3, 64; bra $end;"
        "$read: bar.sync 3, 64; ld.shared.u32 %r10, [%r6]; $end:")
    assert run(device, body, threads=64, before=SHARED).tolist() == [0] * 32 + list(range(32))


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("trans", ["", ".trans"])
def test_ldmatrix(device, count, trans):
    """The rows of matrix m lie at 16 * (8 * m + row); s holds 0, 1, 2, ... in 16 bits."""
    fill = "mov.u32 %r4, s; shl.b32 %r5, %r1, 4; add.u32 %r4, %r4, %r5; shl.b32 %r5, %r1, 3;"
    fill += "mul.lo.u32 %r5, %r5, 65537;"
    for word in range(4):
        fill += f"add.u32 %r6, %r5, {(2 * word + 1) << 16 | 2 * word}; st.shared.u32 [%r4+{4 * word}], %r6;"
    registers = ", ".join(f"%r{20 + m}" for m in range(count))
    body = fill + f"bar.sync 0; ldmatrix.sync.aligned.m8n8.x{count}{trans}.shared.b16 {{{registers}}}, [%r4];"
    matrices = np.arange(256, dtype=np.uint16).reshape(4, 8, 8)
    for m in range(count):
        matrix = matrices[m].T if trans else matrices[m]
        result = run(device, body + f"mov.u32 %r10, %r{20 + m};", before=SHARED)
        assert result.view(np.uint16).reshape(8, 8).tolist() == matrix.tolist()


def test_stmatrix_is_the_inverse(device):
    body = (
        "mov.u32 %r4, s; shl.b32 %r5, %r1, 4; add.u32 %r4, %r4, %r5;"
        "stmatrix.sync.aligned.m8n8.x1.trans.shared.b16 [%r4], {%r2};"
        "bar.sync 0; ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r10}, [%r4];")
    values = RANDOM.integers(0, 2 ** 32, 32, dtype=np.uint32)
    assert run(device, body, values, before=SHARED).tolist() == values.tolist()


def fragments(matrix, per_register, is_a):
    """A (16 x K) or B (K x 8) by lane and register, as bytes; see "Matrix fragments" of the PTX ISA."""
    k = matrix.shape[1] if is_a else matrix.shape[0]
    registers = []
    for group in range(k // (4 * per_register)):
        for upper in range(2 if is_a else 1):
            words = []
            for lane in range(32):
                along = slice(group * 4 * per_register + lane % 4 * per_register, None)
                line = matrix[lane // 4 + 8 * upper] if is_a else matrix[:, lane // 4]
                words.append(line[along][:per_register].tobytes())
            registers.append(np.frombuffer(b"".join(words), np.uint32))
    return registers


def small(shape, dtype):
    if dtype in (np.int8, np.uint8):
        return RANDOM.integers(np.iinfo(dtype).min, np.iinfo(dtype).max + 1, shape).astype(dtype)
    return (RANDOM.integers(-8, 9, shape) / 8).astype(np.float32)


def encode(values, kind):
    if kind == "bf16":
        return (values.view(np.uint32) >> 16).astype(np.uint16)
    return values.astype({"f16": np.float16, "tf32": np.float32}.get(kind, values.dtype))


SHAPES = [("m16n8k16", "f16"), ("m16n8k8", "f16"), ("m16n8k16", "bf16"), ("m16n8k8", "bf16"), ("m16n8k8", "tf32"),
          ("m16n8k4", "tf32"), ("m16n8k32", "s8"), ("m16n8k16", "s8"), ("m16n8k32", "u8")]


@pytest.mark.parametrize("shape, kind", SHAPES)
def test_mma(device, shape, kind):
    k = int(shape.split("k")[1])
    dtype = {"s8": np.int8, "u8": np.uint8}.get(kind, np.float32)
    a, b = small((16, k), dtype), small((k, 8), dtype)
    isint = dtype != np.float32
    c = RANDOM.integers(-100, 100, (16, 8)).astype(np.int32 if isint else np.float32)
    per_register = {"f16": 2, "bf16": 2, "tf32": 1}.get(kind, 4)
    fa, fb = fragments(encode(a, kind), per_register, True), fragments(encode(b, kind), per_register, False)
    fc = [np.array([c[l // 4 + i // 2 * 8, l % 4 * 2 + i % 2] for l in range(32)]).view(np.uint32) for i in range(4)]
    acc = "s32" if isint else "f32"
    result = launch_mma(device, f"mma.sync.aligned.{shape}.row.col.{acc}.{kind}.{kind}.{acc}", fa, fb, fc, 4)
    expected = a.astype(np.float64) @ b.astype(np.float64) + c
    got = np.zeros((16, 8), c.dtype)
    for i in range(4):
        for lane in range(32):
            got[lane // 4 + i // 2 * 8, lane % 4 * 2 + i % 2] = result[i].view(c.dtype)[lane]
    assert np.array_equal(got, expected)


def launch_mma(device, opcode, fa, fb, fc, results):
    sources = [*fa, *fb, *fc]
    names = [f"%r{10 + i}" for i in range(len(sources))]
    inputs = device.array(np.stack(sources))
    out = device.array(np.zeros((results, 32), np.uint32))
    body = "mov.u32 %r1, %tid.x; mul.wide.u32 %rd1, %r1, 4; add.u64 %rd2, %in0, %rd1; add.u64 %rd3, %in1, %rd1;"
    body += "".join(f"ld.global.u32 {name}, [%rd2+{128 * i}];" for i, name in enumerate(names))
    group = lambda start, n: "{" + ", ".join(names[start:start + n]) + "}"
    d = "{" + ", ".join(f"%r{40 + i}" for i in range(results)) + "}"
    body += f"{opcode} {d}, {group(0, len(fa))}, {group(len(fa), len(fb))}, {group(len(fa) + len(fb), len(fc))};"
    body += "".join(f"st.global.u32 [%rd3+{128 * i}], %r{40 + i};" for i in range(results))
    device.load(kernel(body, params=2)).launch("k", 1, 32, [inputs, out])
    return out.read()


def test_mma_with_half_accumulators(device):
    a, b = small((16, 16), np.float32), small((16, 8), np.float32)
    c = small((16, 8), np.float32).astype(np.float16)
    fc = [
        np.frombuffer(b"".join(c[l // 4 + 8 * r, l % 4 * 2:l % 4 * 2 + 2].tobytes() for l in range(32)), np.uint32)
        for r in range(2)
    ]
    result = launch_mma(device, "mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16",
                        fragments(encode(a, "f16"), 2, True), fragments(encode(b, "f16"), 2, False), fc, 2)
    got = result.view(np.float16).reshape(2, 8, 4, 2).reshape(16, 8)
    assert np.array_equal(got, (a.astype(np.float64) @ b + c).astype(np.float16))


def test_integer_mma_saturates_when_asked(device):
    a, b = np.full((16, 32), 127, np.int8), np.full((32, 8), 127, np.int8)
    fc = [np.full(32, 2 ** 31 - 5, np.uint32)] * 4
    factors = fragments(a, 4, True), fragments(b, 4, False)
    wrapped = launch_mma(device, "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32", *factors, fc, 4)
    assert set(wrapped.ravel().tolist()) == {2 ** 31 - 5 + 32 * 127 * 127}
    clamped = launch_mma(device, "mma.sync.aligned.m16n8k32.row.col.satfinite.s32.s8.s8.s32", *factors, fc, 4)
    assert set(clamped.ravel().tolist()) == {2 ** 31 - 1}


def test_async_copy_is_made_at_its_wait_and_fills_with_zeros(device):
    before = SHARED
    fill = ("mov.u32 %r4, s; shl.b32 %r5, %r1, 2; add.u32 %r4, %r4, %r5; st.shared.u32 [%r4], 7;"
            "add.u64 %rd2, %in0, %rd1;")
    copy = "cp.async.ca.shared.global [%r4], [%rd2], 4{}; cp.async.commit_group; {} ld.shared.u32 %r10, [%r4];"
    values = RANDOM.integers(10, 1000, 32)
    assert run(device, fill + copy.format("", ""), values, before=before).tolist() == [7] * 32
    assert run(device, fill + copy.format("", "cp.async.wait_group 1;"), values, before=before).tolist() == [7] * 32
    assert run(device, fill + copy.format("", "cp.async.wait_group 0;"), values,
               before=before).tolist() == values.tolist()
    assert run(device, fill + copy.format(", 0", "cp.async.wait_all;"), values, before=before).tolist() == [0] * 32


def test_three_dimensional_grids_and_blocks(device):
    body = (
        "mov.u32 %r1, %tid.x; mov.u32 %r2, %tid.y; mov.u32 %r3, %tid.z; mov.u32 %r4, %ctaid.x; mov.u32 %r5, %ctaid.y;"
        "mov.u32 %r6, %ctaid.z; mov.u32 %r7, %nctaid.x; mov.u32 %r8, %nctaid.y;"
        "mad.lo.u32 %r9, %r6, %r8, %r5; mad.lo.u32 %r9, %r9, %r7, %r4; mad.lo.u32 %r9, %r9, 4, %r3;"
        "mad.lo.u32 %r9, %r9, 3, %r2; mad.lo.u32 %r9, %r9, 5, %r1; mul.wide.u32 %rd1, %r9, 4; add.u64 %rd1, %in0, %rd1;"
        "st.global.u32 [%rd1], %r9;")
    out = device.array(np.zeros(2 * 3 * 2 * 60, np.uint32))
    device.load(kernel(body)).launch("k", (2, 3, 2), (5, 3, 4), [out])
    assert out.read().tolist() == list(range(720))


def test_generic_addresses_reach_every_space(device):
    before = SHARED + ".const .align 4 .u32 c = 50;"
    body = (
        ".local .align 4 .b8 l[8]; mov.u64 %rd3, l; cvta.local.u64 %rd3, %rd3; st.u32 [%rd3+4], 1;"
        "mov.u64 %rd4, s; cvta.shared.u64 %rd4, %rd4; add.u64 %rd4, %rd4, %rd1; st.u32 [%rd4], 20;"
        "mov.u64 %rd5, c; cvta.const.u64 %rd5, %rd5; isspacep.shared %p1, %rd4; isspacep.shared %p2, %rd3;"
        "ld.u32 %r4, [%rd3+4]; ld.u32 %r5, [%rd4]; ld.u32 %r6, [%rd5]; add.u32 %r10, %r4, %r5; add.u32 %r10, %r10, %r6;"
        "@%p1 add.u32 %r10, %r10, 300; @%p2 add.u32 %r10, %r10, 4000;")
    assert set(run(device, body, before=before)) == {371}


def test_scopes_hide_names(device):
    body = "mov.u32 %r10, 1; { .reg .b32 %x; mov.u32 %x, 5; { .reg .b32 %x; mov.u32 %x, 9; } add.u32 %r10, %r10, %x; }"
    assert set(run(device, body)) == {6}


def test_versions_and_headers_are_read(device):
    device.load(
        HEADER +
        ".file 1 \"a.cu\"\n.visible .entry k() .maxntid 32, 1, 1 .minnctapersm 2 {"
        " .loc 1 3 4\n.pragma \"nounroll\"; ret; }"
        "\n.section .debug_str { .b8 1 }").launch("k", 1, 32, [])


def test_clocks_go_forward_and_hints_change_nothing(device):
    body = ("mov.u64 %rd5, %clock64; mov.u64 %rd6, %globaltimer; nanosleep.u32 20; membar.gl; fence.acq_rel.gpu;"
            "prefetch.global.L2 [%in0]; bar.warp.sync -1; mov.u64 %rd7, %clock64; sub.u64 %rd7, %rd7, %rd5;"
            "cvt.u32.u64 %r4, %rd7; setp.lt.u32 %p1, %r4, 1000000000; selp.b32 %r10, 1, 0, %p1;")
    assert set(run(device, body)) == {1}


def test_vectors_are_loaded_and_stored_at_once(device):
    body = ("mov.u32 %r4, s; shl.b32 %r5, %r1, 4; add.u32 %r4, %r4, %r5; st.shared.v4.u32 [%r4], {%r1, 2, %r2, 4};"
            "ld.shared.v2.u32 {%r6, _}, [%r4]; ld.shared.v2.b64 {%rd5, %rd6}, [%r4]; shr.u64 %rd5, %rd5, 32;"
            "cvt.u32.u64 %r7, %rd5; cvt.u32.u64 %r8, %rd6; ld.shared.s8 %r9, [%r4+8];"
            "add.u32 %r10, %r6, %r7; add.u32 %r10, %r10, %r8; add.u32 %r10, %r10, %r9;")
    values = RANDOM.integers(0, 256, 32).astype(np.uint32)
    expected = LANES + 2 + values + values.astype(np.uint8).view(np.int8)
    assert run(device, body, values, before=SHARED).tolist() == expected.tolist()
