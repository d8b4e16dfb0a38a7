"""Print the tables of each graph.packed_trees on standard input as dialects/graph/TreeTables.h describes them.

Keys of f32 are printed as the floats they stand for, those of f64 as their rank among the cuts.
"""
import re
import struct
import sys

import numpy as np

LOWEST, HIGHEST = -2**31, 2**31 - 1
NAMES = {LOWEST: "lowest", LOWEST + 1: "nothing", HIGHEST - 1: "everything", HIGHEST: "highest"}
WIDTHS = {"columns": 5, "set columns": 5, "set words": 1, "nodes": None, "order": 2, "groups": 2, "trees": 7, "words": 1,
           "entries": 3}
KEYS_OF_COLUMN = 64


def sections(tables, count):
    """Each begins at a cache line, 16 words."""
    groups = -(-count["trees"] // 8)
    records = [count["columns"], count["set_columns"], count["set_words"], count["nodes"], 8 * groups, groups,
               count["trees"] + 1, count["words"] + 1 if count["words"] else 0, count["entries"]]
    found, start = {}, 0
    for (name, width), number in zip(WIDTHS.items(), records):
        width = width or count["node_words"]
        found[name] = tables[start:start + number * width].reshape(number, width).tolist()
        start += -(-number * width // 16) * 16
    assert start == len(tables), f"{len(tables)} words, of which {start} are of sections"
    return found


def number(key, is_double):
    if key in NAMES:
        return NAMES[key]
    if is_double:
        return f"rank {key}"
    return "%.9g" % struct.unpack("f", struct.pack("i", key if key >= 0 else key ^ HIGHEST))


def show(found, count, is_double):
    for i, (feature, missing, limit, first, logarithm) in enumerate(found["columns"]):
        zeros = "%g" % struct.unpack("f", struct.pack("i", limit))
        cuts = f", cuts {first} to {first + 2 ** logarithm - 1}" if is_double else ""
        print(f"column {i}: feature {feature}, missing {number(missing, is_double)}, zero up to {zeros}{cuts}")
    for i, (feature, nan, beyond, place, words) in enumerate(found["set columns"], count["columns"]):
        print(f"column {i}: feature {feature}, NaN {nan}, beyond {beyond}, set", *(word for [word] in found["set words"][place:place + words]))
    for i, node in enumerate(found["nodes"]):
        threshold, column, distance = node if count["node_words"] == 3 else (node[0], node[1] & 0xFFFF, node[1] >> 16 & 0xFFFF)
        key = (threshold & 0xFFFFFFFF) + LOWEST
        asked = "is in the set" if column >= count["columns"] and key == 0 else f"<= {number(key, is_double)}"
        print(f"node {i}:", f"row {threshold}" if column == count["columns"] - 1 else f"column {column} {asked}, {distance} on")
    assert found["trees"][-1][:4] == found["trees"][0][:4]
    for i, (root, depth, target, row, word, mean, nodes) in enumerate(found["trees"][:-1]):
        print(f"tree {i}: root {root}, nodes {nodes}, depth {depth}, in the mean {mean}, target {target}, row {row}, words {word} to {found['trees'][i + 1][4]}")
    print("order:", *(f"tree {tree} at {root}," for root, tree in found["order"]))
    print("groups:", *(f"depth {depth}, in the mean {mean};" for depth, mean in found["groups"]))
    print("words:", *(entry for [entry] in found["words"]))
    for first, left, key in found["entries"]:
        taken = [leaf for leaf in range(32) if not left >> leaf & 1]
        asked = "is not in the set" if key // KEYS_OF_COLUMN >= count["columns"] else f"> {number(first - 1, is_double)}"
        print(f"entry: column {key // KEYS_OF_COLUMN} {asked}, takes {taken[0]} to {taken[-1]}")


for module in sys.stdin.read().split("// -----"):
    print(re.search(r"func @(\w+)", module)[1])
    count = {name: int(value) for name, value in re.findall(r"(\w+) = (\d+) : i64", re.search(r"graph.packed_trees.*", module)[0])}
    blob = re.search(r'folded: "0x(\w+)"', module)[1]
    show(sections(np.frombuffer(bytes.fromhex(blob)[4:], "<i4"), count), count, "xf64>) ->" in re.search(r"func @.*", module)[0])
