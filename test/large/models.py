"""Whole models from folders against results in files: `pytest -s test/large/models.py --models DIR... [--machine aarch64]`.

DIR holds MODEL.onnx with MODEL.inputs.npz and MODEL.outputs.npz, and further cases MODEL_CASE.inputs.npz and .outputs.npz
(bench/zoo.py and bench/real.py write such folders). Prints each model's largest difference, relative to the largest magnitude of the output.
"""
import functools
import json
from pathlib import Path

import numpy as np
import pytest
import quern

# Deep float32 networks are a few times 1e-6 off a float64 reference, whatever computes them; a steep sigmoid at the end
# makes a hundred times that of it. Of the models here RapidOCR's text detector has the steepest: off PyTorch in float64 are
# Quern by 3.8e-4, PyTorch in float32 by 2.1e-4, ONNX Runtime by 2.5e-4 without its fusions and by 2.8e-5 with them, on the
# same image; the order of the sums decides.
BOUND = 5e-4
# Quantised models step: their bound is so many times what ONNX Runtime's own two ways of computing them differ by.
DEVIATIONS = 2
# Results below this are held to be as exact as these.
LEAST_SCALE = 1e-3


def find_cases(folder):
    """(name of the case, path of its model)."""
    for inputs in sorted(folder.glob("*.inputs.npz")):
        name = inputs.name.removesuffix(".inputs.npz")
        words = name.split("_")
        models = (folder / f"{'_'.join(words[:count])}.onnx" for count in range(len(words), 0, -1))
        if model := next(filter(Path.exists, models), None):
            yield name, model


def pytest_generate_tests(metafunc):
    cases = [case for folder in metafunc.config.getoption("--models") for case in find_cases(Path(folder).resolve())]
    metafunc.parametrize("name,model", cases, ids=[name for name, _ in cases])


@functools.lru_cache(maxsize=1)    # the cases of a model follow each other
def compiled(model):
    return quern.compile(model)


def difference(got, want):
    """The largest |difference| over the largest |value| (at least LEAST_SCALE); infinite where one is NaN and the other not."""
    assert got.shape == want.shape
    if want.dtype.kind != "f":
        return 0 if np.array_equal(got, want) else np.inf
    worst = np.abs(got.astype(np.float64) - want).max(initial=0)
    return np.nan_to_num(worst, nan=np.inf) / max(np.abs(want).max(initial=0), LEAST_SCALE)


def bound(model):
    meta = model.with_suffix(".json")
    deviation = json.loads(meta.read_text()).get("deviation", 0) if meta.exists() else 0
    return max(BOUND, DEVIATIONS * deviation)


def test_model(name, model):
    inputs, expected = (dict(np.load(model.parent / f"{name}.{kind}.npz")) for kind in ("inputs", "outputs"))
    outputs = compiled(model).run(None, inputs)
    worst = max(difference(got, want) for got, want in zip(outputs, expected.values(), strict=True))
    print(f"\n{name}: {worst:.2g}", end="")
    assert worst <= bound(model)


@pytest.fixture(autouse=True, scope="session")
def folder_given(pytestconfig):
    if not pytestconfig.getoption("--models"):
        raise pytest.UsageError("give the folder of the models: --models DIR")
