"""Many small cases in one compilation.

A `Case` is one node (or a few) with operands and what the results must be. A `Batch` puts the nodes of all its cases
into one model, compiles that with static extents, with a symbol for every extent, and at -O0, and runs the artifacts at
every instruction-set level. Each case is a test of its own, and its error names it.
"""
import functools
import os
import subprocess
import tempfile
from dataclasses import dataclass, field

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import quern
from quern._compiler import find_compiler

LEVELS = {"v3": 3, "v4": 4}


@dataclass
class Case:
    """One node, or `nodes`, on operands.

    operands: a list of operand lists, all of the same ranks, one for each run of the dynamic artifact. Its extents are
        symbols but for those that are 1 in all lists, for an unknown extent does not stretch.
    static: the operand lists for which a static artifact is made: all of them, or as many as this from the first.
    constant: positions of operands that are weights of the model. None as an operand is an absent one.
    expected: maps the operands to the wanted result, or a tuple of them, in float64 where they are real numbers.
    bound: maps the operands to the largest error allowed, a number or an array for each result; None: equal.
    """
    name: str
    operator: str
    operands: list
    expected: callable
    bound: callable = None
    attributes: dict = field(default_factory=dict)
    constant: tuple = ()
    opset: int = 21
    domain: str = ""
    dtypes: tuple = ()    # of the results; by default those that `expected` gives
    static: int = None
    dynamic: bool = True    # False: needs extents at compile time
    plain: bool = True    # also compiled at -O0: with symbols where that is possible
    fixed: dict = field(default_factory=dict)    # operand -> axes that stay numbers in the dynamic artifact
    nodes: callable = None    # (input names, result names) -> nodes, instead of one node of `operator`

    def dims(self, operand, name):
        """Extents of an operand in the dynamic artifact."""
        shapes = [operands[operand].shape for operands in self.operands]
        return [
            shapes[0][axis] if axis in self.fixed.get(operand, ()) or all(shape[axis] == 1
                                                                          for shape in shapes) else f"{name}_{axis}"
            for axis in range(len(shapes[0]))
        ]

    def count(self, shapes, build):
        """How many operand lists are run."""
        if build == "O0" and (not self.plain or self.dynamic == (shapes == "static")):
            return 0
        return len(self.operands) * self.dynamic if shapes == "dynamic" else len(self.operands[:self.static])


class Batch:
    """Cases of one model. `folded`: also as a model of constants alone, which the compiler computes itself."""
    def __init__(self, cases, folded=False):
        self.folded = folded
        self.cases = {case.name: case for case in cases}
        assert len(self.cases) == len(cases), "names of cases are unique"

    def modes(self):
        return [("static", "tuned"), ("static", "O0"), ("dynamic", "tuned"),
                ("dynamic", "O0")] + [("folded", "tuned")] * self.folded

    def parametrize(self):
        """A decorator for test(case, shapes, build): every case in every mode."""
        return pytest.mark.parametrize("name,shapes,build",
                                       [(name, shapes, build) for shapes, build in self.modes()
                                        for name, case in self.cases.items() if case.count(shapes, build)])

    def check(self, name, shapes, build):
        case = self.cases[name]
        artifacts = self.artifacts(shapes, build)[name]
        if isinstance(artifacts, Exception):
            raise artifacts
        for index, operands in enumerate(case.operands[:case.count(shapes, build)]):
            for level in LEVELS:
                got = artifacts(index, level)
                compare(case, operands, got, f"{name}, operands {index}, {level}")

    @functools.cache
    def artifacts(self, shapes, build):
        """For each case a function (index of operands, level) -> its results, or the error that the compiler gave."""
        if shapes != "dynamic":
            entries = [(name, index) for name, case in self.cases.items() for index in range(case.count(shapes, build))]
        else:
            entries = [(name, None) for name, case in self.cases.items() if case.count(shapes, build)]
        by_opset = {}
        for entry in entries:
            by_opset.setdefault(self.cases[entry[0]].opset, []).append(entry)
        found = {}
        for group in by_opset.values():
            found.update(self.build(group, shapes, build))
        return {name: self.one(name, shapes, found) for name in {name for name, _ in entries}}

    @staticmethod
    def one(name, shapes, found):
        results = [value for (owner, _), value in found.items() if owner == name]
        for value in results:
            if isinstance(value, Exception):
                return value
        if shapes != "dynamic":
            return lambda index, level: found[name, index](0, level)
        return lambda index, level: found[name, None](index, level)

    def build(self, entries, shapes, build):
        """Compiles the entries as one model; where that fails, without the case that the error names, or in halves."""
        try:
            return Artifact(self, entries, shapes, build).results()
        except Exception as error:
            if len(entries) == 1:
                return {entries[0]: error}
            named = [entry for entry in entries if f"'{entry[0]}'" in str(error)]
            if named and len(named) < len(entries):
                return dict.fromkeys(named, error) | self.build([entry for entry in entries if entry not in named],
                                                                shapes, build)
            middle = len(entries) // 2
            return self.build(entries[:middle], shapes, build) | self.build(entries[middle:], shapes, build)


class Artifact:
    """One compiled model of many cases, and what each of them gave."""
    def __init__(self, batch, entries, shapes, build):
        self.batch, self.entries, self.shapes, self.build = batch, entries, shapes, build

    def results(self):
        with tempfile.TemporaryDirectory(prefix="quern-e2e-") as folder:
            model = os.path.join(folder, "model.onnx")
            onnx.save(self.model(), model)
            artifact = compile_file(model, optimize=self.build == "tuned")
            outputs = {}
            for level, most in LEVELS.items():
                loaded = quern.load(artifact, max_level=most)
                for run in range(self.runs()):
                    values = iter(loaded.run(None, self.feeds(run)))
                    for number, (name, index) in enumerate(self.entries):
                        outputs[number, run, level] = [next(values) for _ in range(self.result_count(name))]
        return {entry: functools.partial(self.pick, outputs, number) for number, entry in enumerate(self.entries)}

    def pick(self, outputs, number, index, level):
        return outputs[number, index, level]

    def runs(self):
        if self.shapes != "dynamic":
            return 1
        return max(len(self.batch.cases[name].operands) for name, _ in self.entries)

    def operands(self, entry, run=0):
        name, index = entry
        choices = self.batch.cases[name].operands
        return choices[min(run, len(choices) - 1) if index is None else index]

    def result_count(self, name):
        case = self.batch.cases[name]
        with np.errstate(all="ignore"):
            return len(as_tuple(case.expected(*case.operands[0])))

    def is_weight(self, case, operand):
        return self.shapes == "folded" or operand in case.constant

    def feeds(self, run):
        feeds = {}
        for number, entry in enumerate(self.entries):
            case = self.batch.cases[entry[0]]
            for i, operand in enumerate(self.operands(entry, run)):
                if operand is not None and not self.is_weight(case, i):
                    feeds[f"c{number}x{i}"] = operand
        return feeds

    def model(self):
        nodes, inputs, outputs, initializers = [], [], [], []
        domains = {"": self.batch.cases[self.entries[0][0]].opset}
        for number, entry in enumerate(self.entries):
            case, operands = self.batch.cases[entry[0]], self.operands(entry)
            names = ["" if operand is None else f"c{number}x{i}" for i, operand in enumerate(operands)]
            results = [f"c{number}y{i}" for i in range(self.result_count(entry[0]))]
            for i, operand in enumerate(operands):
                if operand is None:
                    continue
                if self.is_weight(case, i):
                    assert self.shapes != "dynamic" or all(
                        np.array_equal(other[i], operand)
                        for other in case.operands), f"{case.name}: operand {i} is one weight"
                    initializers.append(numpy_helper.from_array(operand, names[i]))
                    continue
                shape = case.dims(i, names[i]) if self.shapes == "dynamic" else operand.shape
                inputs.append(
                    helper.make_tensor_value_info(names[i], helper.np_dtype_to_tensor_dtype(operand.dtype), shape))
            if case.nodes:
                nodes += case.nodes(names, results)
            else:
                nodes.append(
                    helper.make_node(case.operator,
                                     names,
                                     results,
                                     name=case.name,
                                     domain=case.domain,
                                     **case.attributes))
            if case.domain:
                domains[case.domain] = 1
            outputs += [helper.make_empty_tensor_value_info(result) for result in results]
        graph = helper.make_graph(nodes, "cases", inputs, outputs, initializers)
        imports = [helper.make_opsetid(domain, version) for domain, version in domains.items()]
        return helper.make_model(graph, opset_imports=imports, ir_version=10)


def compile_file(model, optimize=True):
    """Compiles for every level; the path of the artifact."""
    artifact = os.path.splitext(model)[0] + ".so"
    command = [find_compiler(), "compile", model, "-o", artifact, "--target=x86-64", "--quiet", "--no-header"]
    done = subprocess.run(command + ([] if optimize else ["--O0"]), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-1000:])
    return artifact


def as_tuple(value):
    return value if isinstance(value, tuple) else (value,)


def compare(case, operands, got, where):
    with np.errstate(all="ignore"):
        wants = as_tuple(case.expected(*operands))
        bounds = as_tuple(case.bound(*operands)) if case.bound else (None,) * len(wants)
    assert len(bounds) == len(wants)
    for i, (value, want, bound) in enumerate(zip(got, wants, bounds, strict=True)):
        want = np.asarray(want)
        place = f"{where}, result {i}"
        dtype = np.dtype(case.dtypes[i]) if case.dtypes else want.dtype
        assert value.dtype == dtype, f"{place}: dtype {value.dtype}, expected {dtype}"
        assert value.shape == want.shape, f"{place}: shape {value.shape}, expected {want.shape}"
        wrong = mismatches(value, want, bound)
        if wrong.any():
            at = tuple(int(axis[0]) for axis in np.nonzero(wrong))
            raise AssertionError(f"{place}: {int(wrong.sum())} of {wrong.size} elements differ, first at {at}: "
                                 f"{value[at]!r}, expected {want[at]!r}" +
                                 ("" if bound is None else f" within {np.broadcast_to(bound, want.shape)[at]!r}"))


def mismatches(value, want, bound):
    """Where a result is not the wanted one: NaN for NaN, the same infinity, and the difference within the bound."""
    if bound is None and want.dtype.kind != "f":
        return value != want
    with np.errstate(all="ignore"):
        rounded = want.astype(value.dtype)    # infinite beyond the range of the dtype
        near = np.abs(value.astype(np.float64) - want.astype(np.float64)) <= (0 if bound is None else bound)
        return ~(near | (value == rounded) | (np.isnan(value) & np.isnan(rounded)))
