"""What a user is told of kernels: explain, inspect, bench and doctor on models whose amounts are known."""
import csv
import io
import json
import os
import pty
import re
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest

import quern
from quern._compiler import find_compiler

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("compile", "run", "inspect", "explain", "bench", "targets", "cache", "doctor")

# name: (graph, shapes of weights, FLOPs of all launches where symbols are as in BINDINGS)
MODELS = {
    # 24 and 40 channels fill blocks of 16 up: the amounts are of the model's own.
    "conv": ("conv (float[1,24,10,10] x) => (float[1,40,10,10] y) { y = Conv <pads = [1,1,1,1]> (x, w) }",
             {"w": (40, 24, 3, 3)}, 2 * 100 * 40 * 24 * 9),
    "stem": ("stem (float[2,3,8,8] x) => (float[2,16,4,4] y) { y = Conv <pads = [1,1,1,1], strides = [2,2]> (x, w) }",
             {"w": (16, 3, 3, 3)}, 2 * 2 * 16 * 16 * 3 * 9),
    "grouped": ("grouped (float[1,32,6,6] x) => (float[1,64,6,6] y) { y = Conv <group = 2> (x, w) }",
                {"w": (64, 16, 1, 1)}, 2 * 36 * 64 * 16),
    "depthwise": ("depthwise (float[1,24,6,6] x) => (float[1,24,6,6] y) { y = Conv <group = 24, pads = [1,1,1,1]> (x, w) }",
                  {"w": (24, 1, 3, 3)}, 2 * 36 * 24 * 9),
    "transposed": ("transposed (float[1,4,5,5] x) => (float[1,6,10,10] y) { y = ConvTranspose <strides = [2,2]> (x, w) }",
                   {"w": (4, 6, 2, 2)}, 2 * 25 * 4 * 6 * 4),
    "gemm": ("gemm (float[batch,32] x) => (float[batch,24] y) { t = MatMul (x, w)  s = Add (t, b)  y = Relu (s) }",
             {"w": (32, 24), "b": (24,)}, 5 * (2 * 32 * 24 + 2 * 24)),
    "softmax": ("softmax (float[batch,33] x) => (float[batch,33] y) { y = Softmax (x) }", {}, 5 * 5 * 33),
    "pool": ("pool (float[1,16,8,8] x) => (float[1,16,4,4] y) { y = MaxPool <kernel_shape = [2,2], strides = [2,2]> (x) }",
             {}, 16 * 16 * 4),
    "lookup": ("lookup (int64[batch] rows) => (float[batch,8] y) { y = Gather (w, rows) }", {"w": (1000, 8)}, 0),
    "attention": ("""attention (float[1,2,seq,16] q, float[1,2,16,seq] k, float[1,2,seq,16] v) => (float[1,2,seq,16] y)
                  { s = MatMul (q, k)  p = Softmax <axis = -1> (s)  y = MatMul (p, v) }""", {}, 2 * 49 * (2 * 32 + 5)),
    # Two launches, and nodes in none of them.
    "mixed": ("""mixed (float[1,16,4,4] x) => (float[1,10] y)
              { c = Conv (x, w0)  r = Relu (c)  shape = Shape (x)  flat = Flatten (r)  y = Gemm (flat, w1) }""",
              {"w0": (16, 16, 1, 1), "w1": (256, 10)}, 2 * 16 * 16 * 16 + 16 * 16 + 2 * 256 * 10),
}
BINDINGS = {"batch": 5, "seq": 7}


def call(*arguments, code=0, **options):
    done = subprocess.run([find_compiler(), *map(str, arguments)], capture_output=True, text=True, **options)
    assert done.returncode == code, done.stdout + done.stderr
    assert not done.stderr, "standard error is for errors, and for progress on a terminal"
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """NAME.onnx and NAME.so of each model."""
    folder = tmp_path_factory.mktemp("insight")
    random = np.random.default_rng(5)
    for name, (text, weights, _) in MODELS.items():
        model = onnx.parser.parse_model('<ir_version: 8, opset_import: ["" : 18]>\n' + text)
        for weight, shape in weights.items():
            model.graph.initializer.append(onnx.numpy_helper.from_array(random.standard_normal(shape, "f4"), weight))
        onnx.save(model, folder / f"{name}.onnx")
        call("compile", folder / f"{name}.onnx", "-o", folder / f"{name}.so", "--target=native", "--quiet")
    return folder


def explain(path):
    return json.loads(call("explain", path, "--json"))


def launches(path):
    return [launch for kernel in explain(path)["kernels"] for launch in kernel["launches"]]


def amount(value):
    """A number, or an expression over the symbols."""
    return value if isinstance(value, int) else eval(value, {"min": min, "max": max, "floordiv": lambda a, b: a // b}, BINDINGS)


@pytest.mark.parametrize("name", MODELS)
def test_flops(folder, name):
    assert sum(amount(launch["flops"]) for launch in launches(folder / f"{name}.so")) == MODELS[name][2]


def test_every_op_is_counted():
    """An op without a line in the table leaves its kernels' FLOPs unknown."""
    on_the_host = {"read_symbols", "guard", "yield"}
    definitions = "".join(file.read_text() for file in sorted((ROOT / "dialects/graph").glob("*Ops.td")))
    table = set(re.findall(r'\{"graph\.(\w+)", ', (ROOT / "dialects/graph/Work.cpp").read_text()))
    ops = set(re.findall(r'Graph_(?:Pure)?Op<"(\w+)"', definitions))
    assert len(ops) > 30 and ops - on_the_host == table & ops, ops - on_the_host - table


def test_bytes(folder):
    gemm, = launches(folder / "gemm.so")
    # 24 columns are packed in panels of 16; x, the weights and the bias are read, y is written.
    assert gemm["weight_bytes"] == 4 * (32 * 32 + 24)
    assert amount(gemm["bytes"]) == gemm["weight_bytes"] + 4 * 5 * (32 + 24)
    lookup, = launches(folder / "lookup.so")
    assert amount(lookup["bytes"]) == 5 * (8 + 2 * 4 * 8), "a lookup reads the rows that it picks, not the table"


@pytest.mark.parametrize("name", ["conv", "gemm", "mixed"])
def test_the_artifact_explains_what_the_model_explains(folder, name):
    assert explain(folder / f"{name}.onnx") == explain(folder / f"{name}.so")
    assert call("explain", folder / f"{name}.onnx") == call("explain", folder / f"{name}.so")


def test_kernels_say_why(folder):
    kernels = explain(folder / "mixed.so")["kernels"]
    conv, = (kernel for kernel in kernels if kernel["algorithm"] == "conv")
    assert conv["reason"] and conv["parameters"]["task_rows"] > 0
    assert all(re.fullmatch(r"\d+x\d+", tile) for tile in conv["tile"].values()) and conv["tile"]
    assert conv["launches"][0]["nodes"] == "c (Conv), r (Relu)"
    assert kernels[0]["launches"][0]["boundary"] == "no kernel before it makes what it reads"
    assert any("after c: " in launch["boundary"] for kernel in kernels for launch in kernel["launches"])
    text = call("explain", folder / "mixed.so")
    for part in ("conv, launched 1 time", "register tile", "begins here: ", "8.45 kFLOP, ", "hot loop of", "nodes in no kernel:"):
        assert part in text


def test_nodes_in_no_kernel(folder):
    unfused = {node: entry["reason"] for entry in explain(folder / "mixed.so")["unfused"] for node in entry["nodes"]}
    assert set(unfused) == {"shape (Shape)", "flat (Flatten)"}
    assert unfused["flat (Flatten)"].startswith("a view") and "constants" in unfused["shape (Shape)"]
    fused = {node for launch in launches(folder / "mixed.so") for node in launch["nodes"].split(", ") if node} # a change of layout has none
    assert fused == {"c (Conv)", "r (Relu)", "y (Gemm)"}


def test_attention_names_all_its_nodes(folder):
    nodes = ", ".join(launch["nodes"] for launch in launches(folder / "attention.so"))
    assert "s (MatMul)" in nodes and "p (Softmax)" in nodes and "y (MatMul)" in nodes


def test_inspect(folder):
    manifest = json.loads(call("inspect", folder / "gemm.so", "--json"))
    assert 0 < manifest["runtime"] <= 50 << 10
    assert manifest["weights"] >= 4 * (32 * 24 + 24)
    text = call("inspect", folder / "gemm.so")
    for line in (r"runtime    \d+ bytes", r"input      x: float32\[batch, 32\]", r"output     y: float32\[batch, 24\]", r"arena      \d+ bytes",
                 r"levels     x86-64-v\d", r"kernels    \d+", r"sha256     [0-9a-f]{64}", r"compiler   quern \d"):
        assert re.search(f"^{line}", text, re.MULTILINE), line


#===-- bench ---------------------------------------------------------------------------------------------------===#

FIELDS = {"threads": int, "kind": str, "name": str, "samples": int, "calls": (int, float), "min_us": (int, float), "median_us": (int, float),
          "p99_us": (int, float), "share": (int, float), "mflop": (int, float), "mbyte": (int, float), "gflop_s": (int, float),
          "gb_s": (int, float), "roof": (int, float), "bound": str, "peak_gflop_s": (int, float), "bound_gb_s": (int, float),
          "kernel": str, "algorithm": str, "tile": str, "nodes": str}


def bench(path, *options):
    return json.loads(call("bench", path, "--seconds", "0.05", "--json", *options))


def test_bench_fields(folder):
    rows = bench(folder / "mixed.so", "--kernels", "--threads", "1,2")
    assert [row["kind"] for row in rows].count("run") == 2
    for row in rows:
        assert row.keys() == FIELDS.keys()
        for name, kind in FIELDS.items():
            assert row[name] is None and name in ("share", "bound_gb_s") or isinstance(row[name], kind), (name, row[name])
        assert 0 < row["min_us"] <= row["median_us"] <= row["p99_us"]
    for threads in (1, 2):
        run, *kernels = [row for row in rows if row["threads"] == threads]
        assert sum(row["share"] for row in kernels) == pytest.approx(1)
        assert run["mflop"] == pytest.approx(sum(row["mflop"] for row in kernels)) == pytest.approx(MODELS["mixed"][2] / 1e6)
        assert run["mbyte"] == pytest.approx(sum(row["mbyte"] for row in kernels))
    for row in rows:
        assert row["gflop_s"] == pytest.approx(row["mflop"] / row["min_us"] / row["calls"] * 1e3)
        assert row["gb_s"] == pytest.approx(row["mbyte"] / row["min_us"] / row["calls"] * 1e3)
        assert row["roof"] > 0 and row["bound"] in ("", "compute", "L1", "L2", "L3", "memory")


def test_bench_csv_has_the_fields_of_json(folder):
    text = call("bench", folder / "mixed.so", "--seconds", "0.05", "--kernels", "--csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == list(FIELDS)
    assert [row["nodes"] for row in rows if row["kind"] == "launch" and row["algorithm"] == "conv"] == ["c (Conv), r (Relu)"]


def test_bench_of_dynamic_dims(folder):
    run, kernel = bench(folder / "gemm.so", "--kernels", "--input", "x=random:5x32")
    assert kernel["mflop"] == run["mflop"] == pytest.approx(MODELS["gemm"][2] / 1e6)
    run, kernel = bench(folder / "gemm.so", "--kernels", "--input", "x=random:10x32")
    assert kernel["mflop"] == pytest.approx(2 * MODELS["gemm"][2] / 1e6)


def test_bench_text(folder):
    lines = call("bench", folder / "mixed.so", "--seconds", "0.05", "--kernels").splitlines()
    assert re.match(r"1 thread can do at best: \d+ GFLOP/s of float32, read L1 at \d+ GB/s, .*read memory at \d+ GB/s", lines[0])
    assert lines[1].split()[:4] == ["calls", "min", "us", "median"] and "% roof" in lines[1]
    assert lines[-1].split()[-1] == "run"
    plain = call("bench", folder / "mixed.so", "--seconds", "0.02").splitlines()
    assert len(plain) == 2 and plain[0].split() == ["threads", "min", "us", "median", "us", "p99", "us", "runs"]


def test_bench_without_kernels_measures_runs_alone(folder):
    row, = bench(folder / "mixed.so")
    assert row.keys() == {"threads", "kind", "name", "samples", "calls", "min_us", "median_us", "p99_us"}


def test_doctor():
    report = json.loads(call("doctor", "--json"))
    best = next(level for level in report["levels"] if level["runs"])
    assert best["gflop_s"] > 1 and best["gflop_s_all"] > 1 and report["threads"] >= 1
    assert report["caches"][-1]["name"] == "memory" and "bytes" not in report["caches"][-1]
    assert all(store["gb_s"] > 0 and store["gb_s_all"] > 0 for store in report["caches"])
    assert {tool["name"] for tool in report["tools"]} >= {"python3", "cc"}


#===-- Hot loops -----------------------------------------------------------------------------------------------===#

HOT = {
    "conv5x5": ("(float[1,64,14,14] x) => (float[1,64,14,14] y) { c = Conv <pads = [2,2,2,2]> (x, w)  y = Relu (c) }", {"w": (64, 64, 5, 5)}),
    "conv3x3": ("(float[1,64,14,14] x) => (float[1,64,14,14] y) { c = Conv <pads = [1,1,1,1]> (x, w)  y = Relu (c) }", {"w": (64, 64, 3, 3)}),
    "conv1x1": ("(float[1,64,14,14] x) => (float[1,128,14,14] y) { y = Conv (x, w) }", {"w": (128, 64, 1, 1)}),
    "stem": ("(float[1,3,32,32] x) => (float[1,32,16,16] y) { c = Conv <pads = [1,1,1,1], strides = [2,2]> (x, w)  y = Relu (c) }", {"w": (32, 3, 3, 3)}),
    "any_image": ("(float[n,32,h,w] x) => (float[n,32,h,w] y) { y = Conv <pads = [1,1,1,1]> (x, w0) }", {"w0": (32, 32, 3, 3)}),
    "any_image5x5": ("(float[n,32,h,w] x) => (float[n,32,h,w] y) { y = Conv <pads = [2,2,2,2]> (x, w0) }", {"w0": (32, 32, 5, 5)}),
    "depthwise": ("(float[1,32,14,14] x) => (float[1,32,14,14] y) { c = Conv <group = 32, pads = [1,1,1,1]> (x, w)  y = Relu (c) }", {"w": (32, 1, 3, 3)}),
    "gemm": ("(float[128,256] x) => (float[128,256] y) { t = MatMul (x, w)  s = Add (t, b)  y = Relu (s) }", {"w": (256, 256), "b": (256,)}),
    "gemv": ("(float[1,256] x) => (float[1,256] y) { y = MatMul (x, w) }", {"w": (256, 256)}),
    "any_batch": ("(float[batch,256] x) => (float[batch,256] y) { t = MatMul (x, w)  y = Add (t, b) }", {"w": (256, 256), "b": (256,)}),
    "products": ("(float[12,64,48] a, float[12,48,80] b) => (float[12,64,80] y) { y = MatMul (a, b) }", {}),
    "attention": ("(float[1,4,128,64] q, float[1,4,64,128] k, float[1,4,128,64] v) => (float[1,4,128,64] y) "
                  "{ s = MatMul (q, k)  p = Softmax <axis = -1> (s)  y = MatMul (p, v) }", {}),
}


@pytest.mark.parametrize("target, levels", [("x86-64", {"v3", "v4"}), ("aarch64", {"neon"})])
@pytest.mark.parametrize("name", HOT)
def test_no_spill_and_no_call_in_hot_loops(name, target, levels, tmp_path):
    text, weights = HOT[name]
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]>\n{name} ' + text)
    for weight, shape in weights.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(shape, "f4") * np.float32(0.5) + np.arange(np.prod(shape), dtype="f4").reshape(shape), weight))
    onnx.save(model, tmp_path / "model.onnx")
    kernels = json.loads(call("explain", tmp_path / "model.onnx", f"--target={target}", "--json"))["kernels"]
    hot = [(kernel["algorithm"], level, counts) for kernel in kernels for level, counts in kernel["hot_loop"].items()
           if kernel["algorithm"] in ("conv", "winograd", "depthwise", "gemm", "attention")]
    assert {level for _, level, _ in hot} == levels
    for algorithm, level, counts in hot:
        assert counts["fma"] > 0, (algorithm, level, counts)
        assert counts["stack_loads"] == counts["stack_stores"] == counts["calls"] == 0, (algorithm, level, counts)


#===-- Help and progress ---------------------------------------------------------------------------------------===#

@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_every_option_and_shows_an_example(command):
    source = (ROOT / f"compiler/tools/quern/{command.capitalize()}.cpp").read_text()
    options = re.findall(r'cl::(?:opt|list)<[^>]*> \w+\("([\w-]+)"', source)
    text = call(command, "--help")
    assert f"\n  quern {command}" in text, "an example"
    for option in options:
        assert re.search(rf"^  -+{option}\b", text, re.MULTILINE), option


@pytest.mark.parametrize("command, suggestion", [("benhc", "bench"), ("inspekt", "inspect"), ("explian", "explain"), ("doktor", "doctor")])
def test_did_you_mean(command, suggestion):
    done = subprocess.run([find_compiler(), command], capture_output=True, text=True)
    assert done.returncode == 2 and f"did you mean '{suggestion}'?" in done.stderr


@pytest.mark.parametrize("options, suggestion", [(["bench", "--kernel", "x.so"], "--kernels"), (["explain", "--targt=native", "x"], "--target=native"),
                                                 (["inspect", "--jsn", "x"], "--json")])
def test_did_you_mean_this_option(options, suggestion):
    done = subprocess.run([find_compiler(), *options], capture_output=True, text=True)
    assert done.returncode == 2 and f"did you mean '{suggestion}'?" in done.stderr


def on_terminal(arguments):
    """Standard error of a command that runs with a terminal there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([find_compiler(), *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError: # the other end is closed
            part = b""
        if not part:
            break
        text += part
    os.close(ours)
    assert process.wait() == 0
    return text.decode()


@pytest.mark.parametrize("arguments, text", [
    (["compile", "gemm.onnx", "-o", "{out}/model.so"], "[3/9] fuse"),
    (["explain", "gemm.onnx"], "[3/9] fuse"),
    (["bench", "gemm.so", "--seconds", "0.02"], "measuring on 1 thread"),
    (["doctor"], "measuring memory"),
])
def test_progress_is_shown_on_a_terminal_alone(folder, tmp_path, arguments, text, monkeypatch):
    monkeypatch.chdir(folder)
    arguments = [argument.format(out=tmp_path) for argument in arguments]
    shown = on_terminal(arguments)
    assert text in shown and shown.endswith("\r"), shown
    call(*arguments) # checks that nothing comes without a terminal


def test_kernels_from_python(folder):
    model = quern.load(folder / "gemm.so")
    kernel, = model.kernels
    assert kernel.nodes == ("t (MatMul)", "s (Add)", "y (Relu)") and kernel.algorithm == "gemm"
    assert kernel.flops == "1584*batch" and kernel.reason and kernel.boundary and model.level[-2:] in kernel.tile
