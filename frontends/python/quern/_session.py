"""quern.InferenceSession: the part of onnxruntime.InferenceSession that programs use, on a compiled model."""
import os

from ._compile import compile
from ._model import CompiledModel, load

# onnxruntime's names of the element types, by NumPy's.
ONNX_TYPES = {"float32": "float", "float64": "double", "float16": "float16", "bfloat16": "bfloat16", "bool": "bool",
              "str": "string"}


class NodeArg:
    """An input or output: `name`, `type` ("tensor(float)") and `shape` (numbers, symbols' names, None)."""

    def __init__(self, value):
        self.name, self.shape = value.name, list(value.shape)
        self.type = f"tensor({ONNX_TYPES.get(value.dtype, value.dtype)})"

    def __repr__(self):
        return f"NodeArg(name={self.name!r}, type={self.type!r}, shape={self.shape})"


class ModelMetadata:
    """What the model file says about itself."""

    def __init__(self, model):
        about = model.manifest.get("model", {})
        self.custom_metadata_map = model.metadata
        self.producer_name = about.get("producer", "")
        self.graph_name = about.get("graph", model.name)
        self.domain = about.get("domain", "")
        self.description = about.get("doc", "")
        self.graph_description = ""
        self.version = about.get("version", 0)


class InferenceSession:
    """Takes the arguments of onnxruntime.InferenceSession. A path to a shared library of Quern is opened, an ONNX
    model (path or bytes) is compiled first; of the options the number of threads counts, providers are accepted."""

    def __init__(self, path_or_bytes, sess_options=None, providers=None, provider_options=None, **_):
        threads = getattr(sess_options, "intra_op_num_threads", 0) or None
        if isinstance(path_or_bytes, CompiledModel):
            self._model = path_or_bytes
        elif isinstance(path_or_bytes, (str, os.PathLike)) and _is_library(path_or_bytes):
            self._model = load(path_or_bytes, threads)
        else:
            self._model = compile(path_or_bytes, threads=threads)
        self._options = sess_options

    def run(self, output_names, input_feed, run_options=None):
        return self._model.run(output_names or None, input_feed)

    def get_inputs(self):
        return [NodeArg(value) for value in self._model.inputs]

    def get_outputs(self):
        return [NodeArg(value) for value in self._model.outputs]

    def get_overridable_initializers(self):
        return []

    def get_providers(self):
        return ["QuernExecutionProvider"]

    def get_provider_options(self):
        return {"QuernExecutionProvider": {}}

    def set_providers(self, providers=None, provider_options=None):
        pass

    def get_session_options(self):
        return self._options

    def get_modelmeta(self):
        return ModelMetadata(self._model)


def _is_library(path):
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False    # compile() says what is wrong with it
