"""Programs that were compiled before, on disk: `$XDG_CACHE_HOME/quern`, or `~/.cache/quern`.

An entry is one file (`_cache_entry.py`) with the whole key and a checksum. The least recently used entries go where all
take more than a few gigabytes. A fault of the cache is never a fault of a compilation: what cannot be read or written is
compiled again, or not kept. A folder that others may write to is not used.
"""
import functools
import hashlib
import json
import os
import shutil
import tempfile
import threading

import numpy as np

from . import _cache_entry, _compile
from ._model import CompiledModel

MOST_BYTES = 4 << 30


def compile_program(text, name, target, threads, weights=None):
    """A program of graph ops as a CompiledModel. `weights`: the arrays of Program.weights; the text has their checksum."""
    key = json.dumps([*code_key(target), name, text])
    path = _path(key)
    folder = tempfile.mkdtemp(prefix="quern-")
    artifact = os.path.join(folder, "model.so")
    try:
        if not _read(path, key, artifact):
            program = os.path.join(folder, f"{name}.mlir")
            with open(program, "w", encoding="utf-8") as file:
                file.write(text)
            write_weights(weights or {}, os.path.join(folder, f"{name}.safetensors"))
            _compile._run_compiler([program, "-o", artifact, f"--target={target}", f"--name={name}"])
            for entry in os.scandir(folder):
                if entry.path != artifact:
                    os.unlink(entry.path)
            _write(path, key, artifact)
        return CompiledModel(artifact, threads, folder=folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def code_key(target):
    """What code for this target depends on besides the program."""
    return [_version(), target, _machine() if target == "native" else ""]


@functools.cache
def _version():
    """Another compiler makes other code."""
    state = os.stat(_compile.find_compiler())
    return f"{state.st_size}-{state.st_mtime_ns}"


@functools.cache
def _machine():
    """What "native" means here."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = file.read().split("\n\n")[0].splitlines()
    except OSError:
        return ""
    return "".join(line for line in lines if line.startswith(("flags", "Features", "model name", "CPU part")))


def folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "quern")


def _path(key):
    return os.path.join(folder(), hashlib.sha256(key.encode()).hexdigest() + ".quern")


def write_weights(weights, path):
    """Arrays by name as a safetensors file, with what the compiler reads of one."""
    if not weights:
        return
    header, end = {}, 0
    for name, array in weights.items():
        header[name] = {"dtype": "U8", "shape": [array.nbytes], "data_offsets": [end, end + array.nbytes]}
        end += array.nbytes
    head = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        for array in weights.values():
            file.write(np.atleast_1d(array).view(np.uint8))


def _read(path, key, artifact):
    """Whether the entry was there and whole; then `artifact` is it."""
    try:
        if not _is_own(os.path.dirname(path)):
            return False
        if not _cache_entry.is_whole(path, key):
            return False
        _link(path, artifact)
        os.utime(path)      # the least recently used go first
        return True
    except (OSError, ValueError, AttributeError):
        return False


def _link(path, other):
    """`other` becomes the same file, or a copy where that is another file system's."""
    try:
        os.link(path, other)
    except OSError:
        shutil.copyfile(path, other)


def _is_own(place):
    """Whether nobody else can put code here for us to load."""
    state = os.stat(place)
    return state.st_uid == os.geteuid() and not state.st_mode & 0o022


def _prune(place):
    entries = sorted(((entry.stat(), entry.path) for entry in os.scandir(place) if entry.name.endswith(".quern")),
                     key=lambda pair: pair[0].st_mtime, reverse=True)
    kept = 0
    for state, path in entries:
        kept += state.st_size
        if kept > MOST_BYTES:
            os.unlink(path)


def _write(path, key, artifact):
    """Makes an entry of `artifact`, which becomes the same file."""
    temporary = None
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        if not _is_own(os.path.dirname(path)):
            return
        _cache_entry.append(artifact, key)
        temporary = os.path.join(os.path.dirname(path), f".new-{os.getpid()}-{threading.get_ident()}")
        _link(artifact, temporary)
        os.replace(temporary, path)
        temporary = None
        _prune(os.path.dirname(path))
    except OSError:
        if temporary:
            try:
                os.unlink(temporary)
            except OSError:
                pass
