"""The tour of compiler/README.md is what the compiler prints. Each console block is a command and lines of its output:
`...` stands for anything, in a line or as a line; lines that stand together follow each other in the output."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from quern._compiler import find_compiler

README = Path(__file__).resolve().parents[2] / "compiler/README.md"
BLOCKS = re.findall(r"^```(console|python)\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
TOURS = [block.split("\n", 1) for language, block in BLOCKS if language == "console"]


def pattern(line):
    """A line of the tour as an expression: spaces at the ends do not count, `...` is anything."""
    return re.compile(".*".join(re.escape(part) for part in line.strip().split("...")))


def groups(lines):
    """The runs of lines between the `...` lines."""
    runs = [[]]
    for line in lines:
        if line.strip() == "...":
            runs.append([])
        else:
            runs[-1].append(line)
    return runs


def mismatch(expected, output):
    """Why the lines do not appear in the output, or None. The first run stands at the start, the last one at the end."""
    printed, runs, at = [line.strip() for line in output], groups(expected), 0
    for number, run in enumerate(runs):
        patterns = [pattern(line) for line in run]
        starts = [at] if number == 0 else range(at, len(printed) - len(run) + 1)
        if number and number == len(runs) - 1 and run:
            starts = [len(printed) - len(run)]
        found = [sum(1 for _ in matching(patterns, printed[start:])) for start in starts]
        if len(run) not in found:
            best = max(found, default=0)
            place = starts[found.index(best)] + best if found else at
            return f"expected: {run[best].strip()}\nprinted:  {printed[place] if place < len(printed) else '(nothing more)'}"
        at = starts[found.index(len(run))] + len(run)
    return None if len(runs) > 1 or at == len(printed) else f"printed besides: {printed[at]}"


def matching(patterns, lines):
    for expression, line in zip(patterns, lines):
        if not expression.fullmatch(line):
            return
        yield line


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the tour's Python has made the model."""
    folder = tmp_path_factory.mktemp("tour")
    script, = (block for language, block in BLOCKS if language == "python")
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize("command, expected", TOURS, ids=[re.sub(r".*--stop-after=(\w+).*", r"\1", command) for command, _ in TOURS])
def test_tour(folder, command, expected):
    tools = os.pathsep.join([str(Path(find_compiler()).parent), os.environ["PATH"]])
    done = subprocess.run(command.removeprefix("$ "), shell=True, cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": tools})
    assert done.returncode == 0, done.stderr
    wrong = mismatch(expected.splitlines(), done.stdout.splitlines())
    assert wrong is None, f"{command}\n{wrong}"


def test_every_phase_is_on_the_tour():
    table = (README.parent / "Phases.inc").read_text()
    shown = " ".join(command for command, _ in TOURS)
    for phase in re.findall(r'^QUERN_PHASE\("(\w+)"', table, re.MULTILINE):
        assert f"--stop-after={phase}" in shown or phase == "link"
        assert f"**{phase}**" in README.read_text()


@pytest.mark.parametrize("expected, holds", [
    ("a\nb\n...", True), ("...\nc\nd", True), ("a\n...\nd", True), ("a\nb\nc\nd", True), ("...\nb\nc\n...", True), ("b...", False),
    ("a\nb", False), ("a\nc\n...", False), ("...\nc\n...\nb\n...", False), ("...\nc", False)])
def test_what_counts_as_a_match(expected, holds):
    assert (mismatch(expected.splitlines(), ["a", "  b", "c", "d"]) is None) == holds
