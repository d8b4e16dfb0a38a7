"""ONNX Runtime on a model, in the emulated Python of arm_root.py: arm_session.py MODEL RUNS OUTPUTS.npz.

MODEL is MODEL.onnx beside MODEL.inputs.npz. Each run stands between two calls of os.getppid(), which count_instructions.c
sees.
"""
import os
import sys
from pathlib import Path

import numpy as np

from systems import OnnxRuntime

model, runs, target = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
system = OnnxRuntime()
system.load(str(model), None, dict(np.load(model.with_suffix(".inputs.npz"))), threads=1)
for _ in range(runs):
    os.getppid()
    outputs = system.run()
    os.getppid()
np.savez(target, *(output.numpy() for output in outputs))
