"""The table, and how a function enters it."""

LOWERINGS = {}


def lowers(*names):
    """Registers a function for operators, by their names in the namespace aten."""
    def register(function):
        for name in names:
            LOWERINGS["quern.recurrent.default" if name == "quern::recurrent" else f"aten.{name}"] = function
        return function
    return register
