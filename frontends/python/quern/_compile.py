"""`compile`: what people have as native code."""
import os
import sys

from . import _compile_cache
from ._errors import UsageError
from ._sklearn.registry import is_estimator
from ._source import OnnxBytes, OnnxFile

MOST_BYTES = 2**31 - 1    # of a protobuf message


def compile(model, args=None, *, target="native", shapes=None, threads=None, name=None, precision="default",
            kwargs=None, dynamic_shapes=None):
    """Compiles a model: an ONNX model or a PyTorch module into a CompiledModel, a fitted scikit-learn estimator into a
    CompiledEstimator.

    model: a path, the file's bytes, an onnx.ModelProto, a torch.nn.Module, a torch.export.ExportedProgram, or the estimator.
    External data is read beside a path only.
    args: example inputs of a module, a tuple or one tensor; kwargs: those by name, a dict. dynamic_shapes: the sizes that vary,
    as in torch.export.export.
    target: "native" (this machine), or a machine to save the model for, such as "x86-64" or "aarch64" (every level in one
    file) or "x86-64-v3" (one level): `quern targets` lists them. What this machine does not run, it does not open.
    shapes: fixes dims of inputs, {"x": (1, 3, 224, None)}; None leaves a dim as it is.
    threads: the most threads that a call of the result uses; by default every core that this process may use.
    precision: "default" allows algorithms whose errors are of the size of float32's own (Winograd's convolution);
    "strict" allows none; "tf32" lets a device's matrix units multiply float32, whose factors they round to 11 bits.
    "float32", of estimators alone: what scikit-learn computes in float64 is float32, twice as fast and as exact as that is.

    The result is kept on disk and found there again (`quern cache` shows it), but for models with external data.
    """
    if precision not in ("default", "strict", "tf32", "float32"):
        raise UsageError(f"precision is {precision!r}: expected 'default', 'strict', 'tf32' or 'float32'")
    if precision == "float32" and not is_estimator(model):
        raise UsageError("precision 'float32' is for estimators: other models say their dtypes themselves")
    if _is_torch(model):
        return _compile_torch(model, args, kwargs, target, shapes, threads, name, precision, dynamic_shapes)
    if not (args is kwargs is dynamic_shapes is None):
        raise UsageError(f"args, kwargs and dynamic_shapes are for PyTorch modules, not for a {type(model).__name__}")
    for recognizes, frontend in _FRONTENDS:
        if recognizes(model):
            return frontend(model, target, shapes, threads, name, precision)
    return _compile_onnx(model, target, shapes, threads, name, precision)


def _is_torch(model):
    """Whether it is a module or an exported program: then torch is imported already."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, (torch.nn.Module, torch.export.ExportedProgram))


def _compile_torch(model, args, kwargs, target, shapes, threads, name, precision, dynamic_shapes):
    if shapes:
        raise UsageError(f"shapes={shapes!r} has no meaning for a module: its shapes are those of args and dynamic_shapes")
    from ._torch.module import compile_module
    return compile_module(model, args, kwargs=kwargs, target=target, threads=threads, name=name, precision=precision,
                          dynamic_shapes=dynamic_shapes)


def _compile_estimator(model, target, shapes, threads, name, precision):
    if shapes:
        raise UsageError(f"shapes={shapes!r} has no meaning for an estimator: it takes any number of rows")
    from ._sklearn.estimator import compile_estimator
    return compile_estimator(model, target, threads, name, narrow=precision == "float32")


_FRONTENDS = [(is_estimator, _compile_estimator)]    # what is none of these is an ONNX model


def _compile_onnx(model, target, shapes, threads, name, precision):
    options = [*(f"--shape={_shape(*item)}" for item in (shapes or {}).items()), f"--precision={precision}"]
    if name is not None:
        options.append(f"--name={name}")
    return _compile_cache.compile_source(_source(model, tuple(options), target), threads)


def _shape(name, dims):
    try:
        parts = ["?" if dim is None or isinstance(dim, str) else str(int(dim)) for dim in dims]
    except (TypeError, ValueError):
        raise UsageError(f"shapes[{name!r}] is {dims!r}: expected a tuple of numbers and None") from None
    return f"{name}={'x'.join(parts)}"


def _source(model, options, target):
    if isinstance(model, (str, os.PathLike)):
        return OnnxFile(os.fspath(model), options, target)
    if hasattr(model, "SerializeToString"):
        if model.ByteSize() > MOST_BYTES:
            raise UsageError("the model is over 2 GB: save it with external data and pass its path")
        model = model.SerializeToString()
    if not isinstance(model, (bytes, bytearray, memoryview)):
        raise UsageError(f"cannot compile a {type(model).__name__}: expected a path, bytes, an onnx.ModelProto, a PyTorch "
                         "module or a fitted scikit-learn estimator")
    return OnnxBytes(bytes(model), options, target)
