"""An entry of the cache as a file: a shared library, then a line of JSON that says what it was made of, its length and a mark.

What loads the library does not see the rest, so an entry is used where it lies; what copies it leaves the rest out.
"""
import json
import mmap
import os
import shutil

from ._runtime import _digest

_MARK = b"quern-entry"
_FOOT = 8 + len(_MARK)


def append(artifact, key, name, target):
    """Makes an entry of a shared library. The name and the target are for people: `quern cache` shows them."""
    with open(artifact, "r+b") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as code:
            checksum = _digest(code)
        head = json.dumps({"name": name, "target": target, "blake3": checksum, "key": key}).encode()
        file.seek(0, os.SEEK_END)
        file.write(head + len(head).to_bytes(8, "little") + _MARK)


def is_whole(path, key):
    """Whether this is the entry of a key, and nothing of it has changed. Raises OSError and ValueError for what is none."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as entry:
        size = code_size(entry)
        if size == len(entry):
            return False
        head = json.loads(entry[size:-_FOOT])
        if head.get("key") != key:
            return False
        with memoryview(entry) as everything, everything[:size] as code:
            return head.get("blake3") == _digest(code)


def code_size(data):
    """How many of these bytes are the library."""
    if data[-len(_MARK):] != _MARK:
        return len(data)
    size = len(data) - _FOOT - int.from_bytes(data[-_FOOT:-len(_MARK)], "little")
    return max(size, 0)


def content(path):
    """What an entry was made of, without what makes it one."""
    with open(path, "rb") as file:
        data = file.read()
    return data[:code_size(data)]


def copy_code(path, other):
    """Copies the library alone."""
    shutil.copyfile(path, other)
    with open(other, "r+b") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        size = code_size(data)
    os.truncate(other, size)
