"""Which estimators there are readers for: a table from the public name of a class to the function that reads one.

A reader takes the fitted estimator and returns its methods as functions on traced arrays. An estimator made of others
reads those and calls their functions. scikit-learn itself is not imported here.
"""
import importlib
from dataclasses import dataclass, field

from .._errors import QuernError, UnsupportedError, UsageError

READERS = {}
_FAMILIES = (
    "boosting",
    "calibration",
    "cluster",
    "compose",
    "decomposition",
    "density",
    "dummy",
    "encoders",
    "ensemble",
    "gaussian",
    "impute",
    "kernels",
    "lightgbm",
    "linear",
    "multiclass",
    "naive_bayes",
    "neighbors",
    "neural_network",
    "preprocessing",
    "svm",
    "text",
    "topics",
    "trees",
    "xgboost",
)
_LIBRARIES = ("sklearn", "lightgbm", "xgboost")


@dataclass
class Fitted:
    """A fitted estimator as functions on traced arrays.

    methods: each takes the rows (a Tracer [N, F], or Columns) and returns a Tracer, Labels, or a list or tuple of them.
    takes: what a call may give: "matrix", rows of one dtype; "columns", also a frame whose columns have dtypes of their
    own; "named", a frame in which columns are looked up by name, or a matrix; "labelled", such a frame alone; "one feature", a column or its values; a key of
    inputs.KINDS.
    features: columns of the rows, for models without n_features_in_. names: theirs, for models without feature_names_in_.
    takes_none: whether there may be no rows. counts: whether of the rows it only matters how many there are.
    """
    name: str
    methods: dict
    takes: str = "matrix"
    features: int = None
    takes_none: bool = False
    inverse: object = None     # of a transformer, what undoes it: the method inverse_transform
    counts: bool = False
    names: list = None
    restores: int = None       # columns of the matrix that inverse_transform takes, where it takes none of what transform gives
    keywords: dict = field(default_factory=dict)     # (method, keyword that is true) -> what computes that call

    def function(self, method):
        """What computes a method, or a call of one with a keyword."""
        return self.methods[method] if isinstance(method, str) else self.keywords[method]


def reader(*classes, takes="matrix"):
    """Registers the reader of these classes. It returns a dict of methods, or a Fitted."""
    def register(function):
        for name in classes:
            READERS[name] = (function, takes)
        return function
    return register


def load():
    """Fills the table."""
    for family in _FAMILIES:
        importlib.import_module(f".{family}", __package__)


def public_name(kind):
    """The name of a class as its library documents it: without the modules that start with an underscore."""
    parts = []
    for part in kind.__module__.split("."):
        if part.startswith("_"):
            break
        parts.append(part)
    return ".".join([*parts, kind.__qualname__])


def is_estimator(thing):
    """Whether its class, or one that it inherits from, is of a library that has readers."""
    kind = type(thing)
    return public_name(kind) in READERS or any(
        base.__module__.partition(".")[0] in _LIBRARIES for base in kind.__mro__)


def read(estimator):
    """The Fitted of an estimator. Raises UnsupportedError where its class or a parameter has no reader."""
    kind = type(estimator)
    known = READERS.get(public_name(kind))
    if known is None:
        own = next((public_name(base) for base in kind.__mro__ if public_name(base) in READERS), None)
        reason = f": it is a subclass of {own}, whose methods it may have changed" if own else ""
        raise UnsupportedError(f"estimator {public_name(kind)} is not supported{reason}")
    function, takes = known
    try:
        made = function(estimator)
    except AttributeError as error:
        if error.obj is not estimator:
            raise
        raise UsageError(f"the {kind.__name__} is not fitted: it has no {error.name}") from None
    if not isinstance(made, Fitted):
        made = Fitted(kind.__name__, made, takes)
    return made


def refuse(estimator, parameter, value=None):
    """Raises UnsupportedError for a parameter of an estimator."""
    value = getattr(estimator, parameter) if value is None else value
    raise UnsupportedError(f"{type(estimator).__name__}({parameter}={value!r}) is not supported")


__all__ = ["Fitted", "QuernError", "READERS", "is_estimator", "load", "public_name", "read", "reader", "refuse"]
