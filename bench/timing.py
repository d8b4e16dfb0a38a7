"""What the benchmarks share: interleaved timing with confidence intervals, thread pinning, tables.

Nothing here imports NumPy, so that pin() can run before it does.
"""
import json
import os
import random
import statistics
import sys
import time
from dataclasses import dataclass


def pin(threads):
    """Keep this process and its thread pools on the first `threads` CPUs; call before NumPy or torch are imported."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)


def calls_per_sample(call, sample):
    """How many calls take about `sample` seconds, at least 1; the calls made here are the warm-up."""
    call()
    start = time.perf_counter()
    call()
    return max(1, round(sample / max(time.perf_counter() - start, 1e-9)))


def interleave(calls, seconds=1.0, sample=2e-3, rounds=5):
    """Time `calls` ({name: function}) in turns, in random order, for about `seconds` and at least `rounds` rounds.

    Returns {name: [seconds per call, ...]}, one sample a round: sample i of every name was taken side by side.
    """
    inner = {name: calls_per_sample(call, sample) for name, call in calls.items()}
    samples = {name: [] for name in calls}
    order, shuffle = list(calls), random.Random(0).shuffle
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline or len(samples[order[0]]) < rounds:
        shuffle(order)
        for name in order:
            call, n = calls[name], inner[name]
            start = time.perf_counter()
            for _ in range(n):
                call()
            samples[name].append((time.perf_counter() - start) / n)
    return samples


@dataclass
class Ratio:
    """A ratio of times and its 95 % confidence interval."""
    value: float
    low: float
    high: float

    def __str__(self):
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def paired_ratio(numerators, denominators, resamples=1000):
    """Median of the rounds' ratios, its interval by bootstrap: a disturbance that hits a whole round cancels out."""
    ratios = [a / b for a, b in zip(numerators, denominators, strict=True)]
    rng = random.Random(0)
    medians = sorted(statistics.median(rng.choices(ratios, k=len(ratios))) for _ in range(resamples))
    return Ratio(statistics.median(ratios), medians[int(0.025 * resamples)], medians[int(0.975 * resamples) - 1])


def progress(*words):
    print(*words, file=sys.stderr, flush=True)


def show(value):
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


def report(rows, as_json=False):
    """Print a list of dicts of the same keys, as JSON or as an aligned Markdown table."""
    if as_json:
        return print(json.dumps(rows, indent=1, default=vars))
    columns = list(rows[0]) if rows else []
    lines = [columns] + [[show(row[c]) for c in columns] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for n, line in enumerate(lines):
        print("| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths)) + " |")
        if n == 0:
            print("|" + "|".join("-" * (w + 2) for w in widths) + "|")
