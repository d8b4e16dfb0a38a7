"""Every register tile of Arm on its instructions: floats and narrow elements, on CPUs that have no more than they need."""
import dataclasses
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from emulated import INCLUDE, MACHINES

ROOT = Path(__file__).resolve().parents[2]
ARM = MACHINES["aarch64"]
# qemu's CPU of each level; of the upper two none has less than all of them.
CPUS = {"aarch64": "cortex-a72", "aarch64+dotprod": "neoverse-n1", "aarch64+bf16": "max", "aarch64+i8mm": "max"}
TILES = ["f32_1x32", "f32_2x32", "f32_5x16", "sdot_8x12", "udot_8x12", "bfmmla_8x12", "smmla_8x12", "ummla_8x12",
         "usmmla_8x12", "usdot_8x12"]
PANEL = 16


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiles")
    listed = subprocess.run([ROOT / "build" / "bin" / "emit-tiles", "aarch64", folder], capture_output=True, text=True, check=True)
    return {tile["symbol"]: tile | {"folder": folder} for tile in json.loads(listed.stdout)}


def test_all_are_listed(tiles):
    assert list(tiles) == TILES


def narrow(values):
    """bfloat16 of floats that it holds, as its bits."""
    bits = np.asarray(values, "f4").view(np.uint32)
    assert not (bits & 0xFFFF).any()
    return (bits >> 16).astype(np.uint16)


def pack(rows, depth):
    """[rows, steps * depth] -> [steps, rows, depth]."""
    return np.ascontiguousarray(rows.reshape(len(rows), -1, depth).transpose(1, 0, 2))


def panels(columns):
    """[columns, steps] -> [columns / PANEL, steps, PANEL]."""
    return np.ascontiguousarray(columns.reshape(-1, PANEL, columns.shape[1]).transpose(0, 2, 1))


def run(tile, a, b):
    """Rows of a times columns of b, each with the reduction as its last axis, as the tile computes it."""
    folder, symbol = tile["folder"], tile["symbol"]
    program = folder / symbol
    subprocess.run([ARM.compiler, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{INCLUDE}", f"-DTILE={symbol}",
                    Path(__file__).with_name("run_tile.c"), folder / f"{symbol}.o", "-o", program], check=True)
    encode = narrow if tile["a"] == "bf16" else np.asarray
    packed = (a, panels(b)) if tile["a"] == "f32" else (pack(encode(x), tile["depth"]) for x in (a, b))
    for name, operand in zip("ab", packed):
        operand.tofile(folder / name)
    sums = np.dtype("f4" if tile["a"] in ("f32", "bf16") else "i4")
    machine = dataclasses.replace(ARM, cpu=CPUS[tile["level"]])
    subprocess.run(machine.command(program, folder / "a", folder / "b", folder / "sums", len(a) * len(b) * sums.itemsize), check=True)
    return np.fromfile(folder / "sums", sums).reshape(len(a), len(b))


def operands(tile, draw):
    length = tile["steps"] * tile["depth"]
    return draw(tile["a"], (tile["rows"], length)), draw(tile["b"], (tile["columns"], length))


def integers(random):
    """Whole numbers: all of an integer type; of floats so few that sums of products are exact."""
    def draw(element, shape):
        low, high, dtype = {"s8": (-128, 128, "i1"), "u8": (0, 256, "u1")}.get(element, (-16, 17, "f4"))
        return random.integers(low, high, shape).astype(dtype)
    return draw


def extremes(element, shape):
    return np.full(shape, {"s8": -128, "u8": 255}.get(element, -16), {"s8": "i1", "u8": "u1"}.get(element, "f4"))


@pytest.mark.parametrize("symbol", TILES)
def test_sums_of_whole_numbers_are_exact(tiles, symbol):
    tile = tiles[symbol]
    for draw in (integers(np.random.default_rng(0)), extremes):
        a, b = operands(tile, draw)
        np.testing.assert_array_equal(run(tile, a, b), a.astype("i8") @ b.astype("i8").T)


@pytest.mark.parametrize("symbol", ["f32_5x16", "bfmmla_8x12"])
def test_sums_of_reals(tiles, symbol):
    """Within the bound of a sum in float32; bfmmla rounds its two products and their sum in a way of its own."""
    tile, random = tiles[symbol], np.random.default_rng(1)

    def draw(element, shape):
        values = random.standard_normal(shape, "f4")
        return values if element == "f32" else (values.view(np.uint32) & 0xFFFF0000).view("f4")
    a, b = (x.astype("f8") for x in operands(tile, draw))
    got = run(tile, a.astype("f4"), b.astype("f4"))
    assert (np.abs(got - a @ b.T) <= a.shape[1] * np.finfo("f4").eps * (np.abs(a) @ np.abs(b).T)).all()
