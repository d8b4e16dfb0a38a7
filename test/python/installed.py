"""What a package that was installed somewhere must do there."""
import os
import subprocess

PROGRAM = """
import os, sys
import numpy as np, onnx
from onnx import TensorProto, helper
import quern
x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy")
graph = helper.make_graph([helper.make_node("Mul", ["x", "x"], ["y"])], "square", [x], [y])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "square.onnx")
values = np.arange(5, dtype=np.float32)
np.testing.assert_array_equal(quern.compile("square.onnx")(values), values * values)
print(os.path.dirname(quern.__file__))
"""


def check_installed(python, command, folder, path=None):
    """Compiles and runs a model in `folder` with the package that the command line `python` finds (on `path`, where that is
    given) and with its `command`. Returns the folder of the package."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if path:
        environment["PYTHONPATH"] = str(path)

    def output(*arguments):
        return subprocess.run(list(map(str, arguments)), cwd=folder, env=environment, check=True, text=True,
                              stdout=subprocess.PIPE).stdout
    package = output(*python, "-c", PROGRAM).strip()
    assert output(*command, "--version").startswith("quern ")
    output(*command, "compile", "square.onnx", "-o", "square.so")
    assert "y: float32[n]" in output(*command, "inspect", "square.so")
    return package
