"""Reads the generic text of a module of the graph dialect into plain Python objects."""
import re

import numpy as np

DTYPES = {
    "f64": np.float64, "f32": np.float32, "f16": np.float16, "i1": np.bool_,
    "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64,
    "ui8": np.uint8, "ui16": np.uint16, "ui32": np.uint32, "ui64": np.uint64,
}
TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|->|<\{|\}>|0x[0-9A-Fa-f]+|-?\d+\.\d+(?:[eE][-+]?\d+)?|-?\d+'
                   r'|[%^#@!]?[A-Za-z_$.\d][\w$.\-]*(?::\d+)?(?:#\d+)?|.)', re.S)


class Op:
    def __init__(self, name, operands, attributes, regions, types, results, operand_types):
        self.name, self.operands, self.attributes = name, operands, attributes
        self.regions, self.types, self.results, self.operand_types = regions, types, results, operand_types

    def __getattr__(self, name):
        try:
            return self.attributes[name]
        except KeyError:
            raise AttributeError(name) from None


class Type:
    """A tensor type: numpy dtype (or its text) and one int or expression per axis."""
    def __init__(self, element, dims):
        self.element, self.dims = element, dims

    @property
    def dtype(self):
        return DTYPES[self.element]


class Parser:
    def __init__(self, text):
        body, _, tail = text.partition("{-#")
        self.blobs = {name: bytes.fromhex(data)[4:] for name, data in re.findall(r'([\w.$\-"]+): "0x([0-9A-Fa-f]*)"', tail)}
        self.text, self.at = body, 0

    def peek(self):
        return TOKEN.match(self.text, self.at).group(1)

    def next(self, expected=None):
        match = TOKEN.match(self.text, self.at)
        self.at = match.end()
        if expected is not None and match.group(1) != expected:
            raise SyntaxError(f"expected {expected!r}, got {match.group(1)!r} before {self.text[self.at:self.at + 80]!r}")
        return match.group(1)

    def take(self, token):
        if self.peek() != token:
            return False
        self.next()
        return True

    def list(self, close, item):
        items = []
        while not self.take(close):
            items.append(item())
            self.take(",")
        return items

    # --- types and attributes
    def type(self):
        match = re.compile(r"\s*tensor<((?:[\d?]+x)*)([\w.]+(?:<[^<>]*>)?)").match(self.text, self.at)
        if not match:
            return self.next()
        self.at = match.end()
        dims = [int(d) if d != "?" else None for d in match.group(1).split("x")[:-1]]
        if self.take(","):
            self.next("#graph.dims")
            self.next("<")
            self.next("[")
            names = [text[1:-1] for text in self.list("]", self.next)]
            dims = [name if dim is None else dim for dim, name in zip(dims, names)]
            self.next(">")
        self.next(">")
        return Type(match.group(2), dims)

    def types(self):
        if self.take("("):
            return self.list(")", self.type)
        return [self.type()]

    def attribute(self):
        token = self.peek()
        if token == "[":
            self.next()
            return self.list("]", self.attribute)
        if token == "{":
            self.next()
            return self.dictionary("}")
        if token == "array":
            match = re.compile(r"\s*array<\w+(?::([^>]*))?>").match(self.text, self.at)
            self.at = match.end()
            return [float(v) if re.search(r"[.e]", v) else int(v) for v in (match.group(1) or "").replace(" ", "").split(",") if v]
        if token in ("dense", "dense_resource"):
            return self.elements()
        if token.startswith("#graph"):
            match = re.compile(r"\s*#graph(?:\.\w+)?<\s*(?:\w+ )?(\w+)\s*>").match(self.text, self.at)
            self.at = match.end()
            return match.group(1)
        if token == "tensor" or token == "(":
            types = self.types()
            if self.take("->"):
                return types, self.types()
            return types
        token = self.next()
        if token.startswith('"'):
            return token[1:-1].replace('\\"', '"')
        if token in ("true", "false"):
            return token == "true"
        element = self.next() and self.next() if self.peek() == ":" else "i64"
        if token.startswith("0x"):
            width = {"f64": 8, "f32": 4, "f16": 2}[element]
            return float(np.frombuffer(int(token, 16).to_bytes(width, "little"), DTYPES[element])[0])
        return float(token) if element.startswith("f") else int(token)

    def elements(self):
        kind = self.next()
        start = self.text.index("<", self.at) + 1
        colon = self.text.index("> : tensor<", start)
        payload, self.at = self.text[start:colon], colon + 3
        type_ = self.type()
        if kind == "dense_resource":
            data = np.frombuffer(self.blobs[payload], np.uint8 if type_.element == "i1" else type_.dtype)
            return data.astype(type_.dtype).reshape(type_.dims)
        words = re.findall(r'0x[0-9A-Fa-f]+|[-\w.+]+', payload)
        if payload.startswith('"'):
            return np.frombuffer(bytes.fromhex(payload[3:-1]), type_.dtype).reshape(type_.dims)
        values = np.array([self.element(word, type_.dtype) for word in words], type_.dtype)
        values = values.reshape(()) if values.size == 1 else values
        return np.broadcast_to(values, type_.dims) if not values.ndim else values.reshape(type_.dims)

    @staticmethod
    def element(word, dtype):
        if word in ("true", "false"):
            return word == "true"
        if word.startswith("0x") and np.issubdtype(dtype, np.floating):
            return np.frombuffer(int(word, 16).to_bytes(np.dtype(dtype).itemsize, "little"), dtype)[0]
        return dtype(float(word)) if np.issubdtype(dtype, np.floating) else dtype(int(word))

    def dictionary(self, close):
        result = {}
        while not self.take(close):
            name = self.next().strip('"')
            result[name] = self.attribute() if self.take("=") else True
            self.take(",")
        return result

    # --- ops
    def operation(self):
        results = []
        if self.peek().startswith("%"):
            name, _, count = self.next().partition(":")
            results = [name] if not count else [f"{name}#{i}" for i in range(int(count))]
            self.next("=")
        name = self.next()[1:-1]
        self.next("(")
        operands = self.list(")", self.next)
        attributes = self.dictionary("}>") if self.take("<{") else {}
        regions = self.list(")", self.region) if self.take("(") else []
        if self.take("{"):
            attributes.update(self.dictionary("}"))
        self.next(":")
        operand_types = self.types()
        self.next("->")
        return Op(name, operands, attributes, regions, self.types(), results, operand_types)

    def region(self):
        """(arguments as (name, type), ops)"""
        self.next("{")
        arguments = []
        if self.peek().startswith("^"):
            self.next()
            if self.take("("):
                def argument():
                    name = self.next()
                    if name.endswith(":"):
                        name = name[:-1]
                    else:
                        self.next(":")
                    return name, self.type()
                arguments = self.list(")", argument)
            self.next(":")
        return arguments, self.list("}", self.operation)


def parse(text):
    """The function @main of a module: an Op with one region."""
    return Parser(text).operation().regions[0][1][0]
