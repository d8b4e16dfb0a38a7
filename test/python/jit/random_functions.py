"""Random NumPy functions as text, with the arguments of several calls, drawn from a seed: `draw(seed)`.

A function is made statement by statement, and each statement runs on the arguments of all calls at once: one that NumPy
refuses is left out. Values are *exact* as long as they are small multiples of a power of two, so that no order of sums can
change them; only exact values are compared, sorted, rounded or made integers. The rest is computed again with errors of a
few ulp in every statement: what that changes bounds how far a result may be from NumPy's.
"""
import collections
import copy
import dataclasses
import re
import warnings

import numpy as np
from random_statements import MISTAKES, STATEMENTS, Skip

_MOST_ELEMENTS = 4000
# By the number of bits in a float: how many a fraction may have, and the largest number.
_GRID = {16: (4, 64), 32: (8, 2.0 ** 13), 64: (18, 2.0 ** 28)}
_NAMES = {"bool": 3, "int8": 1, "uint8": 2, "int16": 1, "uint16": 1, "int32": 3, "uint32": 1, "int64": 4, "uint64": 1,
          "float16": 1, "float32": 7, "float64": 9, "complex64": 1, "complex128": 2}
_EXTENTS = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 20]
HEAD = """\
def centered(x, factor=2):
    y = x - x[:1]
    return y * factor

def smallest(x, *rest):
    for other in rest:
        x = np.minimum(x, other)
    return x

def shifted(x, *, by=1):
    def inner(y):
        return y + by * SCALE
    return inner(x)

def bump(x, amount=1):
    x += amount
    return x
"""


Pair = collections.namedtuple("Pair", "low high")


@dataclasses.dataclass
class Record:
    first: object
    second: object


@dataclasses.dataclass
class Statement:
    text: str
    written: list               # names that it assigns or whose elements it changes
    is_smooth: bool = False     # it rounds: its floats are no longer exact


class Function:
    """A function's text and the calls of it. calls: for each (arguments, globals)."""

    def __init__(self, seed, parameters, calls, statements=(), results=(), form="tuple", fails=False):
        self.seed, self.parameters, self.calls = seed, parameters, calls
        self.statements, self.results, self.form, self.fails = list(statements), list(results), form, fails

    @property
    def text(self):
        lines = [line for statement in self.statements for line in statement.text.split("\n")]
        items = ", ".join(self.results)
        made = {"tuple": f"({items}{',' if items else ''})", "list": f"[{items}]", "record": f"Record([{items}], {self.results[0] if items else 0})",
                "dict": "{" + ", ".join(f"{name!r}: {name}" for name in self.results) + "}",
                "pair": f"Pair([{items}], None)"}[self.form]
        body = "\n".join(f"    {line}" for line in [*lines, f"return {made}"])
        return f"def f({', '.join(self.parameters)}):\n{body}\n"

    def __str__(self):
        def shown(thing):
            if isinstance(thing, np.ndarray):
                order = "" if thing.flags.c_contiguous else f", strides {thing.strides}"
                return f"{thing.dtype}{list(thing.shape)}{order}{'' if thing.flags.writeable else ', read-only'}"
            if isinstance(thing, (tuple, list)):
                return f"{type(thing).__name__}({', '.join(map(shown, thing))})"
            if dataclasses.is_dataclass(thing):
                return f"Record({shown(thing.first)}, {shown(thing.second)})"
            if isinstance(thing, dict):
                return "{" + ", ".join(f"{key!r}: {shown(value)}" for key, value in thing.items()) + "}"
            return repr(thing)

        calls = [f"# f({', '.join(map(shown, arguments))}), SCALE = {outside['SCALE']!r}" for arguments, outside in self.calls]
        return "\n".join([f"# draw({self.seed})", *calls, self.text])

    def namespace(self):
        """Where the function lives: its globals. They are those of the first call."""
        space = {"__name__": "random_function", "np": np, "Pair": Pair, "Record": Record}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(HEAD + self.text, space)    # noqa: S102
        space.update(copy.deepcopy(self.calls[0][1]))
        return space

    def arguments(self, call):
        return copied(self.calls[call][0])

    def deviations(self, call, names, runs=4):
        """How far each result may be from NumPy's, of runs that round otherwise."""
        want = self._run(call, names, None)
        worst = [np.zeros(np.shape(one)) for one in want]
        for seed in range(runs):
            for i, one in enumerate(self._run(call, names, np.random.default_rng(seed))):
                with np.errstate(all="ignore"):
                    gap = np.abs(np.asarray(one, complex) - np.asarray(want[i], complex))
                worst[i] = np.maximum(worst[i], np.where(np.isfinite(gap), gap, 0))
        return worst

    def _run(self, call, names, rng):
        space = self.namespace()
        space.update(copy.deepcopy(self.calls[call][1]))
        space.update(zip(_plain(self.parameters), self.arguments(call)))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for statement in self.statements:
                exec(statement.text, space)    # noqa: S102
                if rng is not None and statement.is_smooth:
                    for name in statement.written:
                        _disturb(space, name, rng)
            return [copy.deepcopy(eval(name, space)) for name in names]    # noqa: S307


def _plain(parameters):
    return [re.split("[=:]", parameter)[0] for parameter in parameters if parameter != "*"]


def _disturb(space, name, rng):
    value = eval(name, space)    # noqa: S307
    if not isinstance(value, (np.ndarray, np.generic)) or value.dtype.kind not in "fc":
        return
    eps = np.finfo(value.dtype).eps
    factor = 1 + eps * rng.choice([-3, -2, 2, 3], value.shape)
    if isinstance(value, np.ndarray) and value.flags.writeable:
        value[...] = (value * factor).astype(value.dtype)
    else:
        space[name] = (value * factor).astype(value.dtype)[()]


def copied(thing):
    """A copy with the same strides, writeable or not as the original is."""
    if isinstance(thing, np.ndarray):
        base = thing
        while isinstance(base.base, np.ndarray):
            base = base.base
        start = thing.__array_interface__["data"][0] - base.__array_interface__["data"][0]
        new = np.ndarray(thing.shape, thing.dtype, _bytes(base), start, thing.strides)
        new.flags.writeable = thing.flags.writeable
        return new
    if isinstance(thing, tuple) and hasattr(thing, "_fields"):
        return type(thing)(*map(copied, thing))
    if isinstance(thing, (tuple, list)):
        return type(thing)(map(copied, thing))
    if isinstance(thing, dict):
        return {key: copied(value) for key, value in thing.items()}
    if dataclasses.is_dataclass(thing):
        return dataclasses.replace(thing, **{field.name: copied(getattr(thing, field.name)) for field in dataclasses.fields(thing)})
    return thing


def _bytes(base):
    return bytearray(base.tobytes("A")) if base.size else bytearray(8)


class Maker:
    """Makes one function from a seed; what statements draw from."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.is_special = self.chance(0.08)      # NaN and infinities among the arguments
        self.symbols = [self._extents() for _ in range(3)]
        self.function = Function(seed, [], [([], {}) for _ in range(self.pick([1, 2, 2, 3]))])
        self.exact, self.names, self.used, self.wants_exact = set(), [], [], False
        self._make_arguments()
        self.envs = self._envs()
        for _ in range(self.between(3, 14)):
            self._step()
        if self.chance(0.12):
            self._mistake()
        self._finish()

    #--- Choices -------------------------------------------------------------------------------

    def pick(self, items):
        items = list(items)
        if not items:
            raise Skip
        return items[int(self.rng.integers(len(items)))]

    def chance(self, part):
        return bool(self.rng.random() < part)

    def between(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def array(self, kinds="biufc", rank=None, least=0, exact=None, same=None, writeable=False, sized=False, test=None):
        """A name of arrays of these kinds. rank: the rank or several; least: the least rank; same: another name, of the
        same shape; sized: not empty."""
        exact = self.wants_exact if exact is None else exact

        def fits(name):
            if exact and name not in self.exact:
                return False
            for env in self.envs:
                value = eval(name, env)    # noqa: S307
                if not isinstance(value, np.ndarray) and (writeable or not isinstance(value, np.generic)):
                    return False
                if value.dtype.kind not in kinds or value.ndim < least or sized and not value.size:
                    return False
                if rank is not None and value.ndim not in (rank if isinstance(rank, tuple) else (rank,)):
                    return False
                if same and value.shape != np.shape(eval(same, env)) or writeable and not value.flags.writeable:    # noqa: S307
                    return False
                if test and not test(value):
                    return False
            return True

        fitting = [name for name in self.names if fits(name)]
        name = self.pick(fitting[-4:] if self.chance(0.6) else fitting)
        self.used.append(name)
        return name

    def value(self, name, call=0):
        return eval(name, self.envs[call])    # noqa: S307

    def number(self):
        """A Python number, as text."""
        return self.pick(["2", "3", "0.5", "1.5", "-1", "1", "0", "2.0", "-0.25", "4"])

    def operand(self, **options):
        """An array, or now and then a number."""
        return self.array(**options) if self.chance(0.8) else self.number()

    def dtype(self, kinds="biufc"):
        names = [name for name in _NAMES if np.dtype(name).kind in kinds]
        weights = np.array([_NAMES[name] for name in names], float)
        return names[int(self.rng.choice(len(names), p=weights / weights.sum()))]

    def axis(self, name, none=0.2, several=0.0):
        """An axis argument as text."""
        rank = np.ndim(self.value(name))
        if self.chance(none) or rank == 0:
            return "None"
        if self.chance(several):
            axes = self.rng.permutation(rank)[:self.between(0, rank)].tolist()
            return str(tuple(axis - rank if self.chance(0.3) else axis for axis in axes))
        return str(self.between(-rank, rank - 1))

    def extent(self):
        """A size as text: a number, or what a shape says."""
        if self.chance(0.3):
            return str(self.between(0, 6))
        name = self.array(least=1, exact=False)
        self.used.pop()
        rank = self.value(name).ndim
        made = self.pick([f"{name}.shape[{self.between(-rank, rank - 1)}]", f"len({name})", f"{name}.shape[0] + 1", f"{name}.size",
                          f"{name}.shape[0] // 2", f"{name}.ndim", f"np.shape({name})[0]"])
        return made

    def new(self):
        self.count = getattr(self, "count", -1) + 1
        return f"v{self.count}"

    #--- Arguments -----------------------------------------------------------------------------

    def _extents(self):
        few = self.chance(0.2)
        return [self.pick([0, 1, 2, 3] if few else _EXTENTS) for _ in range(3)]

    def numbers(self, dtype, shape):
        """Exact values of a dtype."""
        dtype = np.dtype(dtype)
        if dtype.kind == "b":
            return self.rng.integers(0, 2, shape).astype(bool)
        if dtype.kind in "iu":
            return self.rng.integers(-9 if dtype.kind == "i" else 0, 10, shape).astype(dtype)
        values = self.rng.integers(-12, 13, shape) / 4
        if dtype.kind == "c":
            return (values + 1j * self.rng.integers(-12, 13, shape) / 4).astype(dtype)
        values = np.asarray(values, dtype)
        if self.is_special and values.size > 2:
            values.reshape(-1)[self.rng.integers(0, values.size, 3)] = [np.nan, np.inf, -np.inf]
        return values

    def _shape(self):
        rank = self.pick([0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4])
        return [self.pick([0, 0, 1, 2, "1"]) for _ in range(rank)]

    def _array(self, dtype, pattern, call):
        shape = [1 if axis == "1" else self.symbols[axis][call] for axis in pattern]
        layout = self.layout
        values = np.asarray(self.numbers(dtype, shape))
        if layout == "strided":
            values = np.asarray(self.numbers(dtype, [2 * extent for extent in shape]))[(slice(None, None, 2),) * len(shape)]
        elif layout == "backwards" and shape:
            values = values[::-1]
        elif layout == "fortran":
            values = np.asfortranarray(values)
        elif layout == "turned":
            values = np.asarray(self.numbers(dtype, shape[::-1])).T
        values = np.asarray(values)
        values.flags.writeable = layout == "plain"      # whether a reshape is a view of it depends on the layout
        return values

    def _make_arguments(self):
        parameters = self.function.parameters
        calls = self.function.calls
        self.leaves = {}        # parameter -> names of its arrays
        other_dtypes = self.chance(0.2)
        for number in range(self.between(2, 4)):
            name = "abcde"[number]
            pattern, dtype = self._shape(), self.dtype()
            self.layout = self.pick(["plain"] * 8 + ["strided", "backwards", "fortran", "turned", "read-only"])
            kind = self.pick(["array"] * 16 + ["scalar", "float", "int", "tuple", "dict", "pair", "record"])
            for call in range(len(calls)):
                if other_dtypes and call:
                    dtype = self.dtype(np.dtype(dtype).kind)

                def array():
                    return self._array(dtype, pattern, call)    # noqa: B023

                value = {"array": array, "scalar": lambda: np.dtype(dtype).type(self.numbers(dtype, ())),    # noqa: B023
                         "float": lambda: self.between(-8, 8) / 4, "int": lambda: self.between(0, 3),
                         "tuple": lambda: (array(), array()), "dict": lambda: {"x": array(), "y": array()},    # noqa: B023
                         "pair": lambda: Pair(array(), array()), "record": lambda: Record(array(), array())}[kind]()    # noqa: B023
                calls[call][0].append(value)
            parameters.append(name)
            within = {"tuple": ["[0]", "[1]"], "dict": ["['x']", "['y']"], "pair": [".low", ".high"], "record": [".first", ".second"]}
            self.leaves[name] = [name + part for part in within.get(kind, [""])]
            self.names += self.leaves[name]
        if self.chance(0.1) and all(len(arguments) == len(parameters) for arguments, _ in calls):
            parameters.append(f"z={self.pick(['2', '1.5', 'None', 'True'])}")
            for arguments, _ in calls:
                arguments.append(eval(parameters[-1][2:]))    # noqa: S307
        scale = self.pick([2, 0.5, 3])
        for call, (_, outside) in enumerate(calls):
            outside["SCALE"] = scale if call < 2 else scale + 1
            outside["TABLE"] = self.numbers("float64", self.symbols[0][call] if self.chance(0.7) else 5)
        self.names.append("TABLE")
        self.leaves["TABLE"] = ["TABLE"]
        self.exact = set(self.names)

    #--- Statements ----------------------------------------------------------------------------

    def _envs(self):
        envs = []
        for call in range(len(self.function.calls)):
            space = self.function.namespace()
            space.update(copy.deepcopy(self.function.calls[call][1]))
            space.update(zip(_plain(self.function.parameters), self.function.arguments(call)))
            for statement in self.function.statements:
                self._exec(statement.text, space)
            envs.append(space)
        return envs

    def _exec(self, text, space):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            exec(text, space)    # noqa: S102

    def _draw(self, table):
        """(what a row of the table made, the row)"""
        weights = np.array([row.weight for row in table], float)
        row = table[int(self.rng.choice(len(table), p=weights / weights.sum()))]
        self.used, self.wants_exact = [], row.kind == "discrete"
        return row.make(self), row

    def _step(self):
        for _ in range(40):
            count = getattr(self, "count", -1)
            try:
                made, row = self._draw(STATEMENTS)
                statement = self._statement(made, row)
                for env in self.envs:
                    self._exec(statement.text, env)
                self._judge(statement)
            except Exception:    # noqa: BLE001, whatever NumPy refuses is no statement
                self.count = count
                self.envs = self._envs()
                continue
            self.function.statements.append(statement)
            return

    def _statement(self, made, row):
        is_smooth = row.kind == "smooth" or any(name not in self.exact for name in self.used)
        if isinstance(made, tuple):
            text, written = made
            return Statement(text, written, is_smooth)
        if row.results == 1:
            name = self.new()
            return Statement(f"{name} = {made}", [name], is_smooth)
        names = [self.new() for _ in range(row.results)]
        return Statement(f"{', '.join(names)} = {made}", names, is_smooth)

    def _judge(self, statement):
        """Takes the names in, or raises Skip where values are too large to go on with."""
        exact = not statement.is_smooth
        for env in self.envs:
            for name in statement.written:
                value = eval(name, env)    # noqa: S307
                if not isinstance(value, (np.ndarray, np.generic, bool, int, float, complex)) or np.size(value) > _MOST_ELEMENTS:
                    raise Skip
                dtype = np.asarray(value).dtype
                if dtype.kind not in "biufc" or dtype.itemsize > (16 if dtype.kind == "c" else 8):
                    raise Skip
                if not self._is_tame(value):
                    raise Skip
                exact = exact and on_grid(value)
        changed = set(statement.written)
        if not exact:
            for env in self.envs:
                for name in statement.written:
                    changed |= {other for other in self.names if _share(eval(name, env), eval(other, env))}    # noqa: S307
            statement.is_smooth = True
            if any(np.asarray(eval(name, env)).dtype.kind in "biu" for name in statement.written for env in self.envs):    # noqa: S307
                raise Skip
        for name in statement.written:
            if name not in self.names:
                self.names.append(name)
        self.exact = self.exact - changed if not exact else self.exact | set(statement.written)

    def _is_tame(self, value):
        value = np.asarray(value)
        if value.dtype.kind not in "fc" or not value.size:
            return True
        with np.errstate(all="ignore"):
            size = np.abs(value)
            finite = np.isfinite(size)
            tame = np.all(size[finite] < (500 if value.dtype == np.float16 else 1e4))
        return bool(tame and (finite.all() or self.is_special))

    def _mistake(self):
        for _ in range(20):
            try:
                made, row = self._draw(MISTAKES)
            except Exception:    # noqa: BLE001
                continue
            statement = self._statement(made, row)
            errors = []
            for env in self._envs():
                try:
                    self._exec(statement.text, env)
                except Exception as error:    # noqa: BLE001
                    errors.append(type(error))
            if len(errors) == len(self.envs) and set(errors) <= {ValueError, TypeError, IndexError, np.exceptions.AxisError,
                                                               np.linalg.LinAlgError, OverflowError, ZeroDivisionError}:
                self.function.statements.append(statement)
                self.function.fails = True
                return

    def _finish(self):
        made = [name for statement in self.function.statements for name in statement.written if name.startswith("v")]
        made = list(dict.fromkeys(name for name in made if name in self.names))
        extra = [name for name in self.names if not name.startswith("v") and self.chance(0.1)]
        self.function.results = [] if self.function.fails else [name for name in made if self.chance(0.8)] + extra or self.names[:1]
        self.function.inexact = {name: leaves for name, leaves in self.leaves.items() if not self.exact.issuperset(leaves)}
        self.function.form = self.pick(["tuple"] * 6 + ["dict", "dict", "list", "pair", "record"])


def _share(a, b):
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)


def on_grid(value):
    """Whether the values are so few bits long that sums and products of a few are exact."""
    value = np.asarray(value)
    if value.dtype.kind == "c":
        return on_grid(value.real) and on_grid(value.imag)
    if value.dtype.kind != "f":
        return True
    bits, most = _GRID[value.dtype.itemsize * 8]
    wide = value.astype(np.float64)
    wide = wide[np.isfinite(wide)] * 2.0 ** bits
    return bool(np.all(wide == np.rint(wide)) and np.all(np.abs(wide) < most * 2.0 ** bits))


def draw(seed):
    return Maker(seed).function
