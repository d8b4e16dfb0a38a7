import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, ParamSpec, TypeVar, overload

from numpy import ndarray

P = ParamSpec("P")
R = TypeVar("R")
Dim = int | str | None
Path = str | os.PathLike[str]

__version__: str

class QuernError(Exception): ...
class UsageError(QuernError, ValueError): ...
class ModelError(QuernError, ValueError): ...
class UnsupportedError(QuernError, NotImplementedError): ...
class FileError(QuernError, OSError): ...
class InternalError(QuernError, RuntimeError): ...
class InputError(QuernError, ValueError, TypeError): ...
class DataError(QuernError, ValueError): ...
class TraceError(QuernError, TypeError): ...

@dataclass(frozen=True)
class Value:
    name: str
    dtype: str
    shape: tuple[Dim, ...]

@dataclass(frozen=True)
class Kernel:
    name: str
    nodes: tuple[str, ...]
    algorithm: str
    reason: str
    boundary: str
    tile: dict[str, str]
    flops: int | str
    bytes: int | str
    weight_bytes: int | str

@dataclass(frozen=True)
class Measurement:
    name: str
    nodes: str
    algorithm: str
    min_us: float
    median_us: float
    p99_us: float
    share: float | None
    mflop: float | None
    mbyte: float | None
    gflop_s: float | None
    gb_s: float | None
    roof: float | None
    bound: str

@dataclass(frozen=True)
class Benchmark:
    run: Measurement
    kernels: tuple[Measurement, ...]
    threads: int
    peak_gflop_s: float | None

class CompiledModel:
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    def __call__(self, *arrays: Any) -> Any: ...
    def run(self, outputs: Sequence[str] | None, inputs: Mapping[str, Any]) -> list[ndarray]: ...
    def save(self, path: Path) -> None: ...
    def code(self) -> bytes: ...
    def benchmark(self, threads: int = 1, seconds: float = 1.0,
                  shapes: Mapping[str, Sequence[int]] | None = None) -> Benchmark: ...
    last_benchmark: Benchmark | None
    @property
    def name(self) -> str: ...
    @property
    def metadata(self) -> dict[str, str]: ...
    @property
    def manifest(self) -> dict[str, Any]: ...
    @property
    def kernels(self) -> tuple[Kernel, ...]: ...
    @property
    def threads(self) -> int: ...
    @property
    def level(self) -> str: ...
    @property
    def device(self) -> str: ...

class CompiledEstimator:
    def save(self, path: Path, X: Any = None, *, dtypes: Any = None, name: str | None = None, target: str | None = None,
             methods: Sequence[str] | None = None) -> None: ...
    # The methods and attributes of the estimator: predict, predict_proba, transform, classes_ and so on.
    def __getattr__(self, name: str) -> Any: ...

@overload
def compile(model: Path | bytes | bytearray | memoryview, *, target: str = "native",
            shapes: Mapping[str, Sequence[Dim]] | None = None, threads: int | None = None, name: str | None = None,
            precision: Literal["default", "strict", "tf32"] = "default") -> CompiledModel: ...
@overload
def compile(model: Any, args: Any = None, *, target: str = "native", shapes: Mapping[str, Sequence[Dim]] | None = None,
            threads: int | None = None, name: str | None = None,
            precision: Literal["default", "strict", "tf32", "float32"] = "default", kwargs: Mapping[str, Any] | None = None,
            dynamic_shapes: Any = None) -> Any: ...
def load(path: Path, threads: int | None = None, max_level: int = 0, device: str | None = None) -> CompiledModel: ...

class NodeArg:
    name: str
    type: str
    shape: list[Dim]

class ModelMetadata:
    custom_metadata_map: dict[str, str]
    producer_name: str
    graph_name: str
    domain: str
    description: str
    graph_description: str
    version: int

class InferenceSession:
    def __init__(self, path_or_bytes: Any, sess_options: Any = None, providers: Sequence[Any] | None = None,
                 provider_options: Sequence[Any] | None = None, **_: Any) -> None: ...
    def run(self, output_names: Sequence[str] | None, input_feed: Mapping[str, Any],
            run_options: Any = None) -> list[ndarray]: ...
    def get_inputs(self) -> list[NodeArg]: ...
    def get_outputs(self) -> list[NodeArg]: ...
    def get_overridable_initializers(self) -> list[NodeArg]: ...
    def get_providers(self) -> list[str]: ...
    def get_provider_options(self) -> dict[str, dict[str, str]]: ...
    def set_providers(self, providers: Sequence[Any] | None = None, provider_options: Any = None) -> None: ...
    def get_session_options(self) -> Any: ...
    def get_modelmeta(self) -> ModelMetadata: ...

class Jitted(Generic[P, R]):
    __wrapped__: Callable[P, R]
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    def lower(self, *args: P.args, **kwargs: P.kwargs) -> str: ...

@overload
def jit(function: Callable[P, R], *, threads: int | None = None, target: str = "native") -> Jitted[P, R]: ...
@overload
def jit(function: None = None, *, threads: int | None = None,
        target: str = "native") -> Callable[[Callable[P, R]], Jitted[P, R]]: ...
