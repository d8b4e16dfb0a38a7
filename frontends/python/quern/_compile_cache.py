"""Models that were compiled before, on disk: `$XDG_CACHE_HOME/quern`, or `~/.cache/quern`.

An entry is one file (`_cache_entry.py`) with the whole key and a checksum. The least recently used entries go where all
take more than a few gigabytes, or are thousands. A fault of the cache is never a fault of a compilation: what cannot be
read or written is compiled again, or not kept. A folder that others may write to is not used.
"""
import functools
import hashlib
import json
import os
import shutil
import tempfile
import threading

from . import _cache_entry
from ._compiler import find_compiler, run_compiler
from ._model import CompiledModel
from ._source import ProgramSource

MOST_BYTES, MOST_ENTRIES = 4 << 30, 4096


def compile_program(text, name, target, threads, weights=None):
    """A program of graph ops as a CompiledModel. `weights`: the arrays of Program.weights."""
    return compile_source(ProgramSource(text, name, target, weights or {}), threads)


def compile_source(source, threads):
    """A source (`_source.py`) as a CompiledModel."""
    parts = source.key()
    key = parts and json.dumps([*code_key(source.target), *parts])
    folder = tempfile.mkdtemp(prefix="quern-")
    artifact = os.path.join(folder, "model.so")
    try:
        if not key or not _read(_path(key), key, artifact):
            run_compiler([*source.write(folder), "-o", artifact, f"--target={source.target}"])
            for entry in os.scandir(folder):
                if entry.path != artifact:
                    os.unlink(entry.path)
            if key:
                _write(_path(key), key, artifact, source.name, source.target)
        return CompiledModel(artifact, threads, folder=folder, source=source)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def find(key):
    """The bytes that `keep` kept under this text; None where there are none."""
    path = _path(key)
    try:
        if not _is_own(os.path.dirname(path)) or not _cache_entry.is_whole(path, key):
            return None
        os.utime(path)
        return _cache_entry.content(path)
    except (OSError, ValueError, AttributeError):
        return None


def keep(key, content, name, kind):
    """Makes an entry of bytes. `kind` is shown where those of code have their target."""
    folder = tempfile.mkdtemp(prefix="quern-")
    try:
        path = os.path.join(folder, "entry")
        with open(path, "wb") as file:
            file.write(content)
        _write(_path(key), key, path, name, kind)
    except OSError:
        pass
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def code_key(target):
    """What code for this target depends on besides the program."""
    return [_version(), target, _machine() if target == "native" else ""]


@functools.cache
def _version():
    """Another compiler makes other code."""
    state = os.stat(find_compiler())
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
    for number, (state, path) in enumerate(entries):
        kept += state.st_size
        if kept > MOST_BYTES or number >= MOST_ENTRIES:
            os.unlink(path)


def _write(path, key, artifact, name, target):
    """Makes an entry of `artifact`, which becomes the same file."""
    temporary = None
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        if not _is_own(os.path.dirname(path)):
            return
        _cache_entry.append(artifact, key, name, target)
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
