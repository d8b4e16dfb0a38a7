"""What a notebook shows of a model: tables with bars, in HTML and SVG alone."""
from html import escape

_MOST_ROWS = 40
_BAR = 120    # pixels
_COLOURS = {"compute": "#3b7dd8"}    # of what bounds a kernel; any memory has the other
_MEMORY = "#d8893b"


def model_card(model):
    """Inputs, outputs and kernels of a CompiledModel. Kernels have the bars of its last benchmark, or, before there is one,
    of their FLOPs, or of their bytes where nothing is computed."""
    values = [[kind, value.name, value.dtype, _shape(value.shape)]
              for kind, group in (("input", model.inputs), ("output", model.outputs)) for value in group]
    head = f"<b>{escape(model.name)}</b> compiled by Quern for {escape(model.level)}, {model.threads} threads"
    measured = model.last_benchmark
    kernels = benchmark_table(measured) if measured else _amounts(model.kernels)
    return f"<div>{head}{_table(['', 'name', 'dtype', 'shape'], values)}{kernels}</div>"


def benchmark_table(benchmark):
    """Times of kernels, with a bar for the share of what the machine can do at best."""
    rows = []
    for row in benchmark.kernels[:_MOST_ROWS]:
        share = "" if row.share is None else f"{100 * row.share:.1f} %"
        rows.append([row.nodes or row.name, f"{row.min_us:.1f}", share, _rate(row.gflop_s), _rate(row.gb_s),
                     _bar(row.roof, row.bound), row.bound])
    head = (f"{benchmark.run.min_us:.1f} us a run, {benchmark.threads} thread{'s' * (benchmark.threads > 1)}"
            + (f", at best {benchmark.peak_gflop_s:.0f} GFLOP/s here" if benchmark.peak_gflop_s else ""))
    return (f"<div>{escape(head)}</div>" +
            _table(["kernel", "us", "of the run", "GFLOP/s", "GB/s", "of the roofline", "bound"], rows) +
            _rest(len(benchmark.kernels)))


def _amounts(kernels):
    """Kernels before a benchmark: the bars compare their FLOPs, or their bytes where nothing is computed."""
    key = "flops" if any(isinstance(kernel.flops, int) and kernel.flops for kernel in kernels) else "bytes"
    amounts = [getattr(kernel, key) for kernel in kernels]
    most = max((amount for amount in amounts if isinstance(amount, int)), default=0)
    rows = [[", ".join(kernel.nodes), kernel.algorithm, _amount(kernel.flops), _amount(kernel.bytes),
             _bar(amount / most if isinstance(amount, int) and most else None, "compute" if key == "flops" else "memory")]
            for kernel, amount in zip(kernels[:_MOST_ROWS], amounts)]
    return (_table(["kernel", "algorithm", "FLOPs", "bytes", key], rows) + _rest(len(kernels)) +
            "<div><i>benchmark() measures how much of this machine's roofline each kernel reaches</i></div>")


def _rest(count):
    return f"<div>and {count - _MOST_ROWS} more kernels</div>" if count > _MOST_ROWS else ""


def _bar(share, bound):
    if share is None:
        return _Markup("")
    width = _BAR * min(max(share, 0), 1)
    colour = _COLOURS.get(bound, _MEMORY)
    return _Markup(f'<svg width="{_BAR + 44}" height="14" role="img" aria-label="{100 * share:.0f} %">'
                   f'<rect width="{_BAR}" height="12" y="1" fill="#8883"/>'
                   f'<rect width="{width:.1f}" height="12" y="1" fill="{colour}"/>'
                   f'<text x="{_BAR + 4}" y="11" font-size="11" fill="currentColor">{100 * share:.0f} %</text></svg>')


class _Markup(str):
    """HTML already."""


def _table(titles, rows):
    head = "".join(f"<th style='text-align:left'>{escape(title)}</th>" for title in titles)
    body = "".join("<tr>" + "".join(f"<td style='text-align:left'>{cell if isinstance(cell, _Markup) else escape(cell)}</td>"
                                    for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _shape(dims):
    return f"[{', '.join('?' if dim is None else str(dim) for dim in dims)}]"


def _amount(amount):
    return f"{amount:,}" if isinstance(amount, int) else str(amount)


def _rate(value):
    return "" if value is None else f"{value:.1f}"
