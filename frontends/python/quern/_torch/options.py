"""What torch.compile may be told about this backend: `options={"threads": 4, "target": "native"}`."""
from dataclasses import dataclass, fields

from .._errors import UsageError


@dataclass(frozen=True)
class Options:
    """threads: the most that a call uses, None for every core that this process may use. target: as in quern.compile."""
    threads: int | None = None
    target: str = "native"

    @classmethod
    def of(cls, given, mode=None):
        names = [field.name for field in fields(cls)]
        for name in given or ():
            if name not in names:
                raise UsageError(f"the quern backend has no option {name!r}: expected {' or '.join(map(repr, names))}")
        if mode is not None:
            raise UsageError(f"the quern backend has no mode {mode!r}: leave mode out")
        options = cls(**(given or {}))
        if options.threads is not None and (type(options.threads) is not int or options.threads < 1):
            raise UsageError(f"threads={options.threads!r}: expected a number of at least 1")
        if not isinstance(options.target, str):
            raise UsageError(f"target={options.target!r}: expected a name, as `quern targets` lists them")
        return options
