"""What a traced function does that cannot be traced."""
import os
import sys

from .._errors import QuernError

_PACKAGE = os.path.dirname(os.path.dirname(__file__))


def user_line():
    """(file, line, function) of the nearest frame outside this package and NumPy."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_PACKAGE) and "/numpy/" not in name and not name.startswith("<frozen"):
            return name, frame.f_lineno, frame.f_code.co_name
        frame = frame.f_back
    return "?", 0, "?"


class TraceError(QuernError, TypeError):
    """A function does something with a traced value that needs the value itself. The text names the line."""

    def __init__(self, text):
        file, line, function = user_line()
        self.reason = text
        super().__init__(f"{file}:{line}, in {function}: {text}")
