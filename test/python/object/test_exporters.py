"""JAX functions and Keras models, through the exporters to ONNX of those projects."""
import os
import subprocess
import sys

import numpy as np

import quern

JAX = """
import sys
import jax, jax.numpy as jnp, numpy as np, onnx
from jax2onnx import to_onnx

def mlp(x, w, v):
    return jax.nn.softmax(jnp.tanh(x @ w) @ v)

generator = np.random.default_rng(0)
arrays = [generator.normal(size=shape).astype(np.float32) for shape in ((3, 8), (8, 16), (16, 4))]
onnx.save(to_onnx(mlp, [array.shape for array in arrays]), sys.argv[1])
np.savez(sys.argv[2], **dict(zip("xwv", arrays)), y=mlp(*arrays))
"""

KERAS = """
import sys
import keras
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(6, 3, activation="relu"), keras.layers.MaxPooling2D(),
                          keras.layers.Flatten(), keras.layers.Dense(5, activation="softmax")])
x = keras.random.normal((2, 8, 8, 3))
import numpy as np
np.savez(sys.argv[2], x=keras.ops.convert_to_numpy(x), y=keras.ops.convert_to_numpy(model(x)))
model.export(sys.argv[1], format="onnx", verbose=False)
"""


def export(program, folder, **environment):
    """Runs a program that writes model.onnx and case.npz, in a process of its own: these libraries start threads, which tests
    that fork cannot have, and Keras settles on its backend when it is imported."""
    subprocess.run([sys.executable, "-c", program, folder / "model.onnx", folder / "case.npz"], check=True,
                   env={**os.environ, **environment})
    return quern.compile(folder / "model.onnx"), np.load(folder / "case.npz")


def test_jax(tmp_path):
    model, case = export(JAX, tmp_path)
    np.testing.assert_allclose(model(case["x"], case["w"], case["v"]), case["y"], rtol=1e-5, atol=1e-6)


def test_keras(tmp_path):
    model, case = export(KERAS, tmp_path, KERAS_BACKEND="torch")
    np.testing.assert_allclose(model(case["x"]), case["y"], rtol=1e-5, atol=1e-6)
