"""bench/report_arm.py: which loop of a kernel is the hot one."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from report_arm import CORES, describe, goal, hot_loops, innermost_loops, misses, multiply_adds, page, shares, summary

ASSEMBLY = """
k0_neon:                                // @k0_neon
\tbti\tc
.LBB0_1:                                // the outer loop
\tmov\tx1, x2
.LBB0_2:
\tldr\ts0, [x0]                         // fmla in a comment
\tfmla\tv1.4s, v2.4s, v0.s[0]
\tfmla\tv3.4s, v2.4s, v0.s[0]
\tsubs\tx1, x1, #1
\tb.ne\t.LBB0_2
.LBB0_3:
\tfmls\tv1.4s, v2.4s, v0.s[0]
\tcbnz\tx3, .LBB0_3
\tb.lo\t.LBB0_1
\tret
k1_neon:
.LBB1_1:
\tadd\tx0, x0, #4
\ttbnz\tw0, #3, .LBB1_1
\tb\t.LBB1_2
.LBB1_2:
\tret
"""


def test_loops_around_are_not_innermost():
    assert [(function, len(loop)) for function, loop in innermost_loops(ASSEMBLY)] == [("k0_neon", 5), ("k0_neon", 2), ("k1_neon", 2)]


def test_the_hot_loop_has_the_most_multiply_adds():
    hot = hot_loops(ASSEMBLY)
    assert set(hot) == {"k0_neon"}, "a function that never multiplies and adds has none"
    assert multiply_adds(hot["k0_neon"]) == 2
    assert not any("//" in line for line in hot["k0_neon"])


EPILOGUE = """
k0_neon:
.LBB0_1:
\tfmla\tv1.4s, v2.4s, v0.s[0]
\tcbnz\tx3, .LBB0_1
.LBB0_2:
\tfmla\tv1.4s, v2.4s, v0.4s
\tfmla\tv3.4s, v2.4s, v0.4s
\tstr\tq0, [sp, #16]
\tcbnz\tx3, .LBB0_2
"""


def test_products_are_hotter_than_what_follows_them():
    assert describe(hot_loops(EPILOGUE)["k0_neon"]) == {"multiply-adds": 1, "instructions": 2, "spills": 0, "reloads": 0}


def test_the_stack_is_written_and_read():
    found = describe(["\tstp q0, q1, [sp, #16]", "\tldr q2, [sp]", "\tldp q2, q3, [sp, #32]", "\tstr q0, [x0]"])
    assert (found["spills"], found["reloads"]) == (1, 2)


@pytest.mark.parametrize("line", ["sdot v0.4s, v1.16b, v2.4b[1]", "sudot v0.4s, v1.16b, v2.4b[1]", "smmla v0.4s, v1.16b, v2.16b",
                                  "usmmla v0.4s, v1.16b, v2.16b", "bfmmla v0.4s, v1.8h, v2.8h", "fmla v0.4s, v1.4s, v2.s[0]"])
def test_products_of_narrow_elements_count(line):
    assert multiply_adds([f"\t{line}"]) == 1


def test_a_core_has_no_share_of_what_it_lacks():
    found = shares(["\tsmmla v0.4s, v1.16b, v2.16b", "\tsmmla v3.4s, v1.16b, v2.16b"], "aarch64+i8mm")
    assert found["neoverse-n1"] is None and 0 < found["neoverse-v1"] <= 100


def row(tile, share, spills=0, **more):
    return {"model": "m", "tile": tile, "kernels": 2, "spills": spills, "reloads": spills, **dict.fromkeys(CORES, share), **more}


def test_goals():
    assert goal(row("8x12", 0)) == 94 and goal(row("6x16", 0)) == 88 and goal(row("1x32", 0)) is None
    assert goal(row("8x12", 0, instruction="smmla")) == goal(row("8x12", 0, instruction="bfmmla")) == 98
    rows = [row("6x16", 87.9), row("6x16", 88), row("-", 20, spills=3)]
    assert misses(rows) == ([rows[2]], [rows[0]])
    assert "touch the stack: 2, of products 0. Tiles below their goal: 2; the least share of one with a goal: neoverse-n1 87.9 %" in summary(rows)


def test_page_says_what_the_figures_are_not():
    text = page([row("8x12", None, instruction="smmla")], [row("6x16", 95.5)], "aarch64")
    assert "| m | 6x16 | 2 | 0 | 0 | 95.5 | 95.5 |" in text
    assert "| m | 8x12 | 2 | 0 | 0 | - | - |" in text
    assert "What they are not: times, or anything measured on Arm hardware" in text
    assert "llvm-mca of LLVM version" in text
