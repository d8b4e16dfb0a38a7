"""bench/arm_instructions.py: the plugin counts exactly, a model's run stands between its marks, and the page."""
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import arm_instructions
import arm_root
from arm_instructions import build_plugin, count_quern, counting, counts, millions, page, write_section
from emulated import MACHINES

ARM = MACHINES["aarch64"]
LOOP = """
#include <unistd.h>
int main(int argc, char **argv) {
  for (int part = 1; part <= 2; part++) {
    long rounds = part * 1000000;
    getppid();
    __asm__ volatile("1: subs %0, %0, #1\\n\\tb.ne 1b" : "+r"(rounds) : : "cc");
    getppid();
  }
}
"""


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    return build_plugin(tmp_path_factory.mktemp("plugin"))


def test_counts_the_instructions_between_two_marks(tmp_path, plugin):
    (tmp_path / "loop.c").write_text(LOOP)
    subprocess.run([ARM.compiler, "-O1", tmp_path / "loop.c", "-o", tmp_path / "loop"], check=True)
    emulator, *rest = ARM.command(tmp_path / "loop")
    subprocess.run([emulator, *counting(plugin, tmp_path / "log"), *rest], check=True)
    first, second = counts(tmp_path / "log")
    assert 2_000_000 <= first < 2_000_100, "two instructions a round and the calls of getppid"
    assert second - first == 2_000_000


def test_counts_one_run_of_a_model(tmp_path, plugin):
    def count(rows, runs):
        model = onnx.parser.parse_model(f"""<ir_version: 8, opset_import: ["": 17]>
            graph (float[{rows},64] x) => (float[{rows},64] y) {{ y = MatMul (x, w) }}""")
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.eye(64, dtype=np.float32), "w"))
        onnx.save(model, tmp_path / "model.onnx")
        x = np.arange(rows * 64, dtype=np.float32).reshape(rows, 64)
        instructions, (y,) = count_quern(tmp_path / "model.onnx", {"x": x}, runs, "cortex-a72", plugin, tmp_path)
        np.testing.assert_array_equal(x, y)
        return instructions
    small, large = count(600, 2), count(1200, 2)
    least = 600 * 64 * 64 / 4    # multiply-adds of four lanes
    assert least < small < 2 * least
    assert large / small == pytest.approx(2, rel=0.01)
    assert count(600, 3) == small, "the third run executes what the second did"


ROWS = [{"model": "a", "Quern": 2_000_000, "ORT": 4_000_000, "ratio": 2.0, "error": 1e-7, "ORT error": 1e-7},
        {"model": "b", "Quern": 1_000_000, "ORT": 8_000_000, "ratio": 8.0, "error": 1e-7, "ORT error": 1e-7}]


def test_the_table_ends_with_the_geometric_mean():
    assert millions(ROWS)[0]["Quern"] == "2.000"
    assert millions(ROWS)[-1] | {} == dict.fromkeys(ROWS[0], "") | {"model": "geometric mean", "ratio": 4.0}


def test_the_page_says_what_the_figures_are_not():
    text = page(ROWS, "cortex-a72", 123_000)
    assert "| a | 2.000 | 4.000 | 2.0 |" in text
    assert "What they are not: times" in text
    assert "0.123 million" in text


def test_the_section_is_replaced_and_what_stands_before_it_kept(tmp_path):
    path = tmp_path / "out/arm.md"
    write_section(path, arm_instructions.HEADING + "\n\nfirst\n")
    assert path.read_text() == arm_instructions.HEADING + "\n\nfirst\n"
    path.write_text("# Hot loops\n\ntext\n")
    for text in ("first", "second"):
        write_section(path, f"{arm_instructions.HEADING}\n\n{text}\n")
    assert path.read_text() == f"# Hot loops\n\ntext\n\n{arm_instructions.HEADING}\n\nsecond\n"


def test_short_models_are_warmed_up(tmp_path):
    model = tmp_path / "model.onnx"
    assert arm_instructions.runs_for(model) == 2
    for flops, runs in ((1e6, 2), (1e10, 1)):
        model.with_suffix(".json").write_text(f'{{"flops": {flops}}}')
        assert arm_instructions.runs_for(model) == runs


def test_the_root_tells_onnxruntime_what_machine_it_is(tmp_path):
    arm_root.write_machine_files(tmp_path)
    assert "CPU part\t: 0xd08" in (tmp_path / "proc/cpuinfo").read_text()
    assert (tmp_path / "sys/devices/system/cpu/possible").read_text() == "0\n"
    kept = arm_root.environment(tmp_path, Path("/bench"))
    assert kept["PYTHONPATH"] == f"{tmp_path}/site:/bench" and kept["PYTHONHOME"] == f"{tmp_path}/usr"
