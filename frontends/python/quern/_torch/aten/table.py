"""The table, and how a function enters it."""

LOWERINGS = {}


def lowers(*names):
    """Registers a function for operators, by their names in the namespace aten, or with their own: "quern::recurrent.default"."""
    def register(function):
        for name in names:
            LOWERINGS[name.replace("::", ".") if "::" in name else f"aten.{name}"] = function
        return function
    return register
