"""The examples in the documentation of the ops parse and verify. What an example uses without making it, it is given: the
types are those of the op that uses it."""
import re
import subprocess
from pathlib import Path

import pytest

from quern._compiler import find_compiler

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "dialects").glob("*/*Ops.td"))


def documented_ops():
    """(dialect.op, its examples) of every `def`; what a class says is said for each op of the class."""
    classes = {}
    for file in FILES:
        text = file.read_text()
        for name, body in re.findall(r"^class (\w+)<.*?\{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
            classes[name] = body
        definitions = re.findall(r"^def (\w+)Op\s*: (\w+)<(.*?)(?=^def |^class |^//===|^#endif)", text, re.MULTILINE | re.DOTALL)
        for name, base, body in definitions:
            arguments = re.findall(r'"(\w+)"', body.split(">", 1)[0])
            own = examples(body)
            if not own and base in classes:
                type = arguments[1] if len(arguments) > 1 else "f32"
                own = [example.replace("}] # mnemonic # [{", arguments[0]).replace("}] # type # [{", type)
                       for example in examples(classes[base])]
            yield pytest.param(own, id=f"{file.parent.name}.{arguments[0]}")


def examples(text):
    return [example for example in re.findall(r"```mlir\n(.*?)```", text, re.DOTALL)]


def split(text):
    """The types of a list, at the commas that no bracket encloses."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += letter in "<([{"
        depth -= letter in ">)]}"
        if letter == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return [part for part in [*parts, text[start:].strip()] if part]


def inside(text):
    """What the bracket at the start of the text encloses."""
    depth = 0
    for at, letter in enumerate(text):
        depth += letter == "("
        depth -= letter == ")"
        if depth == 0:
            return text[1:at]
    raise ValueError(text)


def given(example):
    """A line for each value that the example uses and does not make."""
    made, lines = set(), []
    for statement in re.sub(r"\n\s+(?=:|->)", " ", example).splitlines():
        made |= set(re.findall(r"(%\w+): ", statement))    # arguments of a block
        results, equals, used = statement.partition(" = ") if statement.strip().startswith("%") else ("", "", statement)
        made |= set(re.findall(r"%\w+", results))
        if used.rstrip().endswith("{"):
            used = used.rstrip()[:-1]
        head, _, types = re.sub(r"\{[^{}]*\}", "", used).partition(" : ")
        types = inside(types.strip()) if types.strip().startswith("(") else types
        for operand, type in zip(re.findall(r"%\w+", head), split(types)):
            if operand not in made:
                made.add(operand)
                lines.append(f'{operand} = "given"() : () -> {type}')
    return lines


@pytest.mark.parametrize("own", documented_ops())
def test_examples(own):
    assert own, "has no example"
    for example in own:
        body = "\n".join([*given(example), example])
        text = body if "kernel.func" in example else f"func.func @example() {{\n{body}\nreturn\n}}\n"
        done = subprocess.run([Path(find_compiler()).with_name("quern-opt"), "--allow-unregistered-dialect"], input=text, capture_output=True, text=True)
        assert done.returncode == 0, f"{done.stderr}\n{text}"


def test_every_op_is_documented():
    """As many ops as the dialects define."""
    defined = sum(len(re.findall(r"^def \w+Op\s*:", file.read_text(), re.MULTILINE)) for file in FILES)
    assert len(list(documented_ops())) == defined > 100
