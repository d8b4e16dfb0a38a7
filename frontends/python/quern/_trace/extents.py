"""Extents of traced arrays: integers, or expressions over symbols that stand for the extents of the arguments."""
import operator

from .._dims import Dim
from .errors import TraceError


class ShapeFacts:
    """What a trace has taken for granted about its symbols, and what they are in this call.

    A symbol that was used as a plain integer has that value from then on, and one that had to be equal to another
    extent is replaced by it. The rest is a list of comparisons. A later call whose extents disagree is traced anew.
    """

    def __init__(self):
        self.actual = {}          # symbol -> its value in this call; data-dependent symbols have none
        self.known = {}           # symbol -> int or Dim
        self.comparisons = []     # (Dim, name of the comparison, its result): against 0

    def symbol(self, name, actual=None):
        """A new symbol as an extent; `actual` is its value in this call, if that is known before the run."""
        if actual is not None:
            self.actual[name] = actual
        return Extent(self, Dim.symbol(name))

    def resolve(self, dim):
        """The Dim under what is known."""
        while any(name in self.known for name in dim.symbols):
            dim = dim.substitute(self.known)
        return dim

    def value(self, dim):
        """The value in this call; None if it depends on data."""
        return self.resolve(dim).substitute(self.actual).constant

    def specialise(self, dim):
        """The value in this call, which is part of the program from now on."""
        dim = self.resolve(dim)
        value = self.value(dim)
        if value is None:
            raise TraceError("an extent that depends on values cannot be used as an integer: it is known only when the "
                             "function runs")
        for name in dim.symbols:
            self.known[name] = self.actual[name]
        return value

    def compare(self, dim, comparison):
        """Whether `dim` compares so with 0."""
        dim = self.resolve(dim)
        if dim.constant is not None:
            return getattr(operator, comparison)(dim.constant, 0)
        value = self.value(dim)
        if value is None:
            raise TraceError("an extent that depends on values cannot decide a branch: it is known only when the "
                             "function runs")
        result = getattr(operator, comparison)(value, 0)
        self._note(dim, comparison, result)
        return result

    def _note(self, dim, comparison, result):
        if not any(str(known) == str(dim) and name == comparison for known, name, _ in self.comparisons):
            self.comparisons.append((dim, comparison, result))

    def equate(self, a, b):
        """Takes for granted that two extents with the same value in this call are equal; returns the simpler one."""
        first, second = self.resolve(dim_of(a)), self.resolve(dim_of(b))
        if str(first) == str(second):
            return a
        for lone, other in ((second, first), (first, second)):
            if self._is_lone(lone) and (other.constant is not None or self._is_lone(other)):
                self.known[str(lone)] = other    # no other expression: an input's extent is a number or a symbol
                return self.extent(other)
        self._note(first.sub(second), "eq", True)
        return a if isinstance(a, int) else b

    def _is_lone(self, dim):
        return dim.symbols == [str(dim)] and str(dim) in self.actual

    def extent(self, dim):
        """An int, or an Extent."""
        dim = self.resolve(dim)
        return Extent(self, dim) if dim.constant is None else dim.constant

    def holds(self, actual):
        """Whether other values of the symbols agree with all that was taken for granted."""
        for name, known in self.known.items():
            known = known if isinstance(known, int) else known.substitute(self.known).substitute(actual).constant
            if known != actual[name]:
                return False
        return all(getattr(operator, comparison)(dim.substitute(self.known).substitute(actual).constant, 0) == result
                   for dim, comparison, result in self.comparisons)


def dim_of(extent):
    """The Dim of an int, an Extent or a Dim."""
    if isinstance(extent, Dim):
        return extent
    return extent.dim if isinstance(extent, Extent) else Dim.of(operator.index(extent))


class Extent:
    """An extent that is not a number. Arithmetic stays symbolic; what needs a number makes the program special to it."""
    __slots__ = ("facts", "_dim")

    def __init__(self, facts, dim):
        self.facts, self._dim = facts, dim

    @property
    def dim(self):
        return self.facts.resolve(self._dim)

    def _with(self, name, other, swap=False):
        if isinstance(other, (float, complex)):
            pair = (other, self._scalar()) if swap else (self._scalar(), other)
            return getattr(operator, name)(*pair)
        if isinstance(other, bool) or not isinstance(other, (int, Extent)):
            if not hasattr(other, "__index__") or hasattr(other, "__array_ufunc__"):
                return NotImplemented
            other = operator.index(other)
        a, b = (dim_of(other), self.dim) if swap else (self.dim, dim_of(other))
        return self.facts.extent(getattr(a, name)(b))

    def __add__(self, other): return self._with("add", other)
    def __radd__(self, other): return self._with("add", other, True)
    def __sub__(self, other): return self._with("sub", other)
    def __rsub__(self, other): return self._with("sub", other, True)
    def __mul__(self, other): return self._with("mul", other)
    def __rmul__(self, other): return self._with("mul", other, True)
    def __neg__(self): return self * -1
    def __pos__(self): return self

    def __floordiv__(self, other):
        if isinstance(other, float):
            return self._scalar() // other
        if isinstance(other, Extent) or other == 0:
            return operator.index(self) // operator.index(other)
        return self._with("floordiv", other)

    def __rfloordiv__(self, other): return other // operator.index(self)

    def __mod__(self, other):
        if isinstance(other, float):
            return self._scalar() % other
        if isinstance(other, Extent) or other <= 0:
            return operator.index(self) % operator.index(other)
        return self._with("mod", other)

    def __rmod__(self, other): return other % operator.index(self)
    def __divmod__(self, other): return self // other, self % other

    def __pow__(self, other):
        if isinstance(other, int) and 0 <= other <= 8:
            result = 1
            for _ in range(other):
                result = self * result
            return result
        return self._scalar() ** other

    def __rpow__(self, other): return other ** self._scalar()
    def __truediv__(self, other): return self._scalar() / other
    def __rtruediv__(self, other): return other / self._scalar()

    def _scalar(self):
        from .array import weak_scalar
        return weak_scalar(self)

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        from .array import weak_scalar
        inputs = [weak_scalar(value) if isinstance(value, Extent) else value for value in inputs]
        return getattr(ufunc, method)(*inputs, **keywords)

    def _compare(self, other, comparison):
        if not isinstance(other, (int, Extent)):
            if not isinstance(other, float):
                return NotImplemented
            return getattr(operator, comparison)(operator.index(self), other)
        return self.facts.compare(self.dim.sub(dim_of(other)), comparison)

    def __eq__(self, other): return self._compare(other, "eq")
    def __ne__(self, other): return self._compare(other, "ne")
    def __lt__(self, other): return self._compare(other, "lt")
    def __le__(self, other): return self._compare(other, "le")
    def __gt__(self, other): return self._compare(other, "gt")
    def __ge__(self, other): return self._compare(other, "ge")
    def __bool__(self): return self.facts.compare(self.dim, "ne")
    def __hash__(self): return hash(self.facts.specialise(self.dim))
    def __index__(self): return self.facts.specialise(self.dim)
    def __int__(self): return self.facts.specialise(self.dim)
    def __float__(self): return float(self.facts.specialise(self.dim))
    def __str__(self): return str(self.facts.specialise(self.dim))
    def __format__(self, spec): return format(self.facts.specialise(self.dim), spec)

    def __repr__(self):
        """As in a text about a shape; what depends on data is told as an expression."""
        return str(self.dim if self.facts.value(self.dim) is None else self)


def same(a, b):
    """Whether two extents are the same expression; takes nothing for granted."""
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    return str(dim_of(a)) == str(dim_of(b))


def actual(extent):
    """The value in this call; None if it depends on data."""
    return extent.facts.value(extent.dim) if isinstance(extent, Extent) else extent


def _extremum(a, b, comparison, expression):
    if isinstance(a, int) and isinstance(b, int) or actual(a) is not None and actual(b) is not None:
        return a if getattr(operator, comparison)(a, b) else b
    facts = (a if isinstance(a, Extent) else b).facts
    return facts.extent(expression(dim_of(a), dim_of(b)))


def larger(a, b):
    """The larger of two extents: taken from this call, or an expression where it depends on data."""
    return _extremum(a, b, "ge", Dim.max)


def smaller(a, b):
    return _extremum(a, b, "le", Dim.min)


def is_negative(extent):
    """From this call; a symbol is none."""
    return not (isinstance(extent, Extent) and extent.dim.symbols == [str(extent.dim)]) and extent < 0


def product(extents):
    result = 1
    for extent in extents:
        result = extent * result
    return result
