"""JAX functions and Keras models, through the exporters to ONNX of those projects."""
import os
import subprocess
import sys

import numpy as np

import quern

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


def test_jax():
    import jax
    import jax.numpy as jnp
    from jax2onnx import to_onnx

    def mlp(x, w, v):
        return jax.nn.softmax(jnp.tanh(x @ w) @ v)

    generator = np.random.default_rng(0)
    arrays = [generator.normal(size=shape).astype(np.float32) for shape in ((3, 8), (8, 16), (16, 4))]
    model = quern.compile(to_onnx(mlp, [array.shape for array in arrays]))
    np.testing.assert_allclose(model(*arrays), mlp(*arrays), rtol=1e-5, atol=1e-6)


def test_keras(tmp_path):
    """In a process of its own: Keras settles on its backend when it is imported."""
    subprocess.run([sys.executable, "-c", KERAS, tmp_path / "model.onnx", tmp_path / "case.npz"], check=True,
                   env={**os.environ, "KERAS_BACKEND": "torch"})
    case = np.load(tmp_path / "case.npz")
    result = quern.compile(tmp_path / "model.onnx")(case["x"])
    np.testing.assert_allclose(result, case["y"], rtol=1e-5, atol=1e-6)
