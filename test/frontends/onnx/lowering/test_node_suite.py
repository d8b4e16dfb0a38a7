"""ONNX's own node tests with their inputs made constants: what folds must have the expected values. This checks the
lowerings and the evaluation of constants against each other's absence: no kernel runs."""
import os

import numpy as np
import onnx
import onnx.backend.test.loader
import pytest
from onnx import numpy_helper

from lowering import fold, lower

CASES = {case.name: case for case in onnx.backend.test.loader.load_model_tests(kind="node")}
OPERATORS = """
abs acos acosh add and argmax argmin asin asinh atan atanh bitshift bitwise cast castlike ceil celu center clip compress
concat constant constantofshape cos cosh cumprod cumsum depthtospace div dropout einsum elu equal erf exp expand eyelike
flatten floor gather gathernd gelu greater hardmax hardsigmoid hardswish identity isinf isnan leakyrelu less log
logsoftmax max mean min mish mod mul neg nllloss nonzero not onehot or pow prelu range reciprocal reduce relu reshape
resize reversesequence round scatter sce selu shape shrink sigmoid sign sin sinh size slice softmax softplus softsign
spacetodepth split sqrt squeeze sub sum swish tan tanh thresholdedrelu tile top transpose tril triu unsqueeze upsample
where xor""".split()


def tensor(path):
    return onnx.load_tensor(path)


def constant_case(case):
    """The model with constants for inputs, and the expected outputs; None where one is no tensor."""
    model = onnx.load(os.path.join(case.model_dir, "model.onnx"))
    data = os.path.join(case.model_dir, "test_data_set_0")
    if any(info.type.WhichOneof("value") != "tensor_type" for info in [*model.graph.input, *model.graph.output]):
        return None
    for i, info in enumerate(model.graph.input):
        value = tensor(os.path.join(data, f"input_{i}.pb"))
        value.name = info.name
        model.graph.initializer.append(value)
    del model.graph.input[:]
    model.ir_version = max(model.ir_version, 4)
    return model, [tensor(os.path.join(data, f"output_{i}.pb")) for i in range(len(model.graph.output))]


@pytest.mark.parametrize("operator", OPERATORS)
def test_folded_values(operator, tmp_path):
    checked = 0
    for name, case in CASES.items():
        if not name.startswith(f"test_{operator}") or "_training" in name or not (made := constant_case(case)):
            continue
        model, expected = made
        process = lower(model, tmp_path, "--quiet")
        if process.returncode == 4:  # valid, but not supported
            continue
        checked += 1
        for value, proto in zip(fold(model, tmp_path), expected):
            if value is None:
                continue
            want = numpy_helper.to_array(proto)
            assert value.shape == want.shape and value.dtype == want.dtype, name
            np.testing.assert_allclose(value.astype(np.float64), want.astype(np.float64), 1e-3, 1e-6, err_msg=name)
    assert checked, f"no case of {operator} lowers"
