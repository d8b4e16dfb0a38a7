"""What a kernel does wrong is found, and said in one line: kernel, line, block, thread, what."""
import re

import numpy as np
import pytest

from device import HEADER, CudaError, Device, call, kernel


@pytest.fixture
def device():
    with Device() as device:
        yield device


def fails(device, capfd, body, error, message, grid=1, block=32, arguments=None, before="", shared=0):
    """The kernel's body stops with the CUDA error, and the line says `message` (a regular expression)."""
    x = arguments or [device.array(np.zeros(64, np.float32))]
    text = kernel(body, params=len(x)).replace(".visible", before + "\n.visible")
    with pytest.raises(CudaError, match=error):
        device.load(text).launch("k", grid, block, x, shared=shared)
    printed = capfd.readouterr().err
    assert re.search(message, printed), printed
    call("cuDevicePrimaryCtxReset_v2", 0)
    assert re.match(r"ptx: kernel k(, function \w+)?, line \d+, block \(\d+,\d+,\d+\), thread \(\d+,\d+,\d+\): .*\n$",
                    printed)


def passes(device, body, **options):
    x = device.array(np.zeros(64, np.float32))
    before = options.pop("before", "")
    device.load(kernel(body).replace(".visible", before + "\n.visible")).launch("k", 1, options.pop("block", 32), [x],
                                                                                **options)


BUFFER = ".shared .align 16 .b8 s[1024];"
OWN = "mov.u32 %r1, %tid.x; shl.b32 %r2, %r1, 2; mov.u32 %r3, s; add.u32 %r3, %r3, %r2;"


@pytest.mark.parametrize("access", ["ld.global.f32 %f1, [%rd2];", "st.global.f32 [%rd2], 0f00000000;",
                                    "atom.global.add.u32 %r2, [%rd2], 1;", "ld.global.nc.u8 %h1, [%rd2];"])
def test_global_access_out_of_bounds(device, capfd, access):
    body = "mov.u32 %r1, %tid.x; mul.wide.u32 %rd1, %r1, 16; add.u64 %rd2, %in0, %rd1;" + access
    fails(device, capfd, body, "ILLEGAL_ADDRESS",
          r"thread \(16,0,0\): out-of-bounds access .*allocation of 256 bytes starts 256 bytes before")


def test_global_access_before_an_allocation(device, capfd):
    fails(device, capfd, "ld.global.f32 %f1, [%in0+-4];", "ILLEGAL_ADDRESS", "no allocation is near|starts")


def test_global_access_over_the_end(device, capfd):
    fails(device, capfd, "ld.global.v4.f32 {%f1,%f2,%f3,%f4}, [%in0+240]; ld.global.v2.f32 {%f1,%f2}, [%in0+256];",
          "ILLEGAL_ADDRESS", "access of 8 bytes")


def test_freed_memory(device, capfd):
    x = device.array(np.zeros(4, np.float32))
    call("cuMemFree_v2", x.address)
    fails(device, capfd, "ld.global.f32 %f1, [%in0];", "ILLEGAL_ADDRESS", "out-of-bounds", arguments=[x])


def test_a_host_pointer(device, capfd):
    host = np.zeros(4, np.float32)
    fails(device,
          capfd,
          "ld.global.f32 %f1, [%in0];",
          "ILLEGAL_ADDRESS",
          "out-of-bounds",
          arguments=[np.uint64(host.ctypes.data)])


@pytest.mark.parametrize("access, size", [("ld.global.f32 %f1, [%in0+2];", 4),
                                          ("ld.global.v4.f32 {%f1,%f2,%f3,%f4}, [%in0+8];", 16),
                                          ("st.global.f64 [%in0+4], 0d0000000000000000;", 8),
                                          ("ld.global.v2.f32 {%f1,%f2}, [%in0+4];", 8)])
def test_misaligned_global_access(device, capfd, access, size):
    fails(device, capfd, access, "MISALIGNED_ADDRESS", f"misaligned access of {size} bytes")


def test_shared_access_out_of_bounds(device, capfd):
    fails(device,
          capfd,
          "mov.u32 %r1, s; st.shared.u32 [%r1+1024], %r1;",
          "ILLEGAL_ADDRESS",
          "at 1024 in 1024 bytes of shared",
          before=BUFFER)


def test_dynamic_shared_memory_has_the_size_of_the_launch(device, capfd):
    before = ".extern .shared .align 16 .b8 d[];"
    body = "mov.u32 %r1, d; st.shared.u32 [%r1+60], %r1;"
    passes(device, body, before=before, shared=64)
    fails(device, capfd, body, "ILLEGAL_ADDRESS", "at 60 in 60 bytes of shared", before=before, shared=60)


def test_generic_shared_access_out_of_bounds(device, capfd):
    body = "mov.u64 %rd1, s; cvta.shared.u64 %rd2, %rd1; st.u32 [%rd2], 1; st.u32 [%rd2+2048], 1;"
    fails(device, capfd, body, "ILLEGAL_ADDRESS", "at 2048 in 1024 bytes of shared", before=BUFFER)


def test_local_access_out_of_bounds(device, capfd):
    body = ".local .align 4 .b8 l[16]; mov.u64 %rd1, l; st.local.u32 [%rd1+12], 1; st.local.u32 [%rd1+16], 1;"
    fails(device, capfd, body, "ILLEGAL_ADDRESS", "at 16 in 16 bytes of local")


def test_parameter_out_of_bounds(device, capfd):
    fails(device, capfd, "ld.param.u64 %rd1, [p0+8];", "ILLEGAL_ADDRESS", "at 8 in 8 bytes of parameters")


def test_misaligned_shared_access(device, capfd):
    fails(device, capfd, "st.shared.u32 [s+2], 1;", "MISALIGNED_ADDRESS", "misaligned access of 4", before=BUFFER)


def test_reading_shared_memory_that_nobody_wrote(device, capfd):
    fails(device,
          capfd,
          "ld.shared.u32 %r1, [s+8];",
          "ILLEGAL_ADDRESS",
          "byte 8, which nobody has written",
          before=BUFFER)


def test_shared_memory_is_new_in_every_block(device, capfd):
    body = "mov.u32 %r1, %ctaid.x; setp.eq.u32 %p1, %r1, 0; @%p1 st.shared.u32 [s], 1; @!%p1 ld.shared.u32 %r1, [s];"
    fails(device, capfd, body, "ILLEGAL_ADDRESS", r"block \(1,0,0\).*nobody has written", grid=2, before=BUFFER)


NEIGHBOUR = OWN + ("st.shared.u32 [%r3], %r1; bar.sync 0; st.shared.u32 [%r3], %r1; {} xor.b32 %r4, %r2, 128;"
                   "mov.u32 %r5, s; add.u32 %r5, %r5, %r4; {}")


@pytest.mark.parametrize("access, verb", [("ld.shared.u32 %r6, [%r5];", "reads"),
                                          ("st.shared.u32 [%r5], %r1;", "writes"),
                                          ("atom.shared.add.u32 %r6, [%r5], 1;", "updates")])
def test_race_after_a_write(device, capfd, access, verb):
    passes(device, NEIGHBOUR.format("bar.sync 0;", access), before=BUFFER, block=64)
    fails(device,
          capfd,
          NEIGHBOUR.format("", access),
          "LAUNCH_FAILED",
          f"race: warp . ({verb} shared memory byte .*, which warp . writes|writes .* which warp . {verb})",
          before=BUFFER,
          block=64)


def test_race_of_a_write_after_a_read(device, capfd):
    body = OWN + ("st.shared.u32 [%r3], %r1; bar.sync 0; ld.shared.u32 %r6, [%r3]; {} xor.b32 %r4, %r2, 128;"
                  "mov.u32 %r5, s; add.u32 %r5, %r5, %r4; st.shared.u32 [%r5], %r1;")
    passes(device, body.format("bar.sync 0;"), before=BUFFER, block=64)
    fails(device,
          capfd,
          body.format(""),
          "LAUNCH_FAILED",
          "race: warp . (writes .* which warp . reads|reads .* which warp . writes)",
          before=BUFFER,
          block=64)


def test_race_of_a_byte_inside_of_a_word(device, capfd):
    body = ("mov.u32 %r1, %tid.x; shr.u32 %r2, %r1, 5; setp.eq.u32 %p1, %r2, 0; @%p1 st.shared.u32 [s], 7;"
            "@!%p1 st.shared.u8 [s+{}], %r1;")
    passes(device, body.format(4).replace("%r1;", "7;"), before=BUFFER, block=64)
    fails(device, capfd, body.format(3).replace("%r1;", "7;"), "LAUNCH_FAILED", "byte 3", before=BUFFER, block=64)


def test_atomics_of_several_warps_do_not_race(device):
    passes(device,
           OWN + "setp.eq.u32 %p1, %r1, 0; @%p1 st.shared.u32 [s], 0; bar.sync 0; red.shared.add.u32 [s], 1;",
           before=BUFFER,
           block=96)


def test_a_read_beside_atomics_is_a_race(device, capfd):
    body = (
        "mov.u32 %r1, %tid.x; setp.eq.u32 %p1, %r1, 0; @%p1 st.shared.u32 [s], 0; bar.sync 0;"
        "red.shared.add.u32 [s], 1;"
        "ld.shared.u32 %r2, [s];")
    fails(device,
          capfd,
          body,
          "LAUNCH_FAILED",
          "race: warp . (updates .* which warp . reads|reads .* which warp . updates)",
          before=BUFFER,
          block=64)


def test_lanes_of_a_warp_that_write_different_values(device, capfd):
    passes(device, "st.shared.u32 [s], 7;", before=BUFFER)
    fails(device,
          capfd,
          OWN + "st.shared.u32 [s], %r1;",
          "LAUNCH_FAILED",
          "another lane of the warp writes other values",
          before=BUFFER)


def test_a_barrier_of_some_warps_orders_them(device, capfd):
    body = OWN + (
        "st.shared.u32 [%r3], %r1; bar.sync 0; shr.u32 %r7, %r1, 5; setp.lt.u32 %p1, %r7, 2; @!%p1 bra $done;"
        "st.shared.u32 [%r3], %r1; {}"
        "xor.b32 %r4, %r2, 128; mov.u32 %r5, s; add.u32 %r5, %r5, %r4; ld.shared.u32 %r6, [%r5]; $done:")
    passes(device, body.format("bar.sync 1, 64;"), before=BUFFER, block=96)
    fails(device, capfd, body.format(""), "LAUNCH_FAILED", "race", before=BUFFER, block=96)


def test_barrier_that_some_threads_have_left(device, capfd):
    body = "mov.u32 %r1, %tid.x; setp.ge.u32 %p1, %r1, {}; @%p1 exit; bar.sync 0;"
    fails(device,
          capfd,
          body.format(40),
          "LAUNCH_FAILED",
          "divergent barrier 0: 40 of 64 threads arrive, 24 have exited",
          block=64)
    fails(device,
          capfd,
          body.format(32),
          "LAUNCH_FAILED",
          "divergent barrier 0: 32 of 64 threads arrive, 32 have exited",
          block=64)


def test_barriers_of_different_numbers(device, capfd):
    body = "mov.u32 %r1, %tid.x; shr.u32 %r1, %r1, 5; bar.sync %r1;"
    fails(device, capfd, body, "LAUNCH_FAILED", "1 warps are at other barriers", block=64)


def test_barrier_in_one_branch_of_a_warp(device, capfd):
    body = "mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 8; @%p1 bra $a; bar.sync 0; bra $b; $a: bar.sync 1; $b:"
    fails(device, capfd, body, "LAUNCH_FAILED", "divergent: waits for lanes")


def test_shuffle_that_misses_a_lane(device, capfd):
    body = ("mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 8; @%p1 bra $a; shfl.sync.idx.b32 %r2, %r1, 0, 31, {0}; bra $b;"
            "$a: shfl.sync.idx.b32 %r2, %r1, 0, 31, {1}; $b:")
    passes(device, body.format(0xffffff00, 0xff).replace("%r1, 0, 31, 4294967040", "%r1, 9, 31, 4294967040"))
    fails(device, capfd, body.format(-1, -1), "LAUNCH_FAILED", "divergent: waits for lanes")


def test_shuffle_that_reads_a_lane_outside_of_the_mask(device, capfd):
    body = "mov.u32 %r1, %tid.x; setp.lt.u32 %p1, %r1, 8; @%p1 shfl.sync.idx.b32 %r2, %r1, 9, 31, 255;"
    fails(device, capfd, body, "ILLEGAL_INSTRUCTION", "reads lane 9, which does not take part")


def test_trap(device, capfd):
    fails(device, capfd, "trap;", "LAUNCH_FAILED", "trap")


def test_branch_index_out_of_range(device, capfd):
    body = "mov.u32 %r1, 2; t: .branchtargets $a, $b; brx.idx %r1, t; $a: $b:"
    fails(device, capfd, body, "ILLEGAL_INSTRUCTION", "branch index 2 of 2 targets")


def test_async_copy_over_what_another_warp_still_reads(device, capfd):
    body = OWN + ("st.shared.u32 [%r3], %r1; bar.sync 0; ld.shared.u32 %r6, [s]; {} setp.eq.u32 %p1, %r1, 32;"
                  "@%p1 cp.async.ca.shared.global [s], [%in0], 4; cp.async.wait_all;")
    passes(device, body.format("bar.sync 0;"), before=BUFFER, block=64)
    fails(device,
          capfd,
          body.format(""),
          "LAUNCH_FAILED",
          "race: warp . .* shared memory byte 0, which warp",
          before=BUFFER,
          block=64)


def test_the_function_is_named(device, capfd):
    before = ".func bad(.param .b64 a) { .reg .b64 %x; ld.param.u64 %x, [a]; st.global.u32 [%x+1024], 1; ret; }"
    body = "{ .param .b64 a; st.param.b64 [a], %in0; call bad, (a); }"
    fails(device, capfd, body, "ILLEGAL_ADDRESS", "kernel k, function bad, line", before=before)


@pytest.mark.parametrize("text, message", [("add.u32 %r1, %r2;", "has 2 operands, needs 3"),
                                           ("frobnicate.u32 %r1;", "unknown instruction 'frobnicate.u32'"),
                                           ("add.blue.u32 %r1, %r1, %r1;", "unknown modifier '.blue'"),
                                           ("add.u32 %r1, %r1, %rd1;", "has 64 bits, the operand 32"),
                                           ("add.u32 %rd1, %r1, %r1;", "has 64 bits, the result 32"),
                                           ("bra $nowhere;", "no label '$nowhere'"),
                                           ("mov.u32 %r1, %nosuch;", "unknown register '%nosuch'"),
                                           ("ld.shared.u32 %r1, [p0];", "lies in another state space"),
                                           ("add.u32 %r1, %r1, 0f3F800000;", "a float stands for"),
                                           ("call nobody;", "function 'nobody' is not defined"),
                                           ("ld.global.v2.f32 {%f1}, [%in0];", "the vector has not 2 elements"),
                                           ("wgmma.fence.sync.aligned;", "unknown instruction"),
                                           ("cp.async.bulk.commit_group;", "unknown modifier '.bulk'"),
                                           ("setp.lt.u32 %r1, %r1, %r1;", "has 32 bits, the result 1"),
                                           ("mov.u32 %r1", "expected"),
                                           ("add.u8 %h1, %h1, %h1;", "'add.u8' is not supported"),
                                           ("$a: $a:", "label '$a' is defined twice"),
                                           ("mov.u32 %r1, 0xZZ;", "is no number"),
                                           ("ld.global.u32 %r1, [%in0;", "expected"),
                                           (".blah 3;", "unknown directive '.blah'")])
def test_errors_of_the_text_name_the_line(device, capfd, text, message):
    with pytest.raises(CudaError, match="INVALID_PTX"):
        device.load(kernel("\n\n" + text))
    printed = capfd.readouterr().err
    assert message in printed and re.match(r"ptx: line \d+: .*\n$", printed), printed


@pytest.mark.parametrize("text, message",
                         [("", "a module starts with .version"), (".version x", "expected a version"),
                          (HEADER + ".entry k() {", "has no end"),
                          (HEADER + ".global .b32 x = 1, 2;", "a variable has no type"),
                          (HEADER + ".global .align 3 .b8 x[4];", "no power of two"),
                          (HEADER + ".global .b32 x[2] = {1, 2, 3};", "has an initializer of 12"),
                          (HEADER + "/* no end", "a comment has no end"),
                          (HEADER + ".entry k(.param .u64 a, .param .u64 a) { ret; }", "defined twice"),
                          (HEADER + ".entry k() .odd 3 { ret; }", "unknown directive '.odd'")])
def test_errors_of_declarations(device, capfd, text, message):
    with pytest.raises(CudaError, match="INVALID_PTX"):
        device.load(text)
    assert message in capfd.readouterr().err


def test_broken_texts_are_refused_and_do_not_crash(device, capfd):
    good = kernel(OWN + "$l: st.shared.v2.u32 [s+8], {%r1, 2}; @%p1 bra $l; mov.b64 {%r1, %r2}, %rd1;").replace(
        ".visible", BUFFER + ".visible")
    rng = np.random.default_rng(0)
    for _ in range(400):
        text = list(good)
        for _ in range(rng.integers(1, 6)):
            at = rng.integers(0, len(text))
            text[at] = rng.choice(list("{}[]();:,.%@!-|=_$ab09\n\" ")) if rng.integers(2) else ""
        try:
            device.load("".join(text))
        except CudaError as error:
            assert "INVALID_PTX" in str(error) or "NO_BINARY" in str(error) or "PTX_VERSION" in str(error)
    capfd.readouterr()
