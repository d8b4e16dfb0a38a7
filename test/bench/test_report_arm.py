"""bench/report_arm.py: which loop of a kernel is the hot one."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from report_arm import hot_loops, innermost_loops, multiply_adds, page

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


def test_page_says_what_the_figures_are_not():
    text = page([{"model": "m", "neoverse-n1": 95.5}], "aarch64")
    assert "| m | 95.5 |" in text
    assert "What they are not: times, or anything measured on Arm hardware" in text
    assert "llvm-mca of LLVM version" in text
