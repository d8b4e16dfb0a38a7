"""How fast a model is here, kernel by kernel, held against what the machine can do at best."""
import json
import subprocess
from dataclasses import dataclass, fields

from ._compiler import find_compiler, raise_for
from ._errors import FileError, UsageError


@dataclass(frozen=True)
class Measurement:
    """A whole run, or one launch of a kernel in it. None: not known for this kind of kernel."""
    name: str
    nodes: str            # the model's own, "conv1 (Conv), relu1 (Relu)"
    algorithm: str
    min_us: float
    median_us: float
    p99_us: float
    share: float | None   # of the run's time, 0 to 1
    mflop: float | None   # of one call
    mbyte: float | None   # read and written, each once
    gflop_s: float | None
    gb_s: float | None
    roof: float | None    # of the rate that this machine reaches at best, 0 to 1
    bound: str            # what that best is decided by: "compute", "L2", "memory", ...


@dataclass(frozen=True)
class Benchmark:
    """What `CompiledModel.benchmark` measured. `str` of it is a table; a notebook shows it with bars."""
    run: Measurement
    kernels: tuple        # of Measurements, in the order of their time
    threads: int
    peak_gflop_s: float | None   # multiply-adds of float32 that this machine does at best with as many threads

    def __str__(self):
        lines = [f"{'us':>10}  {'% time':>6}  {'GFLOP/s':>8}  {'GB/s':>6}  {'% roof':>6}  {'bound':8}  kernel"]
        for row in (self.run, *self.kernels):
            lines.append(f"{row.min_us:10.2f}  {_percent(row.share):>6}  {_number(row.gflop_s):>8}  {_number(row.gb_s):>6}  "
                         f"{_percent(row.roof):>6}  {row.bound:8}  {row.nodes or row.name}")
        return "\n".join(lines)

    def _repr_html_(self):
        from ._html import benchmark_table
        return benchmark_table(self)


def measure(path, threads, seconds, shapes, max_level):
    """Runs `quern bench` on the shared library `path` in a child process."""
    if not seconds > 0:
        raise UsageError(f"seconds={seconds!r}: expected a positive number")
    command = [find_compiler(), "bench", path, "--kernels", "--json", f"--threads={threads}", f"--seconds={seconds}",
               f"--max-level={max_level}"]
    for name, dims in (shapes or {}).items():
        command.append(f"--input={name}=random:{'x'.join(map(str, dims))}")
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError as error:
        raise FileError(f"cannot run '{command[0]}': {error.strerror}") from error
    raise_for(done.returncode, done.stderr)
    rows = json.loads(done.stdout)
    names = [field.name for field in fields(Measurement)]
    run, *kernels = (Measurement(**{name: row[name] for name in names}) for row in rows)
    return Benchmark(run, tuple(kernels), threads, rows[0]["peak_gflop_s"])


def _percent(share):
    return "" if share is None else f"{100 * share:.1f}"


def _number(value):
    return "" if value is None else f"{value:.1f}"
