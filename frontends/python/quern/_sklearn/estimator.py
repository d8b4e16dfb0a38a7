"""The compiled estimator: methods that run native code, and what the estimator says of itself."""
import os
import pickle
import shutil
import tempfile
import threading

import numpy as np

from .. import _compile_cache
from .._compiler import run_compiler
from .._errors import FileError, QuernError, UnsupportedError, UsageError
from .._model import _from_bytes
from .._runtime import Dispatcher
from . import programs, registry
from .frames import check_dtype
from .inputs import Expected
from .registry import Fitted

_ATTRIBUTES = ("classes_", "n_features_in_", "feature_names_in_", "n_outputs_", "n_classes_", "n_components_", "offset_")
_FIRST = ("predict", "transform", "decision_function", "score_samples", "kneighbors")
# The outputs of a saved library.
_OUTPUTS = {"predict_proba": "probabilities", "decision_function": "decision", "transform": "transformed",
            "inverse_transform": "restored", "score_samples": "scores", "kneighbors": ("distances", "neighbors"),
            "apply": "leaves"}
_UNSAVED = ("predict_log_proba", "predict_joint_log_proba", "inverse_transform", "apply", "decision_path")


def _read(estimator):
    """The Fitted, inverse_transform among its methods where the estimator has it."""
    fitted = registry.read(estimator)
    if fitted.inverse is not None and hasattr(estimator, "inverse_transform"):
        fitted.methods["inverse_transform"] = fitted.inverse
    return fitted


def compile_estimator(estimator, target="native", threads=None, name=None, narrow=False):
    """A fitted estimator as a CompiledEstimator; what `quern.compile` does with it."""
    registry.load()
    return CompiledEstimator(estimator, target, threads, name, narrow)


class CompiledEstimator:
    """A fitted estimator whose methods run native code. Made by `quern.compile`.

    It has the methods and attributes that the estimator has, of `predict`, `predict_proba`, `predict_log_proba`,
    `decision_function`, `transform`, `inverse_transform`, `score_samples`, `kneighbors`, `apply`, `decision_path`; `classes_`,
    `n_features_in_`, `feature_names_in_`, `get_feature_names_out`. Each method takes what the estimator's own takes, but
    sparse rows, and no keywords but LightGBM's `raw_score` and `pred_leaf` and XGBoost's `output_margin` and `pred_leaf`;
    results are arrays, also where scikit-learn gives sparse ones or frames. There is one program for each method and dtype of
    rows, which is compiled when it is first needed.
    """

    def __init__(self, estimator, target="native", threads=None, name=None, narrow=False):
        fitted = _read(estimator)
        self._settings = target, threads
        self._name = name or fitted.name
        self._fitted = fitted
        self._estimator = _snapshot(estimator)
        names = getattr(estimator, "feature_names_in_", fitted.names)
        self._expected = Expected(fitted, fitted.features or _count(estimator), names, narrow)
        restored = Fitted(fitted.name, {}, "values" if fitted.takes == "values" and fitted.restores is None else "matrix",
                          takes_none=fitted.takes_none)
        self._restored = Expected(restored, fitted.restores or _count_out(estimator), None, narrow)
        self._lock = threading.RLock()
        for attribute in _ATTRIBUTES:
            try:
                setattr(self, attribute, getattr(estimator, attribute))
            except AttributeError:
                continue
        self._out_names = _feature_names_out(estimator)
        self._make_methods(fitted.methods, fitted.keywords)
        first = next((method for method in _FIRST if method in fitted.methods), next(iter(fitted.methods)))
        if self._expected.count is not None and not fitted.counts and fitted.takes not in ("texts", "values", "categories", "labelled") and not (
                fitted.takes == "named" and names is not None):
            getattr(self, first)._compiled(("matrix", "float64"))

    def _make_methods(self, names, keywords, compiled=()):
        """keywords: (method, keyword) of those calls that are programs of their own."""
        self._methods = tuple(names)
        self._calls = {name: Method(self, name) for name in [*names, *keywords]}
        for name in names:
            setattr(self, name, self._calls[name])
        for name, kind, program in compiled:
            self._calls[name]._add_program(kind, program)
        if self._out_names is not None:
            self.get_feature_names_out = self._get_feature_names_out

    def _expects(self, method):
        """What the rows of a method must be like."""
        return self._restored if method == "inverse_transform" else self._expected

    def _get_feature_names_out(self, input_features=None):
        return self._out_names.copy()

    def _reading(self):
        """The Fitted; of a pickle it is read again when another dtype comes."""
        if self._fitted is None:
            if self._estimator is None:
                raise UnsupportedError(f"the {self._expected.name} could not be pickled, so this copy has only the programs "
                                       "that were compiled before; compile it again")
            registry.load()
            self._fitted = _read(pickle.loads(self._estimator))
        return self._fitted

    def save(self, path, X=None, *, dtypes=None, name=None, target=None, methods=None):
        """Writes one shared library with the results of all methods as outputs, and its C header beside it.

        X: rows like those that C will give, an array or a frame, whose values do not matter; or dtypes: one dtype, or
        {column: dtype} for one input for each column. By default float64 rows.
        name: of the model in C. target: as in `quern.compile`. methods: some of them.
        Outputs are called label (of classifiers and clusterers), prediction, probabilities, decision, transformed, scores;
        classes that are texts are strings, as columns of texts are. Rows with NaN or infinity are not refused there: results
        that depend on them are undefined.
        """
        chosen = [one for one in self._methods if one not in _UNSAVED] if methods is None else list(methods)
        for one in chosen:
            if one not in self._methods:
                raise UsageError(f"{self._expected.name} has no method {one!r}: expected some of {', '.join(self._methods)}")
        if "inverse_transform" in chosen and len(chosen) > 1:
            raise UsageError("inverse_transform takes other rows than the other methods: save it alone")
        kind = self._kind(self._expects(chosen[0]), X, dtypes)
        traced = programs.Traced(self._reading(), self._expects(chosen[0]), chosen, kind, flagged=False, spelled=True)
        outputs = [output for one, tree in zip(chosen, traced.tree) for output in self._output_names(one, tree)]
        text = traced.program.text(traced.values, traced.names, outputs)
        name = name or self._name
        folder, path = tempfile.mkdtemp(prefix="quern-"), os.fspath(path)
        try:
            # Programs that are linked with the library ask for it by the name that it is written under.
            program, artifact = os.path.join(folder, "program.mlir"), os.path.join(folder, os.path.basename(path))
            with open(program, "w", encoding="utf-8") as file:
                file.write(text)
            run_compiler([program, "-o", artifact, f"--target={target or self._settings[0]}", f"--name={name}"],
                                   header=True)
            shutil.copyfile(os.path.splitext(artifact)[0] + ".h", os.path.splitext(path)[0] + ".h")
            shutil.copyfile(artifact, path)
        except OSError as error:
            raise error if isinstance(error, QuernError) else FileError(
                f"cannot write '{path}': {error.strerror}") from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _kind(self, expected, X, dtypes):
        if X is not None:
            return expected.read(X)[0]
        if isinstance(dtypes, dict):
            return ("frame", tuple((str(name), _dtype_name(dtype, f"column {name!r}")) for name, dtype in dtypes.items()))
        if expected.takes in ("texts", "values"):
            return ("values", "str" if expected.takes == "texts" else _dtype_name(dtypes or np.float64, "X"))
        return ("matrix", _dtype_name(dtypes or np.float64, "X"))

    def _output_names(self, method, tree):
        leaves = _leaves(tree)
        names = _OUTPUTS.get(method, method)
        if method == "predict":
            names = "label" if self._has_labels() else "prediction"
        if isinstance(names, tuple):
            return names
        return [names] if len(leaves) == 1 else [f"{names}{i}" for i in range(len(leaves))]

    def _has_labels(self):
        return hasattr(self, "classes_") or getattr(self._reading(), "kind", None) == "clusterer"

    def __repr__(self):
        count = sum(len(call._programs) for call in self._calls.values())
        return f"<quern.CompiledEstimator of {self._expected.name}: {', '.join(self._methods)}; {count} programs>"

    def __getstate__(self):
        state = {key: value for key, value in vars(self).items()
                 if key not in ("_lock", "_fitted", "_calls", "get_feature_names_out", *self._methods)}
        state["keywords"] = [name for name in self._calls if name not in self._methods]
        state["programs"] = [(name, kind, program.portable()) for name, call in self._calls.items()
                             for kind, program in list(call._programs.items())]
        state["made_for"] = _compile_cache.code_key(self._settings[0])
        return state

    def __setstate__(self, state):
        compiled, made_for, keywords = state.pop("programs"), state.pop("made_for"), state.pop("keywords")
        vars(self).update(state, _lock=threading.RLock(), _fitted=None)
        target, threads = self._settings
        same = made_for == _compile_cache.code_key(target)
        self._make_methods(self._methods, keywords, [(name, kind, programs.Compiled(
            text, meaning, self._name, target, threads,
            _from_bytes(code, threads, 0, None) if same else None)) for name, kind, (text, meaning, code) in compiled])


def _dtype_name(dtype, what):
    """The name of a dtype in kinds: "str" for texts."""
    dtype = np.dtype(dtype)
    if dtype.kind in "OU":
        return "str"
    check_dtype(dtype, what)
    return dtype.name


def _leaves(tree):
    return [tree] if isinstance(tree[0], str) and tree[0] != "stack" else [
        leaf for item in tree[1] for leaf in _leaves(item)]


def _snapshot(estimator):
    """The estimator as it is now: it may be fitted again later. None where it cannot be pickled."""
    try:
        return pickle.dumps(estimator, protocol=5)
    except Exception:      # whatever a class of others raises
        return None


def _count(estimator):
    count = getattr(estimator, "n_features_in_", None)
    return None if count is None else int(count)


def _count_out(estimator):
    """The columns that the estimator makes."""
    names = _feature_names_out(estimator)
    return _count(estimator) if names is None else len(names)


def _feature_names_out(estimator):
    """None where the estimator has none: it may raise anything for estimators within it that lack them."""
    try:
        return np.asarray(estimator.get_feature_names_out(), dtype=object)
    except Exception:
        return None


class Method(Dispatcher):
    """A method of a CompiledEstimator: Dispatcher runs the programs that it knows; `_call` does the rest."""

    def __init__(self, owner, name):
        super().__init__()
        self._owner, self.__name__ = owner, name
        self._programs = {}     # kind -> Compiled

    def _call(self, X, **keywords):
        owner, expected = self._owner, self._owner._expects(self.__name__)
        for keyword, value in keywords.items():
            other = owner._calls.get((self.__name__, keyword))
            if other is None or len(keywords) > 1:
                raise UsageError(f"{expected.name}.{self.__name__} takes the rows alone when it is compiled, not {keyword!r}")
            return (other if value else self)(X)
        kind, arrays = expected.read(X)
        program = self._compiled(kind)
        result, suspicious = program.run(arrays)
        if suspicious:
            programs.diagnose(owner._reading(), expected, self.__name__, kind, arrays, *owner._settings)
        return result

    def _compiled(self, kind):
        program = self._programs.get(kind)
        if program is None:
            with self._owner._lock:
                program = self._programs.get(kind) or self._compile(kind)
        return program

    def _compile(self, kind):
        owner = self._owner
        target, threads = owner._settings
        traced = programs.Traced(owner._reading(), owner._expects(self.__name__), [self.__name__], kind)
        program = programs.Compiled(traced.text, traced.meaning, "_".join([owner._name, *_words(self.__name__)]), target, threads)
        self._add_program(kind, program)
        return program

    def _add_program(self, kind, program):
        if row := program.for_dispatcher(kind, self._owner._expects(self.__name__)):
            self._add(program.model._model, *row)
        self._programs[kind] = program

    def __repr__(self):
        return f"<method {' with '.join(_words(self.__name__))} of {self._owner!r}>"


def _words(name):
    """A method's name, and the keyword of a call with one."""
    return [name] if isinstance(name, str) else list(name)
