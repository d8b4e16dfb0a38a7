"""NumPy functions as native code."""
import functools
import inspect
import operator
import types

import numpy as np

from . import _compile_cache
from ._dispatch import COMPARISONS, argument_row, fields_of, is_constant, remade, result_row, signature_row
from ._errors import InputError, UsageError
from ._runtime import Dispatcher
from ._trace import build
from ._trace import functions as _functions
from ._trace.array import Trace, Tracer, as_tracer, check_array
from ._trace.complex import ComplexValue
from ._trace.complexes import stack, unstack
from ._trace.errors import TraceError
from ._trace.extents import Dim, Extent, dim_of
from ._trace.outside import read, real
from ._trace.program import Program
from ._trace.scope import Scope

_functions.load()


def jit(function=None, *, threads=None, target="native"):
    """Compiles a function on NumPy arrays when it is called; may be used as a decorator.

        @quern.jit
        def softmax(x):
            e = np.exp(x - x.max(axis=-1, keepdims=True))
            return e / e.sum(axis=-1, keepdims=True)

    The function's own code is run once on traced arrays; what it does to them becomes a program, which is compiled. There
    is one program for each combination of dtypes and ranks, of Python integers, bools and texts among the arguments, of axes
    with one element and of last axes with two or three; other extents and Python floats may change without compiling again,
    except extents that the function uses as plain integers (len, int, range). Globals and closures are read when the
    function is traced: where one of them is another number later, it is traced anew; arrays there are read at every call.
    The same holds for what lists, tuples, dicts and objects hold there, and for `self` of a method.

    Arguments and results are NumPy arrays and numbers, or tuples, lists, dicts, named tuples and dataclasses of them.
    Writing to an argument, or to an array of the globals, is seen by the caller. A basic slice of an argument is a copy when it is returned.

    threads: the most threads that a call uses; by default every core that this process may use.
    Raises TraceError, which names the line, where the function needs the values of a traced array.
    """
    if function is None:
        return functools.partial(jit, threads=threads, target=target)
    if isinstance(function, Jitted):
        return function
    code = function
    while isinstance(code, functools.partial):
        code = code.func
    if not isinstance(code, (types.FunctionType, types.MethodType)) and \
            not isinstance(getattr(type(code), "__call__", None), types.FunctionType):
        raise UsageError(f"cannot compile an object of type {type(function).__name__}: expected a Python function")
    return Jitted(function, threads, target)


class Jitted(Dispatcher):
    """A function that is compiled when it is called. Made by `jit`."""

    def __init__(self, function, threads=None, target="native"):
        super().__init__()
        self._function, self._threads, self._target = function, threads, target
        self._signature = inspect.signature(function)
        self._dispatched = signature_row(self._signature)
        if self._dispatched:
            self._sign(*self._dispatched)
        self._programs = {}     # key -> list of _Specialization
        functools.update_wrapper(self, function)
        self.name = getattr(function, "__name__", None) or type(function).__name__

    def _call(self, *args, **keywords):
        """The call where no program that Dispatcher knows fits."""
        bound = self._signature.bind(*args, **keywords)
        bound.apply_defaults()
        args = tuple(bound.arguments.values())
        leaves, key = [], []
        for argument in args:
            _flatten(argument, leaves, key)
        key = tuple(key)
        candidate = self._find(key, args, leaves)
        if same := candidate.traced.same(leaves):
            candidate = self._find((*key, same), args, leaves, same=same)
        else:
            self._teach(candidate, args, leaves)
        try:
            return candidate.run(leaves)
        except _Doubt:
            candidate = self._make((*key, same) if same else key, args, leaves, assumes=False, same=same)
        if not same:
            self._teach(candidate, args, leaves)
        return candidate.run(leaves)

    def _find(self, key, args, leaves, **options):
        """The program for these arguments, made where there is none."""
        for candidate in self._programs.get(key, ()):
            if candidate.fits(leaves):
                return candidate
        return self._make(key, args, leaves, **options)

    def _make(self, key, args, leaves, **options):
        made = _Specialization(self, args, leaves, **options)
        self._programs.setdefault(key, []).insert(0, made)
        return made

    def _teach(self, candidate, args, leaves):
        """Lets Dispatcher run calls like this one, where it can. Of the arrays outside it keeps those of the first call."""
        if not self._dispatched or candidate.model is None or candidate.rows == _MOST_ROWS:
            return
        outside = candidate.traced.outside()
        if candidate.rows and not all(map(operator.is_, outside, candidate.outside)):
            return
        if row := candidate.traced.for_dispatcher(args, leaves):
            self._add(candidate.model._model, *row)
            candidate.rows, candidate.outside = candidate.rows + 1, outside

    def __get__(self, instance, owner=None):
        return self if instance is None else types.MethodType(self, instance)

    def lower(self, *args, **keywords):
        """The program for these arguments, as text of the graph dialect."""
        bound = self._signature.bind(*args, **keywords)
        bound.apply_defaults()
        leaves = []
        for argument in bound.arguments.values():
            _flatten(argument, leaves, [])
        return _Traced(self, tuple(bound.arguments.values()), leaves).text

    def __reduce__(self):
        if not isinstance(self._function, types.FunctionType):
            return Jitted, (self._function, self._threads, self._target)
        return jit_again, (self._function.__module__, self._function.__qualname__, self._threads, self._target)

    def __repr__(self):
        return f"<quern.jit of {getattr(self._function, '__qualname__', self.name)}, {sum(map(len, self._programs.values()))} programs>"


def jit_again(module, name, threads, target):
    """The function of a pickle."""
    import importlib
    thing = importlib.import_module(module)
    for part in name.split("."):
        thing = getattr(thing, part)
    return thing if isinstance(thing, Jitted) else jit(thing, threads=threads, target=target)


#--- Arguments ------------------------------------------------------------------------------------

def _flatten(thing, leaves, key):
    """Adds the arrays and floats of an argument to `leaves`, and what decides the program to `key`."""
    kind = type(thing)
    if isinstance(thing, np.ndarray):
        leaves.append(thing)
        key.append((kind, thing.dtype.char, *[extent if extent == 1 else -1 for extent in thing.shape]))
    elif kind is float or kind is complex:
        leaves.append(thing)
        key.append(kind)
    elif isinstance(thing, np.generic) and thing.dtype.kind in "biufc":
        leaves.append(np.asarray(thing))
        key.append(("scalar", thing.dtype.char))
    elif kind is tuple or kind is list:
        key.append((kind, len(thing)))
        for item in thing:
            _flatten(item, leaves, key)
    elif kind is dict:
        key.append((dict, tuple(thing)))
        for item in thing.values():
            _flatten(item, leaves, key)
    elif is_constant(thing):
        key.append((kind, thing))
    elif fields := fields_of(thing):
        key.append((kind, fields))
        for name in fields:
            _flatten(getattr(thing, name), leaves, key)
    else:
        raise InputError(f"an argument is of type {kind.__name__}: expected arrays, numbers, texts, or tuples, lists, dicts, "
                         "named tuples and dataclasses of them") from None


class _Traced:
    """A function's program for arguments like these, and how calls become its inputs."""

    def __init__(self, jitted, args, leaves, assumes=True, same=None):
        """same: for each leaf the first one that is the same array, where the function writes to such arrays."""
        self.program = program = Program(jitted.name)
        program.doubts = [] if assumes else None
        self.inputs = []        # for each input of the program, how to get its array from the leaves
        self._symbols = []      # (symbol, input, axis)
        self._same, self._traced = same, []     # the traced arguments that are leaves, in order
        self.captured = []
        self.scope = Scope(self._capture)
        with Trace(program, self.scope):
            self._arrays = []       # (traced, its first value, the input) of all that may be written to
            traced = [self._argument(argument) for argument in args]
            bound = inspect.BoundArguments(jitted._signature, dict(zip(jitted._signature.parameters, traced)))
            result = self.scope.reach(jitted._function)(*bound.args, **bound.kwargs)
            self.scope.check_unwritten()
            values = []
            self.tree = self._result(result, values)
            # Arguments and arrays of globals and closures that were written to, by their inputs.
            self.written = []
            for tracer, first, number in self._arrays:
                if tracer.value is not first:
                    self.written.append((number, len(values)))
                    values.append(tracer.value)
        self.complex = [isinstance(value, ComplexValue) for value in values]
        with Trace(program):
            values = [stack(value) if isinstance(value, ComplexValue) else value for value in values]
        self.flagged = bool(program.doubts)
        if self.flagged:
            values.append(functools.reduce(functools.partial(build.binary, "or"), program.doubts))
        self.text = program.text(values) if values else ""

    def _argument(self, thing):
        kind = type(thing)
        if isinstance(thing, np.ndarray):
            check_array(thing)
            leaf = len(self._traced)
            first = self._same[leaf] if self._same else leaf
            if first == leaf:
                self.inputs.append(leaf)
            self._traced.append(self._writable(thing, leaf) if first == leaf else self._traced[first])
            return self._traced[-1]
        if kind is float or kind is complex or isinstance(thing, np.generic) and thing.dtype.kind in "biufc":
            leaf = len(self._traced)
            self.inputs.append(leaf)
            self._traced.append(None)
            return self._input(np.asarray(thing), leaf, kind if kind in (float, complex) else None)
        if kind is tuple or kind is list:
            return kind(self._argument(item) for item in thing)
        if kind is dict:
            return {name: self._argument(item) for name, item in thing.items()}
        if not is_constant(thing):
            return remade(kind, [self._argument(getattr(thing, name)) for name in fields_of(thing)])
        return self.scope.reach(thing)

    def _input(self, array, place, weak=None):
        """An input of the program."""
        program, number = self.program, len(self.program.inputs)
        dims = []
        for axis, extent in enumerate(array.shape):
            if extent == 1:
                dims.append(1)
                continue
            name = f"s{number}_{axis}"
            dims.append(program.facts.symbol(name, extent))
            self._symbols.append((name, place, axis))
            if axis > 0 and axis == array.ndim - 1 and extent <= _SHORT_ROW:
                dims[-1] = int(dims[-1])
        if array.dtype.kind == "c":
            part = program.input(array.real.dtype.newbyteorder("="), (*dims, 2))
            return Tracer(unstack(part), weak=weak)
        return Tracer(program.input(array.dtype.newbyteorder("="), dims), weak=weak)

    def _capture(self, array, how):
        """An array of the globals or a closure."""
        check_array(array)
        place = ("outside", len(self.captured))
        self.captured.append((how, array.dtype, tuple(extent if extent == 1 else -1 for extent in array.shape)))
        self.inputs.append(place)
        return self._writable(array, place)

    def _writable(self, array, place):
        """An input that may be written to."""
        number = len(self.program.inputs)
        tracer = self._input(array, place)
        tracer._boxed = True
        self._arrays.append((tracer, tracer.value, number))
        return tracer

    def _result(self, thing, values):
        """The shape of what the function returns; its arrays go to `values`."""
        if isinstance(thing, (Tracer, Extent, np.ndarray, np.generic)):
            tracer = as_tracer(thing)
            values.append(tracer.value)
            return ("array", len(values) - 1, tracer._weak or (None if tracer.ndim or tracer.is_number else np.asarray))
        kind = type(thing)
        if kind in (tuple, list):
            return (kind, [self._result(item, values) for item in thing])
        if kind is dict:
            return ("dict", list(thing), [self._result(item, values) for item in thing.values()])
        if isinstance(thing, (dict, list, set, frozenset, types.GeneratorType, map, zip)):
            raise TraceError(f"a result of type {kind.__name__} is not supported: return arrays, numbers, texts, or tuples, "
                             "lists, dicts, named tuples and dataclasses of them")
        if fields := fields_of(thing):
            return (functools.partial(remade, kind), [self._result(getattr(thing, name), values) for name in fields])
        return ("constant", real(thing))

    def actual(self, leaves):
        """The extents that the symbols stand for."""
        return {name: self.array(place, leaves).shape[axis] for name, place, axis in self._symbols}

    def array(self, place, leaves):
        if isinstance(place, tuple):
            return read(self.captured[place[1]][0])
        return leaves[place]

    def same(self, leaves):
        """For each leaf the first one that is the same array, where the program writes to arrays that came twice; else None."""
        arrays = [self.array(place, leaves) for place in self.inputs]
        shared = [(i, j) for i, _ in self.written for j in range(len(arrays))
                  if i != j and isinstance(arrays[j], np.ndarray) and _share(arrays[i], arrays[j])]
        for i, j in shared:
            if arrays[i] is not arrays[j] or any(isinstance(self.inputs[k], tuple) for k in (i, j)):
                raise InputError("an array that the function writes to shares memory with another one that it reads: pass a copy")
        ids = list(map(id, leaves))
        return tuple(map(ids.index, ids)) if shared else None

    def outside(self):
        """The arrays of globals and closures as they are now."""
        return [read(how) for how, _, _ in self.captured]

    def fits(self, leaves):
        """Whether the extents and the outside agree with what was taken for granted."""
        for how, dtype, ones in self.captured:
            array = read(how)
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != len(ones) or \
                    any((extent == 1) != (one == 1) for extent, one in zip(array.shape, ones)):
                return False
        facts = self.program.facts
        return self.scope.unchanged() and (not (facts.known or facts.comparisons) or facts.holds(self.actual(leaves)))

    def for_dispatcher(self, args, leaves):
        """What Dispatcher._add takes besides the model; None where only Python can run the program."""
        arguments = [argument_row(argument) for argument in args]
        if None in arguments:
            return None
        reads = [(*how, thing) for how, thing in self.scope.reads]
        inputs = []
        for place in self.inputs:
            if isinstance(place, tuple):
                how = self.captured[place[1]][0]
                array = self.array(place, ())
                reads.append((*how, array))
                inputs.append((0, array))
            else:
                inputs.append((place, None))
        return arguments, reads, self._facts(leaves), inputs, self.complex, result_row(self.tree), self.written, \
            self.flagged

    def _facts(self, leaves):
        """The facts about extents as Dispatcher has them: polynomials. Where one is none, the extents of this call."""
        facts = self.program.facts
        places = {name: (self.inputs.index(place), axis) for name, place, axis in self._symbols}
        known = [(Dim.symbol(name).sub(dim_of(extent)), "eq", True) for name, extent in facts.known.items()]
        rows = []
        for dim, comparison, result in known + facts.comparisons:
            terms = dim.terms
            if terms is None:
                return [([(1, [places[name]]), (-extent, [])], COMPARISONS.index("eq"), True)
                        for name, extent in self.actual(leaves).items()]
            rows.append(([(factor, [places[name] for name in names]) for factor, names in terms],
                         COMPARISONS.index(comparison), result))
        return rows


def _share(first, second):
    """Whether two arrays share memory; also where it would take long to tell."""
    try:
        return np.shares_memory(first, second, max_work=10_000)
    except np.exceptions.TooHardError:
        return True


# Rows of points and colours: code that knows how few elements they have is several times as fast. Longer ones are symbols.
_SHORT_ROW = 3
_MOST_ROWS = 64     # of Dispatcher for one program, each for extents of its own


class _Doubt(Exception):
    """A program took something for granted of values that does not hold."""


class _Specialization:
    """One compiled program of a function."""

    def __init__(self, jitted, args, leaves, **options):
        self.traced = traced = _Traced(jitted, args, leaves, **options)
        self.model = None
        if traced.text:
            self.model = _compile_cache.compile_program(traced.text, jitted.name, jitted._target,
                                                        jitted._threads)
        self.fits = traced.fits
        self.rows, self.outside = 0, []      # of Dispatcher that run it, and the arrays outside that they read

    def run(self, leaves):
        traced = self.traced
        arrays = []
        for place in traced.inputs:
            array = traced.array(place, leaves)
            if isinstance(array, (float, complex)):
                array = np.asarray(array)
            if array.dtype.kind == "c":
                array = np.ascontiguousarray(array).view(array.real.dtype).reshape(*array.shape, 2)
            arrays.append(array)
        results = list(self.model._model.run(*arrays)) if self.model else []
        if traced.flagged and results.pop():
            raise _Doubt
        for i, is_complex in enumerate(traced.complex):
            if is_complex:
                results[i] = results[i].view(np.complex64 if results[i].dtype == np.float32 else np.complex128)[..., 0]
        for number, output in traced.written:
            traced.array(traced.inputs[number], leaves)[...] = results[output]
        return self._unflatten(traced.tree, results)

    def _unflatten(self, tree, results):
        kind = tree[0]
        if kind == "array":
            result = results[tree[1]]
            return result if result.ndim else tree[2](result) if tree[2] else result[()]
        if kind == "constant":
            return tree[1]
        if kind == "dict":
            return dict(zip(tree[1], (self._unflatten(item, results) for item in tree[2])))
        return kind(self._unflatten(item, results) for item in tree[1])


