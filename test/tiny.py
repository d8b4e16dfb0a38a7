#!/usr/bin/env python3
"""The quick loop: one small convolutional network through every phase, then run and compared. Some seconds.

    make tiny

The phases are those of compiler/Phases.inc. The oracle is onnx's reference evaluator.
"""
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

ROOT = Path(__file__).resolve().parent.parent
QUERN = ROOT / "build/bin/quern"

TEXT = """
<ir_version: 8, opset_import: ["" : 18]>
tiny (float[1,3,18,18] image) => (float[1,10] probabilities)
{
    stem = Conv <pads = [1,1,1,1], strides = [2,2]> (image, stem_weight, stem_bias)
    positive = Relu (stem)
    mixed = Conv (positive, mix_weight, mix_bias)
    both = Add (mixed, positive)
    pooled = MaxPool <kernel_shape = [2,2], strides = [2,2]> (both)
    mean = GlobalAveragePool (pooled)
    flat = Flatten (mean)
    logits = Gemm (flat, head_weight, head_bias)
    probabilities = Softmax (logits)
}
"""
WEIGHTS = {"stem_weight": (16, 3, 3, 3), "stem_bias": (16,), "mix_weight": (16, 16, 1, 1), "mix_bias": (16,),
           "head_weight": (16, 10), "head_bias": (10,)}


def tiny_model():
    rng = np.random.default_rng(0)
    model = onnx.parser.parse_model(TEXT)
    model.graph.initializer.extend(onnx.numpy_helper.from_array(0.3 * rng.standard_normal(shape, "f4"), name)
                                   for name, shape in WEIGHTS.items())
    onnx.checker.check_model(model, full_check=True)
    return model


def phases():
    return re.findall(r'^QUERN_PHASE\("(\w+)"', (ROOT / "compiler/Phases.inc").read_text(), re.MULTILINE)


def compile_model(path, *options):
    start = time.perf_counter()
    done = subprocess.run([QUERN, "compile", path, "--target", "native", *options], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"tiny: quern compile {' '.join(map(str, options))}: {done.stderr.strip()}")
    print(f"{' '.join(map(str, options[:1])):24} {(time.perf_counter() - start) * 1e3:6.0f} ms", file=sys.stderr)
    return done.stdout


def main():
    import quern
    model = tiny_model()
    with tempfile.TemporaryDirectory() as folder:
        path, library = Path(folder) / "tiny.onnx", Path(folder) / "tiny.so"
        onnx.save(model, path)
        for phase in phases():
            compile_model(path, f"--stop-after={phase}", "-o", Path(folder) / phase)
        compile_model(path, "-o", library)
        image = np.random.default_rng(1).standard_normal((1, 3, 18, 18), "f4")
        got, = quern.load(library).run(None, {"image": image})
        want, = ReferenceEvaluator(model).run(None, {"image": image})
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    print(f"tiny: {len(phases())} phases, largest difference {np.abs(got - want).max():.1e}")


if __name__ == "__main__":
    main()
