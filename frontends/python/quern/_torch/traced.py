"""NumPy's functions on the Values of a graph, as quern.jit traces them."""
from .._trace import functions
from .._trace.array import Trace, Tracer, as_tracer
from .._trace.scope import Scope


def traced(call, function, *values):
    """What a function on NumPy's arrays gives for Values: a Value, or a tuple of them."""
    functions.load()
    with Trace(call.program, Scope(None)):
        result = function(*map(Tracer, values))
        if isinstance(result, tuple):
            return tuple(as_tracer(part).value for part in result)
        return as_tracer(result).value
