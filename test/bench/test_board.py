"""bench/board.py: what it packs runs without the package `quern`, and its report has every table."""
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import onnx
import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))
from artifact import Artifact

SOURCE = """<ir_version: 8, opset_import: ["": 17]> graph (float[8,64] x, int64[2] i) => (float[8,32] y, float[2,64] z) {
    t = MatMul (x, w)
    y = Relu (t)
    z = Gather (x, i)
}"""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    random = np.random.default_rng(0)
    x, w, i = random.standard_normal((8, 64), "f4"), random.standard_normal((64, 32), "f4"), np.array([1, 5])
    model = onnx.parser.parse_model(SOURCE)
    model.graph.initializer.append(onnx.numpy_helper.from_array(w, "w"))
    onnx.save(model, folder / "tiny.onnx")
    np.savez(folder / "tiny.inputs.npz", x=x, i=i)
    np.savez(folder / "tiny.outputs.npz", y=np.maximum(x.astype(np.float64) @ w, 0), z=x[i])
    (folder / "tiny.json").write_text('{"flops": 32768}')
    return folder


def board(*arguments, **options):
    return subprocess.run([sys.executable, *map(str, arguments)], check=True, capture_output=True, text=True, **options)


@pytest.fixture(scope="module")
def unpacked(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    board(BENCH / "board.py", "pack", "--models", models, "--target", "native", "--out", folder / "board.tar.gz")
    with tarfile.open(folder / "board.tar.gz") as archive:
        archive.extractall(folder)
    return folder / "quern-board"


def test_run_writes_every_table(unpacked):
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}    # no package `quern`
    board(unpacked / "board.py", "run", "--threads", "1", "--seconds", "0.05", env=alone, cwd=unpacked.parent)
    report = (unpacked / "results/report.md").read_text()
    assert all(title in report for title in ("## The machine", "## Models beside ONNX Runtime", "## Kernels, one thread"))
    cells = json.loads((unpacked / "results/peers.json").read_text())["cells"]
    assert set(cells) == {"tiny ort 1", "tiny artifact 1"}
    assert all(cell["rounds"] and cell["max_rel"] < 1e-5 for cell in cells.values())
    kernels = json.loads((unpacked / "results/kernels.json").read_text())
    assert any(row["GFLOP/s"] and row["of peak"].endswith("%") for row in kernels)
    assert json.loads((unpacked / "results/machine.json").read_text())["machine"]["cpuinfo"]


def test_an_artifact_through_ctypes(unpacked, models):
    launches = []
    artifact = Artifact(unpacked / "models/tiny.so", threads=2, profile=lambda site, ns: launches.append((site, ns)))
    with np.load(models / "tiny.inputs.npz") as inputs, np.load(models / "tiny.outputs.npz") as outputs:
        artifact.bind(dict(inputs))
        for _ in range(2):
            y, z = (output.numpy() for output in artifact.run())
            np.testing.assert_allclose(y, outputs["y"], rtol=1e-5, atol=1e-5)
            np.testing.assert_array_equal(z, outputs["z"])
    sites = artifact.manifest["sites"]
    assert [site for site, _ in launches] == 2 * list(range(len(sites))) and len(sites) == 2
    assert all(ns > 0 for _, ns in launches)


def test_an_artifact_says_what_input_is_wrong(unpacked):
    artifact = Artifact(unpacked / "models/tiny.so")
    artifact.bind({"x": np.zeros((8, 63), np.float32), "i": np.array([0, 0])})
    with pytest.raises(RuntimeError, match='input "x": dim 1 is 63, but the model wants 64'):
        artifact.run()


def test_pack_for_arm(models, tmp_path):
    """The archive holds the model for AArch64, and a roofline for it."""
    board(BENCH / "board.py", "pack", "--models", models, "--out", tmp_path / "board.tar.gz")
    with tarfile.open(tmp_path / "board.tar.gz") as archive:
        for name in ("models/tiny.so", "libroofline.so"):
            header = archive.extractfile(f"quern-board/{name}").read(20)
            assert header[:4] == b"\x7fELF" and int.from_bytes(header[18:20], "little") == 183, "EM_AARCH64"
