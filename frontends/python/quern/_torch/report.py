"""What is left to PyTorch is said, once for each reason."""
import warnings

_told = set()


class FallbackWarning(UserWarning):
    """Something runs in PyTorch and not as compiled code."""


def left_to_pytorch(reason):
    """A whole graph."""
    _tell(f"quern: a graph runs in PyTorch: {reason}")


def operators_left_to_pytorch(left, total):
    """`left`: {node: why}."""
    shown = "; ".join(dict.fromkeys(f"{where(node)}: {why}" for node, why in left.items()))
    _tell(f"quern: {len(left)} of {total} operators run in PyTorch: {shown}")


def where(node):
    """The operator and the line of the model that asked for it."""
    trace = (node.meta.get("stack_trace") or "").strip().splitlines()
    lines = [line.strip() for line in trace if line.strip().startswith("File ")]
    if not lines:
        return str(node.target)
    file, line = lines[-1].split('"')[1], lines[-1].split("line ")[1].split(",")[0]
    return f"{node.target} ({file}:{line})"


def _tell(text):
    if text not in _told:
        _told.add(text)
        warnings.warn(text, FallbackWarning, stacklevel=2)
