"""The statements that random functions are made of: tables of rows, each of which makes text from a Maker's choices."""
import dataclasses
from typing import Any

import numpy as np


class Skip(Exception):
    """There is nothing to choose from."""


@dataclasses.dataclass
class Row:
    make: Any           # Maker -> an expression, or (text of a statement, names that it writes)
    kind: str           # exact: exact of exact operands; smooth: it rounds; discrete: takes exact operands alone
    weight: float = 1
    results: int = 1    # of the expression


STATEMENTS, MISTAKES = [], []


def exact(make, weight=1.0, results=1): STATEMENTS.append(Row(make, "exact", weight, results))
def smooth(make, weight=1.0, results=1): STATEMENTS.append(Row(make, "smooth", weight, results))
def discrete(make, weight=1.0, results=1): STATEMENTS.append(Row(make, "discrete", weight, results))
def mistake(make, weight=1.0): MISTAKES.append(Row(make, "exact", weight))


#--- Ufuncs ---------------------------------------------------------------------------------------

BINARY = ["add", "subtract", "multiply", "maximum", "minimum", "fmax", "fmin"]
COMPARE = ["<", "<=", ">", ">=", "==", "!="]
BITS = ["&", "|", "^"]
SMOOTH = ("exp sin cos tanh arctan expm1 sinh cosh arcsinh cbrt exp2 deg2rad rad2deg reciprocal tan sinc").split()
POSITIVE = "sqrt log log1p log2 log10".split()

exact(lambda d: f"{d.array()} {d.pick('+-*')} {d.operand()}", 6)
exact(lambda d: f"{d.number()} {d.pick('+-*')} {d.array()}", 2)
exact(lambda d: f"np.{d.pick(BINARY)}({d.array()}, {d.operand()})", 3)
exact(lambda d: f"np.{d.pick(['absolute', 'negative', 'positive', 'conjugate', 'square', 'abs', 'real', 'imag', 'fabs'])}({d.array()})", 2)
exact(lambda d: f"-{d.array('iufc')}")
exact(lambda d: f"abs({d.array('biuf')})")
exact(lambda d: f"{d.array()} ** {d.pick(['2', '3', '0', '1', '2.0'])}")
exact(lambda d: f"np.{d.pick(BINARY[:3])}({d.array()}, {d.operand()}, dtype=np.{d.dtype('fc')})")
exact(lambda d: f"~{d.array('biu')}")
exact(lambda d: f"{d.array('biu')} {d.pick(BITS)} {d.array('biu')}", 2)
exact(lambda d: f"{d.array('iu')} {d.pick(['<<', '>>'])} {d.pick(['1', '2', '0'])}")
exact(lambda d: f"{d.array('c')}.{d.pick(['real', 'imag', 'conj()'])}")
exact(lambda d: f"{d.array('f')} + 1j * {d.array('f', least=1)}", 0.5)
exact(lambda d: f"np.{d.pick(['gcd', 'lcm'])}({d.array('iu')}, {d.array('iu')})", 0.5)
smooth(lambda d: f"np.{d.pick(SMOOTH)}({d.array('biuf')})", 4)
smooth(lambda d: f"np.{d.pick(POSITIVE)}(np.abs({d.array('biuf')}) + {d.pick(['1', '0.5', 'np.float32(2)'])})", 2)
smooth(lambda d: f"{d.array()} / (np.abs({d.array()}) + {d.pick(['1', '2.5'])})", 2)
smooth(lambda d: f"{d.array()} / {d.pick(['3', '7.0', 'np.float32(3)', '2'])}", 2)
smooth(lambda d: f"1 / (1 + np.exp(-{d.array('f')}))")
smooth(lambda d: f"np.{d.pick(['hypot', 'arctan2', 'logaddexp'])}({d.array('biuf')}, {d.operand(kinds='biuf')})")
smooth(lambda d: f"np.exp({d.array('c')} * 0.25j)", 0.5)
smooth(lambda d: f"np.abs({d.array('c')})", 0.5)
smooth(lambda d: f"(np.abs({d.array('f')}) + 1) ** {d.pick(['0.5', '1.5', '-1', '-0.5', 'np.float32(0.3)'])}")
discrete(lambda d: f"{d.array('biuf')} {d.pick(COMPARE)} {d.operand(kinds='biuf')}", 5)
discrete(lambda d: f"{d.array()} {d.pick(['==', '!='])} {d.array()}")
discrete(lambda d: f"np.logical_{d.pick(['and', 'or', 'xor'])}({d.array()}, {d.array()})")
discrete(lambda d: f"np.logical_not({d.array()})")
discrete(lambda d: f"np.{d.pick(['floor', 'ceil', 'rint', 'trunc', 'sign', 'isnan', 'isfinite', 'isinf', 'signbit', 'fix', 'round'])}({d.array('biuf')})", 2)
discrete(lambda d: f"np.round({d.array('f')}, {d.pick(['1', '0', '-1'])})", 0.5)
discrete(lambda d: f"{d.array('biuf')} {d.pick(['//', '%'])} {d.pick(['2', '3', '0.5', '-2', '1.5', '4.0'])}", 2)
discrete(lambda d: f"{d.array('iu')} {d.pick(['//', '%'])} {d.array('iu')}")
discrete(lambda d: f"np.{d.pick(['fmod', 'remainder', 'floor_divide'])}({d.array('iuf')}, {d.pick(['2', '3', '0.5', '-2', '1.5'])})")
discrete(lambda d: f"divmod({d.array('iuf')}, {d.pick(['2', '3', '-2'])})", 0.5, results=2)
discrete(lambda d: f"np.modf({d.array('f')})", 0.5, results=2)
discrete(lambda d: f"np.heaviside({d.array('f')}, 0.5)", 0.3)
discrete(lambda d: f"np.copysign({d.array('f')}, {d.array('f')})", 0.5)


def _out(d):
    x = d.array("f")
    y = d.pick([d.array("f"), d.number()])
    name = d.new()
    mask = f", where={d.array('b', exact=True)}" if d.chance(0.5) else ""
    start = d.pick([f"np.zeros_like({x})", f"{x}.copy()", f"np.full({x}.shape, 2.0, {x}.dtype)", f"np.ones({x}.shape)"])
    return f"{name} = {start}\nnp.{d.pick(BINARY)}({x}, {y}, out={name}{mask})", [name]


exact(_out, 2)


def _out_argument(d):
    x = d.array("iuf", writeable=True)
    return f"np.{d.pick(BINARY[:5])}({x}, {d.operand(kinds='biuf')}, out={x})", [x]


exact(_out_argument)
exact(lambda d: f"np.add.reduce({(x := d.array(least=1))}, axis={d.axis(x)})", 0.5)
exact(lambda d: f"np.{d.pick(['add', 'maximum', 'minimum'])}.accumulate({(x := d.array('iuf', least=1))}, axis={d.axis(x, none=0)})", 0.7)
exact(lambda d: f"np.{d.pick(['add', 'multiply', 'subtract', 'maximum'])}.outer({d.array(rank=(0, 1, 2))}, {d.array(rank=(0, 1))})", 0.7)


def _at(d):
    x = d.array("if", rank=(1, 2), writeable=True, sized=True)
    return f"np.{d.pick(['add', 'maximum', 'subtract', 'multiply'])}.at({x}, np.array([0, -1, 0]) % {x}.shape[0], {d.pick('23')})", [x]


exact(_at, 0.7)


#--- Reductions -----------------------------------------------------------------------------------

def _options(d, *names):
    """Keyword arguments of a reduction, as text."""
    made = ""
    if d.chance(0.3):
        made += f", keepdims={d.pick(['True', 'True', 'False'])}"
    if "dtype" in names and d.chance(0.15):
        made += f", dtype=np.{d.dtype('fc' if d.chance(0.8) else 'if')}"
    if "initial" in names and d.chance(0.15):
        made += f", initial={d.number()}"
    return made


def _where(d, x):
    return f", where={d.array('b', exact=True, same=x)}" if d.chance(0.15) else ""


exact(lambda d: f"np.sum({(x := d.array())}, axis={d.axis(x, several=.3)}{_options(d, 'dtype', 'initial')}{_where(d, x)})", 3)
exact(lambda d: f"{(x := d.array())}.sum({d.pick(['', 'axis=-1', 'axis=0', '0', '-1, keepdims=True'])})", 2)
exact(lambda d: f"np.prod({(x := d.array('biuf'))}, axis={d.axis(x)}{_options(d, 'initial')})", 0.5)
exact(lambda d: f"np.{d.pick(['max', 'min', 'amax', 'amin'])}({(x := d.array('biuf', sized=True))}, axis={d.axis(x, several=.3)}"
                f"{_options(d, 'initial')})", 3)
exact(lambda d: f"np.{d.pick(['max', 'min'])}({(x := d.array('iuf'))}, axis={d.axis(x)}, initial={d.number()}{_where(d, x)})")
exact(lambda d: f"{d.array('biuf', sized=True)}.{d.pick(['max', 'min', 'ptp' if False else 'max'])}({d.pick(['', 'axis=-1', '0', 'axis=0, keepdims=True'])})", 2)
exact(lambda d: f"np.ptp({(x := d.array('iuf', sized=True))}, axis={d.axis(x)})", 0.5)
discrete(lambda d: f"np.{d.pick(['all', 'any'])}({(x := d.array())}, axis={d.axis(x, several=.3)}{_options(d)}{_where(d, x)})", 2)
discrete(lambda d: f"np.count_nonzero({(x := d.array())}, axis={d.axis(x)})")
discrete(lambda d: f"np.{d.pick(['argmax', 'argmin'])}({(x := d.array('biuf', sized=True))}, axis={d.axis(x)}{_options(d)})", 2)
smooth(lambda d: f"np.{d.pick(['mean', 'mean', 'var', 'std'])}({(x := d.array(sized=True))}, axis={d.axis(x, several=.3)}{_options(d, 'dtype')})", 3)
smooth(lambda d: f"np.{d.pick(['mean', 'var', 'std'])}({(x := d.array('iuf', sized=True, least=1))}, axis={d.axis(x)}, where={d.array('b', exact=True, same=x)})", 0.7)
smooth(lambda d: f"{d.array(sized=True)}.{d.pick(['mean', 'std', 'var'])}({d.pick(['', 'axis=-1', '0', 'axis=0, keepdims=True'])})", 2)
smooth(lambda d: f"np.{d.pick(['var', 'std'])}({(x := d.array('f', least=1, sized=True))}, axis={d.axis(x)}, ddof=1)", 0.7)
smooth(lambda d: f"np.average({(x := d.array('iuf', least=1, sized=True))}, axis={d.axis(x)}, weights=np.abs({d.array('iuf', same=x)}) + 1)", 0.5)
smooth(lambda d: f"np.{d.pick(['median', 'nanmedian'])}({(x := d.array('biuf', sized=True))}, axis={d.axis(x)}{_options(d)})", 0.7)
smooth(lambda d: f"np.{d.pick(['quantile', 'nanquantile'])}({(x := d.array('iuf', sized=True))}, {d.pick(['0.25', '[0.1, 0.5]', '0.9', '1.0'])}, axis={d.axis(x)})", 0.7)
smooth(lambda d: f"np.percentile({(x := d.array('iuf', sized=True))}, {d.pick(['30', '[10, 90]', '50.0'])}, axis={d.axis(x)})", 0.5)
exact(lambda d: f"np.{d.pick(['nansum', 'nanmax', 'nanmin', 'nanprod'])}({(x := d.array('iuf', sized=True))}, axis={d.axis(x)})")
smooth(lambda d: f"np.{d.pick(['nanmean', 'nanstd', 'nanvar'])}({(x := d.array('iuf', sized=True))}, axis={d.axis(x)}{_options(d)})")
smooth(lambda d: f"np.linalg.norm({(x := d.array('iufc', least=1))}, axis={d.axis(x, none=0)}{_options(d)})")
smooth(lambda d: f"np.linalg.norm({d.array('fc', rank=(1, 2))}{d.pick(['', ', 1', ', np.inf', ', -1', ', ord=2'])})", 0.5)
exact(lambda d: f"np.{d.pick(['cumsum', 'nancumsum'])}({(x := d.array())}, axis={d.axis(x)})", 1.5)
exact(lambda d: f"{(x := d.array())}.cumsum({d.axis(x)})", 0.7)
exact(lambda d: f"np.cumprod({(x := d.array('iuf'))}, axis={d.axis(x)})", 0.5)
exact(lambda d: f"np.diff({(x := d.array(least=1))}, axis={d.axis(x, none=0)}{d.pick(['', '', ', n=2', ', prepend=0', ', append=1'])})", 1.5)
exact(lambda d: f"np.trace({d.array(least=2)})", 0.5)
smooth(lambda d: f"np.gradient({(x := d.array('if', least=1))}, axis={d.axis(x, none=0)})", 0.7)
smooth(lambda d: f"np.gradient({d.array('if', rank=1)}, {d.pick(['2.0', '0.5'])}{d.pick(['', ', edge_order=2'])})", 0.3)
exact(lambda d: f"np.ediff1d({d.array('iuf')})", 0.3)
smooth(lambda d: f"np.trapezoid({(x := d.array('if', least=1))}, axis={d.axis(x, none=0)})", 0.3)


#--- Indices --------------------------------------------------------------------------------------

def _bound(d):
    return d.pick(["", "", "", "1", "2", "-1", "-2", "3", "0", "10", "-10"])


def _slice(d, x):
    if d.chance(0.15):
        size = f"{x}.shape[0]"
        return d.pick([f"{size} // 2:", f":{size} // 2", f":{size} - 1", f"1:{size}", f"{size}:", f"-{size}:"])
    step = d.pick([""] * 6 + [":2", ":-1", ":-2", ":3", ":"])
    return f"{_bound(d)}:{_bound(d)}{step}"


def _basic(d, x):
    rank = d.value(x).ndim
    parts = []
    for _ in range(d.between(0, rank)):
        parts.append(d.pick([_slice(d, x)] * 4 + [d.pick(["0", "-1", "1", "2"])] * 3))
    if d.chance(0.15):
        parts.insert(d.between(0, len(parts)), "...")
    if d.chance(0.2):
        parts.insert(d.between(0, len(parts)), d.pick(["None", "np.newaxis"]))
    return ", ".join(parts) or "..."


def _positions(d, x):
    """An array of indices as text, for the first axis."""
    return d.pick([f"np.arange({x}.shape[0])[::-1]", f"np.arange(3) % {x}.shape[0]", f"np.array([0, -1, 0])", f"[0, -1]", "[[0], [-1]]",
                   f"np.argsort({x}.shape[0] - np.arange({x}.shape[0]))"])


def _advanced(d, x):
    rank = d.value(x).ndim
    index = _positions(d, x)
    choices = [index, f"{index}, ..."]
    if rank > 1:
        choices += [f":, np.array([0, -1])", f"{index}, 0", f"0, np.array([0, -1])", f"np.array([0, -1]), np.array([-1, 0])",
                    f"np.array([0, -1])[:, None], np.array([0, -1, 0])", f"::-1, [0, 0]", "..., [0, -1]", f"{index}, 1:", "np.ix_([0, -1], [0, 0])"]
    if rank > 2:
        choices += ["[0, -1], :, [0, -1]", ":, 0, [0, -1]", ":, [0, -1], [-1, 0]", "0, :, [0, -1]", "[0, -1], None, [0, 0]"]
    return d.pick(choices)


def _mask(d, x):
    same = d.array("b", exact=True, same=x)
    return same


exact(lambda d: f"{(x := d.array(least=1))}[{_basic(d, x)}]", 8)
exact(lambda d: f"{(x := d.array(least=1, sized=True))}[{_advanced(d, x)}]", 3)
exact(lambda d: f"{(x := d.array(least=1))}[{_mask(d, x)}]", 2)
discrete(lambda d: f"{(x := d.array('iuf', least=1))}[{x} {d.pick(COMPARE)} {d.number()}]")
discrete(lambda d: f"{(x := d.array('iuf', least=2))}[{x}{d.pick(['[:, 0]', '.sum(axis=1)', '.max(axis=1)']) if d.value(x).ndim == 2 else '[..., 0]'} > 0]", 0.7)
exact(lambda d: f"{(x := d.array(least=1, sized=True))}[{d.array('iu', exact=True, rank=(0, 1, 2))} % {x}.shape[0]]")
exact(lambda d: f"np.take({(x := d.array(least=1, sized=True))}, {d.pick(['[0, -1]', '0', 'np.array([[0, -1], [-1, 0]])'])}, axis={d.axis(x)})")
exact(lambda d: f"np.take({(x := d.array(least=1, sized=True))}, [3, -7, 9], axis={d.axis(x)}, mode={d.pick(['clip', 'wrap'])!r})", 0.5)
discrete(lambda d: f"np.take_along_axis({(x := d.array('biuf', least=1))}, np.argsort({x}, axis={(a := d.axis(x, none=0))}, kind='stable'), axis={a})")
exact(lambda d: f"np.compress(np.arange({(x := d.array(least=1))}.shape[0]) % 2 == 0, {x}, axis=0)", 0.4)
exact(lambda d: f"np.extract({(m := d.array('b', exact=True))}, {d.array(same=m)})", 0.3)
discrete(lambda d: f"np.nonzero({d.array('biuf', rank=2)})", 0.5, results=2)
discrete(lambda d: f"np.{d.pick(['flatnonzero', 'argwhere'])}({d.array('biuf', least=1)})", 0.6)


def _assign(index, value=lambda d, x: d.operand()):
    def make(d):
        x = d.array(least=1, writeable=True)
        place = index(d, x)
        return f"{x}[{place}] {d.pick(['=', '=', '=', '+=', '*=', '-='])} {value(d, x)}", [x]
    return make


exact(_assign(_basic), 5)
exact(_assign(_basic, lambda d, x: d.pick([f"{x}[{_basic(d, x)}]", f"{x}[{_basic(d, x)}] * 2", d.number()])), 3)
exact(_assign(_mask, lambda d, x: d.pick([d.number(), d.number(), d.array(rank=0)])), 2)
exact(_assign(lambda d, x: d.pick(["::-1, [0, -1]", ":, [0, -1]", "[0, -1]", "[0, -1], 0", "np.arange(3), 1", "0, [0, -1]", "..., [-1, 0]", "[-1]"]),
              lambda d, x: d.pick([d.number(), d.number(), d.array()])), 2)


def _copy(d):
    x, name = d.array(), d.new()
    return f"{name} = {x}.copy()", [name]


exact(_copy, 2)


def _in_place(d):
    x = d.array("iufc", writeable=True)
    return f"{x} {d.pick(['+=', '-=', '*='])} {d.operand()}", [x]


def _rebind(d):
    """Also of numbers, which no other name sees."""
    y, name = d.array(), d.new()
    other = d.new()
    return f"{name} = {y}\n{other} = {name}\n{name} {d.pick(['+=', '-=', '*='])} {d.operand()}", [name, other]


exact(_in_place, 3)
exact(_rebind, 2)
smooth(lambda d: ((x := d.array("f", writeable=True)) and f"{x} /= {d.pick(['3', 'np.float32(7)', '2'])}", [x]))


def _swap(d):
    x, name = d.array(least=1, writeable=True, sized=True), d.new()
    return d.pick([f"{name} = {x}[0]\n{x}[0] = {x}[-1]\n{x}[-1] = {name}", f"{x}[0], {x}[-1] = {x}[-1], {x}[0]\n{name} = {x}[0]"]), [x, name]


exact(_swap, 1.5)


def _through_view(d):
    x, name = d.array(least=1, writeable=True), d.new()
    view = d.pick([".T", ".reshape(-1)", "[::-1]", ".ravel()", "[...]", "[1:]", "[:, None]", ".transpose()", "[0]", ".flatten()", ".view()",
                   ".swapaxes(0, -1)", ".squeeze()"])
    change = d.pick([f"{name}[0] = {d.number()}", f"{name}[...] = {d.number()}", f"{name} += 1", f"{name}[-1:] *= 2", f"{name}.fill(1)"])
    return f"{name} = {x}{view}\n{change}", [x, name]


exact(_through_view, 2)


def _fill(d):
    x = d.array(least=1, writeable=True)
    return d.pick([f"{x}.fill({d.number()})", f"np.copyto({x}, {d.number()})", f"np.putmask({x}, {d.array('b', exact=True, same=x)}, {d.number()})",
                   f"{x}[:] = {d.operand()}", f"{x}[...] = {d.operand()}"]), [x]


exact(_fill)


def _put(d):
    x = d.array("if", rank=(1, 2), writeable=True, sized=True)
    axis = d.pick([0, -1])
    return d.pick([f"np.put_along_axis({x}, np.argmax({x}, axis={axis}, keepdims=True), {d.number()}, axis={axis})",
                   f"np.fill_diagonal({x}, {d.number()})", f"{x}.sort(axis={axis})"]), [x]


discrete(_put)


#--- Movement -------------------------------------------------------------------------------------

exact(lambda d: f"{d.array()}.T", 1.5)
exact(lambda d: f"np.transpose({(x := d.array())}, {tuple(d.rng.permutation(d.value(x).ndim).tolist())})")
exact(lambda d: f"{d.array()}.{d.pick(['reshape(-1)', 'ravel()', 'flatten()', 'reshape(1, -1)', 'reshape(-1, 1)', 'reshape((-1, 2))', 'squeeze()', 'reshape(2, -1)'])}", 3)
exact(lambda d: f"{(x := d.array(least=2))}.reshape({x}.shape[0], -1)")
exact(lambda d: f"{(x := d.array(least=2))}.reshape({x}.shape[::-1])", 0.7)
exact(lambda d: f"np.reshape({d.array()}, -1, order='F')", 0.3)
exact(lambda d: f"np.expand_dims({(x := d.array())}, {d.between(-1, d.value(x).ndim)})")
exact(lambda d: f"np.swapaxes({(x := d.array(least=2))}, {d.axis(x, none=0)}, {d.axis(x, none=0)})", 0.7)
exact(lambda d: f"np.moveaxis({(x := d.array(least=2))}, {d.axis(x, none=0)}, {d.axis(x, none=0)})", 0.7)
exact(lambda d: f"np.atleast_{d.pick('123')}d({d.array()})", 0.6)
exact(lambda d: f"np.broadcast_to({(x := d.array())}, (3, *{x}.shape))", 0.7)
exact(lambda d: f"np.broadcast_to({(x := d.array(rank=(0, 1)))}, ({d.extent()}, 2, *{x}.shape))", 0.4)
exact(lambda d: f"np.{d.pick(['concatenate', 'vstack', 'hstack', 'stack', 'dstack', 'column_stack'])}([{(x := d.array())}, {d.array()}])", 2)
exact(lambda d: f"np.concatenate(({(x := d.array(least=1))}, {d.array(same=x)}, {x}), axis={d.axis(x)})")
exact(lambda d: f"np.stack([{(x := d.array())}, {d.array(same=x)}], axis={d.between(-1, d.value(x).ndim)})")
exact(lambda d: f"np.append({d.array()}, {d.operand()})", 0.5)
exact(lambda d: f"np.{d.pick(['split', 'array_split'])}({(x := d.array(least=1))}, 2, axis={d.axis(x, none=0)})", 0.7, results=2)
exact(lambda d: f"np.split({(x := d.array(least=1))}, [1, 2], axis={d.axis(x, none=0)})", 0.5, results=3)
exact(lambda d: f"np.tile({d.array()}, {d.pick(['2', '(2, 1)', '(1, 3)', '0', '(2, 2, 2)'])})")
exact(lambda d: f"np.repeat({(x := d.array())}, {d.pick(['2', '3', '0', '1'])}, axis={d.axis(x)})")
exact(lambda d: f"np.roll({(x := d.array())}, {d.pick(['1', '-1', '2', '-7', '0', '30'])}, axis={d.axis(x)})", 1.5)
exact(lambda d: f"np.roll({d.array(least=2)}, ({d.pick('12')}, -1), axis=(0, 1))", 0.4)
exact(lambda d: f"np.rot90({d.array(least=2)}{d.pick(['', ', 2', ', 3', ', -1', ', k=1, axes=(1, 0)'])})")
exact(lambda d: f"np.flip({(x := d.array())}, {d.axis(x, several=.3)})")
exact(lambda d: f"np.{d.pick(['fliplr', 'flipud'])}({d.array(least=2)})", 0.4)
exact(lambda d: f"np.pad({(x := d.array())}, {d.pick(['1', '(1, 2)', '2', '0'])}{d.pick(['', '', ', mode=' + repr(d.pick(['edge', 'reflect', 'wrap', 'symmetric']))])})")
exact(lambda d: f"np.pad({d.array(rank=2)}, ((1, 0), (2, 1)), constant_values={d.pick(['0', '3', '(1, 2)'])})", 0.5)
exact(lambda d: f"np.{d.pick(['tril', 'triu'])}({d.array(least=2)}, {d.pick(['0', '1', '-1'])})")
exact(lambda d: f"np.{d.pick(['diag', 'diagonal', 'diagflat'])}({d.array(rank=(1, 2))}{d.pick(['', ', 1', ', -1'])})")
exact(lambda d: f"np.delete({(x := d.array(least=1, sized=True))}, {d.pick(['0', '-1', '[0, -1]', 'slice(0, 1)'])}, axis={d.axis(x, none=.1)})", 0.5)
exact(lambda d: f"np.insert({(x := d.array(rank=1))}, 0, {d.number()})", 0.4)
exact(lambda d: f"np.rollaxis({(x := d.array(least=2))}, {d.axis(x, none=0)})", 0.3)
exact(lambda d: f"np.broadcast_arrays({d.array()}, {d.array()})", 0.4, results=2)
exact(lambda d: f"np.meshgrid({d.array(rank=(0, 1))}, {d.array(rank=1)}{d.pick(['', ', sparse=True', ', indexing=' + repr('ij')])})", 0.6, results=2)
exact(lambda d: f"np.block([[{(x := d.array(rank=2))}, {x}], [{x}, {x}]])", 0.3)
exact(lambda d: f"np.lib.stride_tricks.sliding_window_view({(x := d.array(rank=1))}, 2)", 0.5)
exact(lambda d: f"np.r_[{d.array(rank=(0, 1))}, {d.operand(rank=(0, 1))}]", 0.4)
exact(lambda d: f"np.unstack({d.array(rank=2)}, axis=-1)[0]", 0.3)


#--- Choices, orders, counts ------------------------------------------------------------------------

exact(lambda d: f"np.where({d.array('b', exact=True)}, {d.operand()}, {d.operand()})", 3)
discrete(lambda d: f"np.where({(x := d.array('iuf'))} > 0, {x}, {d.operand()})", 2)
discrete(lambda d: f"np.select([{(x := d.array('iuf'))} < 0, {x} > 1], [{d.operand()}, {x} * 2], {d.pick(['0', 'default=-1', '0.5'])})")
exact(lambda d: f"np.clip({d.array('iuf')}, {d.pick(['-1', '0', '-0.5', 'None'])}, {d.pick(['2', '1.5', '3'])})", 2)
exact(lambda d: f"{d.array('iuf')}.clip({d.pick(['0', '-1', 'min=1', '0, 2', '-1, 1'])})")
discrete(lambda d: f"np.choose({(x := d.array('iu'))} % 3, [{d.operand()}, {x}, {d.number()}])", 0.5)
discrete(lambda d: f"np.sort({(x := d.array('biuf'))}, axis={d.axis(x)})", 1.5)
discrete(lambda d: f"np.argsort({(x := d.array('biuf'))}, axis={d.axis(x)}, kind='stable')", 1.5)
discrete(lambda d: f"{d.array('iuf', least=1)}.argsort(kind='stable')", 0.5)
discrete(lambda d: f"np.sort(np.partition({d.array('iuf', least=1, test=lambda v: v.shape[-1] > 2)}, 2)[..., :3])", 0.5)
discrete(lambda d: f"np.partition({d.array('iuf', least=1, test=lambda v: v.shape[-1] > 2)}, -2)[..., -2]", 0.5)
discrete(lambda d: f"np.lexsort(({(x := d.array('iuf', rank=1))}, {d.array('iuf', same=x)}))", 0.5)
discrete(lambda d: f"np.searchsorted(np.sort({d.array('iuf', rank=1)}), {d.operand(kinds='iuf')}{d.pick(['', ', side=' + repr('right')])})")
discrete(lambda d: f"np.digitize({d.array('iuf')}, {d.pick(['[-1, 0, 2]', '[2.5, 1.0, -1.0]', 'np.arange(-3, 4)'])}{d.pick(['', ', right=True'])})", 0.7)
discrete(lambda d: f"np.unique({d.array('biuf')})")
discrete(lambda d: f"np.unique({d.array('biuf')}, return_counts=True)", 0.5, results=2)
discrete(lambda d: f"np.unique({d.array('iuf')}, return_inverse=True)", 0.4, results=2)
discrete(lambda d: f"np.isin({d.array('iuf')}, {d.pick(['[0, 1, 2]', 'np.arange(3)'])})", 0.5)
discrete(lambda d: f"np.{d.pick(['union1d', 'intersect1d', 'setdiff1d'])}({d.array('iuf')}, {d.array('iuf')})", 0.4)
discrete(lambda d: f"np.bincount(np.abs({d.array('i', rank=1)}){d.pick(['', ', minlength=3', ', minlength=20'])})", 0.7)
discrete(lambda d: f"np.histogram({d.array('iuf', sized=True)}, {d.pick(['4', '[-2, 0, 1, 5]'])}, {d.pick(['(-4, 4)', 'range=(-8, 8)'])})", 0.4, results=2)
discrete(lambda d: f"np.array_equal({d.array()}, {d.array()})", 0.4)
discrete(lambda d: f"np.allclose({d.array('iuf')}, {d.operand(kinds='iuf')})", 0.3)
discrete(lambda d: f"np.isclose({d.array('iuf')}, {d.operand(kinds='iuf')})", 0.3)
discrete(lambda d: f"{(x := d.array('biuf'))}.astype(np.{d.dtype('fc' if d.is_special else 'biufc')})", 3)
exact(lambda d: f"{d.array()}.astype({d.pick(['float', 'np.float64', 'complex', 'np.complex128'])})")
discrete(lambda d: f"np.{d.dtype('fc' if d.is_special else 'biufc')}({d.array('biuf')})", 0.7)
exact(lambda d: f"np.nan_to_num({d.array('iuf')})", 0.4)
exact(lambda d: f"np.interp({d.array('iuf')}, [-2.0, 0.0, 2.0], [4.0, 1.0, 2.0])", 0.5)


#--- Products -------------------------------------------------------------------------------------

exact(lambda d: f"{d.array(least=1)} @ {d.array(least=1)}", 3)
exact(lambda d: f"{(x := d.array(least=1))} @ {x}{d.pick(['.T', '', '.swapaxes(-1, -2)' if d.value(x).ndim > 1 else ''])}", 2)
exact(lambda d: f"np.{d.pick(['dot', 'matmul', 'inner', 'vdot'])}({d.array()}, {d.array()})", 2)
exact(lambda d: f"{d.array()}.dot({d.array()})", 0.6)
exact(lambda d: f"np.outer({d.array(rank=(0, 1, 2))}, {d.array(rank=(0, 1))})")
exact(lambda d: f"np.kron({d.array(rank=(0, 1, 2))}, {d.array(rank=(0, 1, 2))})", 0.5)
exact(lambda d: f"np.tensordot({d.array()}, {d.array()}, {d.pick(['1', '0', '2', '(0, 0)', '([-1], [0])', '([0, 1], [0, 1])'])})")
exact(lambda d: f"np.einsum({d.pick(['i,i', 'i,i->i', 'i,j->ij', 'i,i->'])!r}, {(x := d.array(rank=1))}, {d.array(rank=1)})")
exact(lambda d: f"np.einsum({d.pick(['ij,ij->i', 'ij,ij->', 'ij,kj->ik', 'ij,ji', 'ij,ij->ji', 'ij,kj'])!r}, {(x := d.array(rank=2))}, {d.array(rank=2)})")
exact(lambda d: f"np.einsum({d.pick(['ij,j->i', 'ij,j', 'ij,i->j', 'ji,i->ij', '...j,j'])!r}, {d.array(rank=2)}, {d.array(rank=1)})")
exact(lambda d: f"np.einsum({d.pick(['ij->ji', 'ij->j', 'ij', 'ii', 'ii->i', 'ij->'])!r}, {d.array(rank=2)})", 0.7)
exact(lambda d: f"np.einsum({d.pick(['...ij,...jk->...ik', '...ij->...', 'b...->...b'][:1])!r}, {d.array(rank=(2, 3))}, {d.array(rank=(2, 3))})", 0.5)
exact(lambda d: f"np.{d.pick(['convolve', 'correlate'])}({d.array('iufc', rank=1, sized=True)}, {d.array('iufc', rank=1, sized=True)}"
                f", {d.pick(['full', 'same', 'valid'])!r})")
exact(lambda d: f"np.cross({d.array('iuf', least=1, test=lambda v: v.shape[-1] == 3)}, {d.pick(['[1, 0, 2]', 'np.array([0.5, 1.0, -1.0])'])})", 0.4)
exact(lambda d: f"np.polyval([1.0, -2.0, 0.5], {d.array('iuf')})", 0.4)
smooth(lambda d: f"np.{d.pick(['cov', 'corrcoef'])}({d.array('f', rank=2, test=lambda v: min(v.shape) > 1)})", 0.3)
smooth(lambda d: f"np.linalg.{d.pick(['solve', 'inv'])}".replace("solve", "inv") + f"({(x := d.array('f', rank=2, sized=True))} @ {x}.T + 50 * np.eye({x}.shape[0]))", 0.4)
smooth(lambda d: f"np.linalg.cholesky({(x := d.array('f', rank=2, sized=True))} @ {x}.T + 50 * np.eye({x}.shape[0]))", 0.3)


#--- Arrays from nothing ------------------------------------------------------------------------------

exact(lambda d: f"np.{d.pick(['zeros', 'ones'])}({d.extent()})")
exact(lambda d: f"np.{d.pick(['zeros', 'ones'])}(({d.extent()}, {d.extent()}), {d.pick(['', 'dtype='])}np.{d.dtype()})", 1.5)
exact(lambda d: f"np.full({d.pick([d.extent(), '(2, ' + d.extent() + ')'])}, {d.number()})")
exact(lambda d: f"np.full({d.extent()}, {d.array(rank=0)})", 0.5)
exact(lambda d: f"np.{d.pick(['zeros', 'ones'])}_like({d.array()}{d.pick(['', '', ', dtype=np.' + d.dtype()])})", 1.5)
exact(lambda d: f"np.full_like({d.array()}, {d.number()})", 0.7)
exact(lambda d: f"np.arange({d.extent()})", 1.5)
exact(lambda d: f"np.arange({d.extent()}, dtype=np.{d.dtype('iuf')})", 0.7)
exact(lambda d: f"np.arange({d.pick(['1', '-2', '0'])}, {d.extent()}{d.pick(['', ', 2', ', 3'])})", 0.7)
exact(lambda d: f"np.arange({d.extent()}, 0, -1)", 0.4)
exact(lambda d: f"np.eye({d.extent()}{d.pick(['', ', 3', ', k=1', ', dtype=np.float32'])})")
exact(lambda d: f"np.identity({d.extent()})", 0.3)
exact(lambda d: f"np.tri({d.extent()}, {d.extent()})", 0.3)
smooth(lambda d: f"np.linspace({d.pick(['0', '-1', '0.5'])}, {d.pick(['1', '4'])}, {d.extent()}{d.pick(['', ', endpoint=False'])})")
exact(lambda d: f"np.array([{d.operand(rank=0)}, {d.number()}, {d.operand(rank=0)}])")
exact(lambda d: f"np.array([{(x := d.array())}, {d.array(same=x)}])", 0.7)
exact(lambda d: f"np.asarray({d.array()}{d.pick(['', ', dtype=np.float64', ', np.complex128'])})", 0.5)
exact(lambda d: f"np.indices({d.pick([f'({d.extent()}, 3)', '(2, 3)'])})[1]", 0.3)
exact(lambda d: f"np.float64({d.extent()})", 0.3)
exact(lambda d: f"{d.extent()} * {d.array()}", 0.7)
smooth(lambda d: f"{d.array()} / {(x := d.array(sized=True))}.shape[0]" if d.value(d.used[-1]).ndim else d.pick([]), 0.5)
exact(lambda d: f"np.ascontiguousarray({d.array()})", 0.3)


#--- Python ---------------------------------------------------------------------------------------------

exact(lambda d: f"centered({d.array(least=1)}{d.pick(['', ', 3', ', factor=0.5'])})")
exact(lambda d: f"smallest({d.array()}, {d.operand()}, {d.operand()})", 0.7)
exact(lambda d: f"shifted({d.array('iufc')}{d.pick(['', ', by=2'])})", 0.7)
exact(lambda d: f"{d.array('iuf')} * SCALE", 0.7)
exact(lambda d: ((x := d.array("iuf", writeable=True)) and f"bump({x}{d.pick(['', ', 2'])})", [x]), 0.7)
exact(lambda d: f"(lambda t: t + {d.number()})({d.array()})", 0.4)
exact(lambda d: f"np.stack([{(x := d.array(least=1))}[i] * i for i in range({x}.shape[0])])", 0.7)
exact(lambda d: f"sum({(x := d.array(least=1))}[i] for i in range(len({x})))", 0.7)
exact(lambda d: f"np.array([[i * j for j in range(3)] for i in range({d.extent()})])", 0.4)
exact(lambda d: f"np.array([row.sum() for row in {d.array(rank=2)}])", 0.4)
exact(lambda d: f"{(x := d.array())} if {x}.ndim > 1 else {x} + 1", 0.5)
exact(lambda d: f"[{(x := d.array())}, {d.operand()}][{d.pick('01')}]", 0.3)
exact(lambda d: f"{d.array()}.shape", 0)


def _loop(d):
    x, name = d.array(least=1), d.new()
    start = d.pick(["0", "0.0", f"np.zeros_like({x}[:1])", f"np.zeros({x}.shape[1:])"])
    step = d.pick([f"{name} = {name} + {x}[i]", f"{name} += {x}[i] * 2", f"{name} = np.maximum({name}, {x}[i]) - i"])
    return f"{name} = {start}\nfor i in range({x}.shape[0]):\n    {step}", [name]


def _loop_assign(d):
    x, name = d.array("iuf", least=1), d.new()
    first = d.pick([f"np.zeros_like({x})", f"{x}.copy()", f"np.empty_like({x})\n{name}[:] = 1", f"np.zeros({x}.shape)"])
    step = d.pick([f"{name}[i] = {name}[i - 1] + {x}[i]", f"{name}[i] += {x}[i] - {name}[i - 1]", f"{name}[i, ...] = {x}[-i] * 2",
                   f"{name}[:i] += {x}[i]"])
    return f"{name} = {first}\nfor i in range(1, len({x})):\n    {step}", [name]


def _branch(d):
    x, name = d.array(least=1), d.new()
    test = d.pick([f"{x}.shape[0] > 4", f"{x}.shape[0] % 2 == 0", f"{x}.ndim == 2 and {x}.shape[0] == {x}.shape[1]", f"len({x}) >= 3", f"{x}.size",
                   f"{x}.dtype == np.float32", f"not {x}.shape[-1]", f"{x}.shape[0] == {x}.shape[-1]"])
    return f"if {test}:\n    {name} = {x} * 2\nelse:\n    {name} = {x}[:1] + 1", [name]


def _unpack(d):
    x, first, second = d.array(least=1), d.new(), d.new()
    return f"{first}, *rest = {x}\n{second} = len(rest)", [first, second]


exact(_loop, 1.5)
exact(_loop_assign, 1.5)
exact(_branch, 1.5)
exact(_unpack, 0.3)
exact(lambda d: ((x := d.array(rank=2)) and (n := d.new()) and f"n, m = {x}.shape\n{n} = {x}.reshape(m, n) * (n + m)", [n]), 0.7)


#--- What NumPy refuses -----------------------------------------------------------------------------------

mistake(lambda d: f"{d.array()} + {d.array()}", 3)
mistake(lambda d: f"{d.array(least=1)} @ {d.array()}", 2)
mistake(lambda d: f"{(x := d.array())}[{d.pick(['100', '-50', '0, 0, 0, 0, 0', '..., 77'])}]", 2)
mistake(lambda d: f"{d.array()}.reshape({d.pick(['7, 11', '-1, 13', '-1, -1'])})")
mistake(lambda d: f"np.sum({d.array()}, axis={d.pick(['7', '-6', '(0, 0)'])})")
mistake(lambda d: f"np.concatenate([{d.array()}, {d.array()}])")
mistake(lambda d: f"np.stack([{d.array()}, {d.array()}])")
mistake(lambda d: f"np.max({d.array()}[:0])")
mistake(lambda d: f"np.argmin({d.array(least=1)}[:0])")
mistake(lambda d: f"np.transpose({d.array(least=2)}, (0, 0))")
mistake(lambda d: f"np.{d.pick(['invert', 'left_shift'])}({d.array('f')}, 1)"[:200])
mistake(lambda d: f"~{d.array('fc')}")
mistake(lambda d: f"{d.array('f')} & 1")
mistake(lambda d: f"{d.array('b')} - {d.array('b')}")
mistake(lambda d: f"-{d.array('b')}")
mistake(lambda d: ((x := d.array("iu", writeable=True)) and f"{x} += 0.5", [x]))
mistake(lambda d: ((x := d.array("iu", writeable=True)) and f"{x} /= 2", [x]))
mistake(lambda d: ((x := d.array(writeable=True, least=1)) and f"{x}[...] = {d.array()}", [x]), 2)
mistake(lambda d: ((x := d.array(writeable=True)) and f"{x} += {d.array()}", [x]), 2)
mistake(lambda d: f"np.split({d.array(least=1)}, 7)")
mistake(lambda d: f"np.squeeze({d.array(least=1)}, axis=0)")
mistake(lambda d: f"np.expand_dims({d.array()}, 9)")
mistake(lambda d: f"np.swapaxes({d.array()}, 5, 6)")
mistake(lambda d: f"np.broadcast_to({d.array(least=1)}, (3, 5, 11))")
mistake(lambda d: f"np.einsum('ij,jk->ik', {d.array()}, {d.array()})")
mistake(lambda d: f"np.dot({d.array()}, {d.array()})")
mistake(lambda d: f"{d.array('u')} + 1000")
mistake(lambda d: f"len({d.array(rank=0)})")
mistake(lambda d: f"{d.array('iu', exact=True)} ** -1")
mistake(lambda d: f"{d.array(least=1)}[{d.array('b', exact=True, least=1)}]")
mistake(lambda d: f"{d.array(least=1)}[{d.pick(['1.5', 'np.array([0.5])', repr('a')])}]")
mistake(lambda d: f"np.linalg.inv({d.array('f', rank=2)})")
mistake(lambda d: f"np.zeros(-1) + {d.array()}")
mistake(lambda d: f"np.clip({d.array('f')}, 0, 1, 2, 3, 4)")
mistake(lambda d: f"np.cumsum({d.array()}, axis=4)")
mistake(lambda d: f"np.repeat({d.array()}, -1)")
mistake(lambda d: f"np.outer({d.array()})")
mistake(lambda d: f"{d.array('fc')} < {d.array('c')}[0:1, None, None, None, None]")
mistake(lambda d: f"{d.array('c')} % 2")
mistake(lambda d: f"np.vstack([{d.array(least=1)}, {d.array(least=1)}])")
mistake(lambda d: f"np.linalg.norm({d.array()}, 'bad')")
mistake(lambda d: f"np.average({d.array('f', least=1)}, weights={d.array('f', least=1)})")
mistake(lambda d: f"np.diff({d.array(rank=0)})")
mistake(lambda d: f"np.searchsorted({d.array(rank=2)}, 1)")
