"""Every phase can be stopped after and started at from its text: going on from the text gives the bytes of going straight
through. The phases come from the table; the models have what travels between phases: weights, branches, loops, symbols."""
import re
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest

from quern._compiler import find_compiler

TABLE = Path(__file__).resolve().parents[2] / "compiler/Phases.inc"
PHASES = re.findall(r'^QUERN_PHASE\("(\w+)"', TABLE.read_text(), re.MULTILINE)
WITH_TEXT = PHASES[:PHASES.index("emit")]     # from "emit" on there is machine code

HEADER = '<ir_version: 8, opset_import: ["" : 18]>\n'
MODELS = {
    "conv": HEADER + """
conv (float[1,3,18,18] image) => (float[1,10] probabilities)
{
    stem = Conv <pads = [1,1,1,1], strides = [2,2]> (image, w0, b0)
    positive = Relu (stem)
    mixed = Conv (positive, w1, b1)
    both = Add (mixed, positive)
    mean = GlobalAveragePool (both)
    flat = Flatten (mean)
    logits = Gemm (flat, w2)
    probabilities = Softmax (logits)
}""",
    "mlp": HEADER + """
mlp (float[4,32] x) => (float[4,7] y)
{
    a = MatMul (x, w3)
    b = Add (a, b3)
    c = Gelu_free (b)
    y = MatMul (c, w4)
}""".replace("Gelu_free", "Tanh"),
    "control_flow": HEADER + """
control_flow (float[3,5] x, bool flag, int64 trips) => (float[N,5] chosen, float[3,5] last, float[M,3,5] all)
{
    chosen = If (flag) <then_branch = grow () => (float[6,5] g) { g = Concat <axis = 0> (x, x) },
                        else_branch = keep () => (float[3,5] k) { k = Neg (x) }>
    yes = Constant <value = bool {1}> ()
    last, all = Loop (trips, yes, x) <body = step (int64 i, bool go, float[3,5] before) => (bool on, float[3,5] after, float[3,5] seen) {
        on = Identity (go)
        after = Sin (before)
        seen = Mul (after, scale)
    }>
}""",
    "dynamic": HEADER + """
dynamic (float[batch,3,H,W] image, int64[1] k) => (float[batch,16,h,w] y, float[batch,n] best)
{
    stem = Conv <pads = [1,1,1,1], strides = [2,2]> (image, w0, b0)
    y = Relu (stem)
    mean = GlobalAveragePool (y)
    flat = Flatten (mean)
    best, where = TopK (flat, k)
}""",
}
WEIGHTS = {"w0": (16, 3, 3, 3), "b0": (16,), "w1": (16, 16, 1, 1), "b1": (16,), "w2": (16, 10), "w3": (32, 24), "b3": (24,),
           "w4": (24, 7), "scale": (3, 5)}


def quern(*arguments, code=0):
    done = subprocess.run([find_compiler(), "compile", "--quiet", "--target=x86-64", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def artifact(folder):
    return (folder / "model.so").read_bytes(), (folder / "model.h").read_text()


@pytest.fixture(scope="module", params=MODELS)
def straight(request, tmp_path_factory):
    """A folder with NAME.onnx and model.so, compiled straight through."""
    folder = tmp_path_factory.mktemp(request.param)
    random = np.random.default_rng(5)
    model = onnx.parser.parse_model(MODELS[request.param])
    for name, shape in WEIGHTS.items():
        if re.search(rf"\b{name}\b", MODELS[request.param]):
            model.graph.initializer.append(onnx.numpy_helper.from_array(random.standard_normal(shape, "f4"), name))
    onnx.checker.check_model(model, full_check=True)
    path = folder / f"{request.param}.onnx"
    onnx.save(model, path)
    quern(path, "-o", folder / "model.so")
    return path


@pytest.mark.parametrize("phase", WITH_TEXT)
def test_going_on_from_text_gives_the_same_artifact(straight, phase, tmp_path):
    text = tmp_path / f"{phase}.mlir"
    quern(straight, f"--stop-after={phase}", "-o", text)
    quern(text, f"--start-at={PHASES[PHASES.index(phase) + 1]}", "-o", tmp_path / "model.so")
    assert artifact(tmp_path) == artifact(straight.parent)


def test_text_to_text(straight, tmp_path):
    """One phase at a time: each reads only the text of the one before."""
    before = straight
    for phase in WITH_TEXT:
        after = tmp_path / f"{phase}.mlir"
        quern(before, *([f"--start-at={phase}"] if phase != PHASES[0] else []), f"--stop-after={phase}", "-o", after)
        before = after
    quern(before, "--start-at=emit", "-o", tmp_path / "model.so")
    assert artifact(tmp_path) == artifact(straight.parent)


def test_the_text_of_emit_is_assembly(straight, tmp_path):
    text = quern(straight, "--stop-after=emit")
    assert "quern_host_main:" in text and ("vfmadd" in text or straight.stem == "control_flow")
    assert text == quern(straight, "--emit=asm", "-o", "-")


# The models with weights of more than 64 elements, which later phases need.
@pytest.mark.parametrize("straight", ["conv", "mlp"], indirect=True)
def test_text_for_reading_lacks_weights(tmp_path, straight):
    text = tmp_path / "read.mlir"
    text.write_text(quern(straight, "--stop-after=graph"))
    message = quern(text, "--start-at=fuse", "-o", tmp_path / "model.so", code=3)
    assert "names the weight" in message and "--stop-after=PHASE -o FILE" in message


@pytest.mark.parametrize("options, code, message", [
    (["--start-at=import"], 2, "the first phase reads a model file, not a text"),
    (["--start-at=link"], 3, "is not what phase emit gives"),
    (["--start-at=loops", "--shape=x=1"], 2, "--shape: shapes are fixed by phase graph, which --start-at=loops leaves out"),
    (["--start-at=memory", "--target=x86-64-v3"], 3, "is for level x86-64-v4, which target x86-64-v3 has no such kernel of"),
])
def test_text_and_options_that_do_not_fit(straight, tmp_path, options, code, message):
    text = tmp_path / "loops.mlir"
    quern(straight, "--stop-after=loops", "-o", text)
    assert message in quern(text, *options, "-o", tmp_path / "model.so", code=code)
