"""graph.tree_ensemble beside a walk in Python, bit for bit: every comparison, missing values, sets, several targets, both
algorithms (bit vectors and walks), narrow and wide nodes, blocks of rows and what is left of them."""
import subprocess
from dataclasses import dataclass

import numpy as np
import pytest
from quern._compiler import find_compiler
from quern._trace.program import Program
from quern._trace.trees import tree_ensemble

import quern

COMPARE = {"le": np.less_equal, "lt": np.less, "ge": np.greater_equal, "gt": np.greater}
ROWS = (0, 1, 3, 7, 8, 40, 63, 64, 65, 130)
SPECIAL = [0.0, -0.0, 1.0, np.inf, -np.inf, np.nan, 1e-35, 2.0]


@dataclass
class Shape:
    """How an ensemble is grown. leaf: the chance of a node above `depth` to be a leaf. chain: the first child is one."""
    name: str
    trees: int
    depth: int
    leaf: float = 0.2
    features: int = 4
    width: int = 1
    targets: int = 1
    dtype: str = "float32"
    values: str = "float64"
    compare: str = "le"
    sets: bool = False
    chain: bool = False


SHAPES = [
    Shape("stump", 1, 1, 0), Shape("single_leaf", 1, 0), Shape("leaves_alone", 9, 0, targets=3, width=2),
    Shape("few_leaves", 30, 4), Shape("two_words", 12, 6, 0.05), Shape("seven_words", 5, 9, 0.1),
    Shape("walks", 11, 11, 0.0), Shape("deep", 3, 40, 0, chain=True), Shape("deep_walks", 9, 200, 0, chain=True),
    Shape("f64", 20, 5, dtype="float64"), Shape("f64_walks", 3, 11, 0.0, dtype="float64"),
    Shape("f32_values", 20, 5, values="float32"), Shape("vectors", 9, 5, width=3, targets=3),
    Shape("vector_walks", 3, 11, 0.0, width=3, targets=5), Shape("targets", 21, 4, targets=7),
    Shape("sets", 20, 5, sets=True), Shape("f64_sets", 20, 5, sets=True, dtype="float64"),
    *(Shape(f"{compare}_{dtype}", 20, 5, dtype=dtype, compare=compare, sets=True)
      for compare in ("lt", "ge", "gt") for dtype in ("float32", "float64")),
]


def grow(shape, rng):
    """The operands of the op."""
    nodes, thresholds, values, trees, sets, starts = [], [], [], [], [], []
    for _ in range(4 if shape.sets else 0):
        starts.append(len(sets))
        words = rng.integers(-2**31, 2**31, rng.integers(1, 4))
        sets += [len(words), *words]

    def node(depth):
        if depth == 0 or (depth < shape.depth and rng.random() < shape.leaf):
            values.append(rng.normal(size=shape.width))
            return ~(len(values) - 1)
        place = len(nodes)
        thresholds.append(rng.choice([rng.normal(), rng.choice(SPECIAL)], p=[0.7, 0.3]))
        nodes.append(None)
        at = rng.choice(starts) if shape.sets and rng.random() < 0.3 else -1
        head = rng.integers(shape.features), node(0 if shape.chain else depth - 1), node(depth - 1)
        nodes[place] = [*head, rng.integers(16), at]
        return place

    for _ in range(shape.trees):
        trees.append([node(shape.depth), rng.integers(shape.targets - shape.width + 1)])
    return (np.array(nodes, np.int32).reshape(-1, 5), np.array(thresholds, shape.dtype), np.array(values, shape.values),
            np.array(trees, np.int32), rng.normal(size=shape.targets).astype(shape.values), np.array(sets, np.int64).astype(np.int32))


def rows(shape, count, thresholds, rng):
    """Rows with every value that is special: thresholds, categories, missing ones."""
    x = rng.normal(size=(count, shape.features)).astype(shape.dtype)
    kind = rng.integers(0, 8, x.shape)
    x[kind == 0] = rng.choice(SPECIAL, (kind == 0).sum())
    x[kind == 1] = rng.choice(np.append(thresholds, 1), (kind == 1).sum())
    x[kind == 2] = rng.integers(-2, 130, (kind == 2).sum()) / 2
    return x


def answer(x, threshold, flags, at, sets, compare):
    missing = bool(flags & 2) if np.isnan(x) else False
    x = x.dtype.type(0) if np.isnan(x) else x
    missing |= at < 0 and bool(flags & 4) and abs(float(x)) <= float(np.float32(1e-35))
    if missing:
        return flags & 1
    if at < 0:
        return COMPARE[compare](x, threshold)
    if x < 0 or x >= 32 * sets[at]:
        return flags & 8
    return int(sets[at + 1 + int(x) // 32]) >> int(x) % 32 & 1


def expected(x, operands, compare):
    nodes, thresholds, values, trees, base, sets = operands
    result = np.tile(base, (len(x), 1))
    for row, sums in zip(x, result):
        for code, target in trees:
            while code >= 0:
                feature, yes, no, flags, at = nodes[code]
                code = yes if answer(row[feature], thresholds[code], flags, at, sets, compare) else no
            sums[target:target + values.shape[1]] += values[~code]
    return result


def compiled(shape, operands, folder, *options):
    program = Program(shape.name)
    x = program.input(np.dtype(shape.dtype), (program.facts.symbol("rows"), shape.features))
    path = folder / f"{shape.name}.mlir"
    path.write_text(program.text([tree_ensemble(x, *operands, shape.compare)]))
    artifact = folder / f"{shape.name}.so"
    subprocess.run([find_compiler(), "compile", path, "-o", artifact, "--quiet", "--target=x86-64", *options], check=True)
    return artifact


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.name}-dynamic-tuned")
def test_same_bits(shape, tmp_path):
    rng = np.random.default_rng(len(shape.name))
    operands = grow(shape, rng)
    artifact = compiled(shape, operands, tmp_path)
    models = [quern.load(artifact, max_level=level, threads=threads) for level, threads in ((3, 1), (4, 2))]
    models.append(quern.load(compiled(shape, operands, tmp_path, "-O0")))
    for count in (*ROWS, 1030) if "walks" in shape.name else ROWS:    # blocks of walks grow with the rows
        x = rows(shape, count, operands[1], rng)
        want = expected(x, operands, shape.compare)
        for model in models:
            assert np.array_equal(model(x), want), f"{count} rows"


def test_both_algorithms_are_tried(tmp_path):
    """The shapes above would be one test otherwise."""
    found = set()
    for shape in SHAPES[:9]:
        model = quern.load(compiled(shape, grow(shape, np.random.default_rng(len(shape.name))), tmp_path))
        found |= {kernel.reason.partition(":")[0] for kernel in model.kernels if kernel.algorithm == "trees"}
    assert len(found) == 2, found


def test_wide_nodes(tmp_path):
    """A tree with more nodes than 16 bits count."""
    shape = Shape("wide", 2, 17, 0.0)
    rng = np.random.default_rng(0)
    operands = grow(shape, rng)
    model = quern.load(compiled(shape, operands, tmp_path))
    for count in (1, 70):
        x = rows(shape, count, operands[1], rng)
        assert np.array_equal(model(x), expected(x, operands, "le"))
