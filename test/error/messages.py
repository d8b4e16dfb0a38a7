"""The messages that users can meet, read from the sources, and the texts that tests quote.

A message is known by its pieces: what stands between its placeholders. It is quoted when a string of a test has its
longest piece. Internal errors are the compiler's own assertions and are not messages.
"""
import ast
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("codegen", "compiler", "dialects", "frontends", "passes", "runtime")
TESTS = ROOT / "test"

LITERALS = r'(?:"(?:[^"\\\n]|\\.)*"\s*)+'
# Where messages begin in C and C++; the literal that follows is the message.
CALLS = [
    r"ErrorKind::(?:Usage|Model|Unsupported|File),\s*(?:\(?[\w.>-]+\s*\?\s*)?" + f"({LITERALS})",
    r"quern_fail\(\s*context,\s*QUERN_\w+,\s*" + f"({LITERALS})",
    r"emitOpError\(\s*" + f"({LITERALS})",
    r"emitOpError\(\)\s*<<\s*" + f"({LITERALS})",
    r"nodesOf\(source\)\s*<<\s*" + f"({LITERALS})",
    r"emitOptionalError\(\s*\w+,\s*" + f"({LITERALS})",
    r"\bguard\((?:[^;\"]|\([^;\"]*\))*?" + f"({LITERALS})",
    r"\braise\(\s*\"\w+\",\s*(?:std::string\()?" + f"({LITERALS})",
    r"\*message = [^;\"]*?" + f"({LITERALS})(?:\\s*:\\s*({LITERALS}))?",
    r"\[QUERN_KERNEL_\w+\] = " + f"({LITERALS})",
]
PLACEHOLDER = re.compile(r"\{[^{}]*\}|%(?:lld|s|d|zu)|'")


@dataclass(frozen=True)
class Message:
    file: str
    line: int
    text: str

    @property
    def piece(self):
        """The longest piece between placeholders."""
        return max((piece.strip() for piece in PLACEHOLDER.split(self.text)), key=len)


def _joined(literals):
    return "".join(ast.literal_eval(f'"{literal}"') for literal in re.findall(r'"((?:[^"\\\n]|\\.)*)"', literals))


def _native(path):
    text = re.sub(r"(?m)^\s*//.*$", "", path.read_text())    # examples in comments
    for call in CALLS:
        for match in re.finditer(call, text):
            for literals in match.groups():
                if literals:
                    yield Message(str(path.relative_to(ROOT)), text.count("\n", 0, match.start()) + 1, _joined(literals))


def _constants(tree):
    """The text of a Python string expression, placeholders as {}."""
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        return tree.value
    if isinstance(tree, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in tree.values)
    return None


def _python(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            for argument in node.exc.args:
                if text := _constants(argument):
                    yield Message(str(path.relative_to(ROOT)), node.lineno, text)


def messages():
    """Every message of the sources, in order, once."""
    found = {}
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".cpp", ".c", ".h"):
                made = _native(path)
            elif path.suffix == ".py" and path.parent.name == "quern":
                made = _python(path)
            else:
                continue
            for message in made:
                if len(message.piece) > 3:
                    found.setdefault((message.file, message.text), message)
    return list(found.values())


def quotes():
    """All strings in tests, each on a line of its own."""
    texts = []
    for path in sorted(TESTS.rglob("*")):
        if path.name == "test_messages.py":    # names the exceptions
            continue
        if path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text())):
                if (text := _constants(node)) and not isinstance(text, bytes):
                    texts.append(text)
        elif path.suffix in (".mlir", ".test", ".cpp"):
            texts.append(re.sub(r'"\s*\n\s*"', "", path.read_text()).replace('\\"', '"'))
    return "\n".join(texts)
