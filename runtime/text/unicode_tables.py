"""Writes unicode-tables.inc: what this Python's str and re say of every code point, as tables of blocks of 256.

    python unicode_tables.py OUTPUT

Python says nothing of the cased and the ignorable by name: what they do to a capital sigma beside them tells.
"""
import sys

WORD, SPACE, CASED, IGNORABLE, EXPANDS = 1, 2, 4, 8, 16
MOST_LOWER = 3


def describe(code):
    """(what lower case adds, flags, lower case where that is several letters)"""
    letter = chr(code)
    flags = WORD * (letter == "_" or letter.isalnum()) | SPACE * letter.isspace()
    ends_before = ("A\u03a3" + letter).lower()[1] == "\u03c2"
    ends_across = ("A\u03a3" + letter + "A").lower()[1] == "\u03c2"
    flags |= CASED * (not ends_before) | IGNORABLE * (ends_before and not ends_across)
    lower = letter.lower()
    if len(lower) > 1:
        return 0, flags | EXPANDS, tuple(map(ord, lower))
    return ord(lower) - code, flags, ()


def main(path):
    records, blocks, block_of, expanded = {(0, 0): 0}, {}, [], []
    for first in range(0, sys.maxunicode + 1, 256):
        block = []
        for code in range(first, first + 256):
            delta, flags, several = describe(code)
            block.append(records.setdefault((delta, flags), len(records)))
            if several:
                expanded.append((code, *several, *[0] * (MOST_LOWER - len(several))))
        block_of.append(blocks.setdefault(tuple(block), len(blocks)))
    if len(records) > 256 or any(len(row) != 1 + MOST_LOWER for row in expanded):
        raise SystemExit("the code points of this Python do not fit the tables")
    with open(path, "w", encoding="ascii") as file:
        file.write("static const quern_letter letters[] = {%s};\n"
                   % ", ".join("{%d, %d}" % record for record in records))
        file.write("static const uint8_t blocks[][256] = {\n%s};\n"
                   % ",\n".join("{%s}" % ",".join(map(str, block)) for block in blocks))
        file.write("static const uint16_t block_of[] = {%s};\n" % ",".join(map(str, block_of)))
        file.write("static const uint32_t expanded[][1 + QUERN_MOST_LOWER] = {%s};\n"
                   % ", ".join("{%s}" % ", ".join(map(str, row)) for row in expanded))


if __name__ == "__main__":
    main(sys.argv[1])
