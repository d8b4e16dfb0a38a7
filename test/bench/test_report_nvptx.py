"""bench/report_nvptx.py: occupancy by the limits of the devices, bounds, and kernels as ptxas sees them."""
import shutil
import sys
from pathlib import Path

import onnx
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from report_nvptx import DEVICES, arithmetic, assemble, bound, faults, measure, occupancy, page

A100 = DEVICES["sm_80"]
needs_ptxas = pytest.mark.skipif(not shutil.which("ptxas"), reason="there is no ptxas")


@pytest.mark.parametrize("threads, registers, shared, share, limit", [
    (256, 32, 0, 1, "threads"),
    (256, 64, 0, 0.5, "registers"),    # 65536 / (64 * 32) = 32 warps
    (256, 168, 8448, 0.125, "registers"),    # 12 warps of 5376 registers each: one block of 8
    (128, 48, 43 << 10, 3 * 4 / 64, "shared memory"),    # 3 blocks of 44 KB in 164
    (32, 16, 0, 0.5, "blocks"),
])
def test_occupancy_of_an_a100(threads, registers, shared, share, limit):
    assert occupancy(A100, threads, registers, shared) == (share, limit)


def test_bounds():
    assert bound(A100, "f32", 2 * 1024**3, 3 * 4 * 1024**2) == (2 * 1024**3 / 19.5e12, "f32")
    assert bound(A100, "f16", 2 * 1024**3, 300 * 1024**2) == (300 * 1024**2 / 2.039e12, "memory")
    assert bound(A100, "f32", "2*batch", 4) == (None, "-")


def test_products_are_held_against_their_own_peak():
    assert arithmetic("fma.rn.f32 %f1, %f2, %f3, %f4;") == "f32"
    assert arithmetic("fma.rn.f64 %fd1, %fd2, %fd3, %fd4;") == "f64"
    assert arithmetic("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {...}") == "bf16"
    assert arithmetic("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {...}") == "tf32"


def save(path):
    onnx.save(onnx.parser.parse_model("""
        <ir_version: 8, opset_import: ["" : 18]> m (float[512,256] x, float[256,768] w, float[n,100] z) => (float[512,768] y, float[n,100] s)
        {
            y = MatMul (x, w)
            s = Softmax (z)
        }"""), path)
    return path


@needs_ptxas
@pytest.mark.parametrize("target", DEVICES)
def test_rows(tmp_path, target):
    rows = {row["algorithm"]: row for row in measure(save(tmp_path / "m.onnx"), target)}
    assert set(rows) == {"tiled_gemm", "threads"}
    product, softmax = rows["tiled_gemm"], rows["threads"]
    assert product["MFLOP"] == round(2 * 512 * 256 * 768 / 1e6, 3)
    assert product["MB"] == round(4 * (512 * 256 + 256 * 768 + 512 * 768) / 1e6, 3)
    assert product["registers"] > 16 and product["shared"] > 0 and 0 < product["occupancy %"] <= 100
    assert softmax["MFLOP"] is None and softmax["bound"] == "-"
    assert faults(rows.values()) == []


@needs_ptxas
def test_page_says_what_the_figures_are_not(tmp_path):
    text = page(measure(save(tmp_path / "m.onnx"), "sm_90a"), "sm_90a")
    assert "What they are not: times, or anything measured on a device" in text
    assert "H100" in text and "| m | k0 |" in text


@needs_ptxas
def test_what_does_not_assemble_is_a_fault(tmp_path):
    path = tmp_path / "k.ptx"
    path.write_text(".version 7.8\n.target sm_80\n.address_size 64\n.visible .entry k() { nonsense; }\n")
    said = assemble(path, "sm_80")
    assert "nonsense" in said["error"] or "error" in said["error"]
    row = {"model": "m", "kernel": "k", "error": said["error"], "spills": 0}
    assert len(faults([row])) == 1
    assert len(faults([row | {"error": "-", "spills": 8}])) == 1
