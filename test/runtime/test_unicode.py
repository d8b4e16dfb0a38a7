"""The tables of runtime/text beside what Python says of every code point."""
import ctypes
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = ROOT / "runtime" / "text"
WORD, SPACE = 1, 2


class Letter(ctypes.Structure):
    _fields_ = [("lower", ctypes.c_int32), ("flags", ctypes.c_uint8)]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unicode")
    subprocess.run([sys.executable, TEXT / "unicode_tables.py", folder / "unicode-tables.inc"], check=True)
    subprocess.run(["cc", "-std=c11", "-O1", "-fPIC", "-shared", f"-I{folder}", f"-I{ROOT / 'runtime'}",
                    TEXT / "unicode.c", "-o", folder / "unicode.so"], check=True)
    opened = ctypes.CDLL(str(folder / "unicode.so"))
    opened.quern_letter_of.restype = ctypes.POINTER(Letter)
    opened.quern_decode.restype = ctypes.c_uint32
    return opened


def lower(library, text):
    """str.lower() of a text by the tables."""
    data = text.encode()
    begin = ctypes.create_string_buffer(data, len(data))
    first = ctypes.addressof(begin)
    end, result, several = ctypes.c_void_p(first + len(data)), [], (ctypes.c_uint32 * 3)()
    at = ctypes.c_void_p(first)
    while at.value < end.value:
        before = ctypes.c_void_p(at.value)
        letter = library.quern_decode(ctypes.byref(at), end)
        count = library.quern_lower(ctypes.c_uint32(letter), begin, before, at, end, several)
        result += map(chr, several[:count])
    return "".join(result)


def test_every_code_point(library):
    word, space = re.compile(r"\w"), re.compile(r"\s")
    for code in range(sys.maxunicode + 1):
        if 0xd800 <= code < 0xe000:
            continue
        letter, flags = chr(code), library.quern_letter_of(code)[0].flags
        assert bool(flags & WORD) == bool(word.match(letter)), hex(code)
        assert bool(flags & SPACE) == bool(space.match(letter)) == letter.isspace(), hex(code)
        if code > 0x7f or code % 16 == 1:
            assert lower(library, letter) == letter.lower(), hex(code)


@pytest.mark.parametrize("text", ["ΑΣ", "ΑΣ.", "Σ", "ΑΣΑ", "Α'Σ", "ΑΣ'Α", "Α\u0301Σ\u0301", "ΑΣ\u0301Α", "1Σ", "ΣΣ ΣΣ", "ʰΣ",
                                  "AΣ\U0001d400", "İΣ", "ǅΣß", "ΑΣ\u00ad", "\u00adΣ", "日本Σ", "😀Σ"])
def test_final_sigma(library, text):
    assert lower(library, text) == text.lower()


@pytest.mark.parametrize("data", [b"\xff", b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3",
                                  b"\xe2\x82", b"\xf0\x9f\x98", b"\x80", b"\xf8\x88\x80\x80\x80"])
def test_bytes_that_are_no_letter(library, data):
    buffer = ctypes.create_string_buffer(data, len(data))
    at, end = ctypes.c_void_p(ctypes.addressof(buffer)), ctypes.c_void_p(ctypes.addressof(buffer) + len(data))
    for _ in data:
        assert library.quern_decode(ctypes.byref(at), end) == 0xfffd
    assert at.value == end.value
