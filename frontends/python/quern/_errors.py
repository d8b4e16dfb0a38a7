"""What can go wrong, one class for each kind; every one is a QuernError and the nearest built-in class."""
import numpy as np


class QuernError(Exception):
    """Anything that Quern refuses, in one line that says what disagrees."""


class UsageError(QuernError, ValueError):
    """The options are wrong: an unknown target, a shape for an input that the model lacks."""


class ModelError(QuernError, ValueError):
    """The model is wrong: not a model, truncated, inconsistent, data outside its folder."""


class UnsupportedError(QuernError, NotImplementedError):
    """A valid model that this compiler does not take, or a machine that the compiled model does not run on."""


class FileError(QuernError, OSError):
    """A file is missing, unreadable or unwritable, or the disk is full."""


class InternalError(QuernError, RuntimeError):
    """The compiler's fault."""


class InputError(QuernError, ValueError, TypeError):
    """The arrays of a call do not fit the model: wrong name, number, dtype, rank or dim."""


class DataError(QuernError, ValueError):
    """A value in the arrays decided an index or a size and was out of range."""


class LinearAlgebraError(DataError, np.linalg.LinAlgError):
    """A matrix has no inverse, or no such factors."""


OF_MATRICES = ("Singular matrix", "Matrix is not positive definite")


def data_error(text):
    """The exception for what a run says of its data; matrices are told of in NumPy's words."""
    for words in OF_MATRICES:
        if text.startswith(words):
            return LinearAlgebraError(words)
    return DataError(text)


# The exit codes of the `quern` command.
BY_EXIT_CODE = {2: UsageError, 3: ModelError, 4: UnsupportedError, 5: FileError, 70: InternalError}
