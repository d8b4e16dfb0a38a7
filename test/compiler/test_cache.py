"""`quern cache`: what it shows of the entries that the Python package keeps, and what it removes."""
import json
import os
import subprocess

import numpy as np
import pytest
from onnx import parser

import quern
from quern._compiler import find_compiler


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "quern"


def cache(*arguments):
    done = subprocess.run([find_compiler(), "cache", *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def entries():
    code, text, _ = cache("--json")
    assert code == 0
    return json.loads(text)


@pytest.fixture
def filled(folder):
    """Three entries, of which `first` was used last."""
    def first(x):
        return x + 1

    def second(x):
        return x * 3

    for function in (first, second):
        quern.jit(function)(np.ones(3))
    quern.compile(parser.parse_model('<ir_version: 8, opset_import: ["" : 17]> g (float[n] x) => (float[n] y) { y = Neg (x) }'))
    for age, entry in enumerate(sorted(entries()["entries"], key=lambda entry: entry["name"])):
        os.utime(entry["path"], (1e9 - age, 1e9 - age))
    return folder


def test_empty(folder):
    assert entries() == {"folder": str(folder), "bytes": 0, "entries": []}
    assert cache()[1] == f"0 entries, 0.0 MB, in {folder}\n"


def test_entries(filled):
    shown = entries()
    assert [entry["name"] for entry in shown["entries"]] == ["first", "model", "second"]
    assert all(entry["target"] == "native" and entry["bytes"] == os.stat(entry["path"]).st_size for entry in shown["entries"])
    assert shown["bytes"] == sum(entry["bytes"] for entry in shown["entries"])
    text = cache()[1]
    assert all(word in text for word in ("first", "second", "model", "2001-09-09", "3 entries"))


def test_prune(filled):
    newest = entries()["entries"][0]
    code, text, _ = cache(f"--prune={newest['bytes']}")
    assert code == 0 and text.startswith("removed 2 of 3 entries\n")
    assert [entry["name"] for entry in entries()["entries"]] == ["first"]


@pytest.mark.parametrize("argument", ["--clear", "--prune=0"])
def test_clear(filled, argument):
    other = filled / "notes.txt"
    other.write_text("not an entry")
    assert cache(argument)[0] == 0
    assert list(filled.iterdir()) == [other]


def test_prune_keeps_what_fits(filled):
    assert cache("--prune=1G")[1].startswith("removed 0 of 3 entries\n")


@pytest.mark.parametrize("size", ["", "x", "12Q", "-1", "99999999999T"])
def test_sizes_that_are_none(filled, size):
    assert cache(f"--prune={size}") == (2, "", f"quern: error: --prune={size}: expected a number of bytes, such as 500M, 2G or 0\n")
    assert len(entries()["entries"]) == 3


@pytest.mark.parametrize("damage", [b"", b"quern-entry", b"\xff" * 8 + b"quern-entry", b"{}" + (2).to_bytes(8, "little") + b"quern-entry",
                                    b"[" + (1).to_bytes(8, "little") + b"quern-entry"])
def test_damaged_entries_are_shown_without_a_name(folder, damage):
    folder.mkdir(parents=True)
    (folder / "a.quern").write_bytes(damage)
    assert [(entry["name"], entry["target"]) for entry in entries()["entries"]] == [("?", "?")]
