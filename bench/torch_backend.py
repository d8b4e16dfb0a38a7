"""torch.compile with backend="quern" beside the same network compiled from ONNX, Inductor and eager PyTorch.

    python bench/torch_backend.py --zoo DIR                          the zoo's torch modules (bench/zoo.py makes the ONNX files)
    python bench/torch_backend.py --models resnet18,bert_base_s128 --zoo DIR --threads 1 --json
    python bench/torch_backend.py --overhead                         what a call costs beside backend="eager"

Each model runs in a process of its own, pinned to as many cores as it has threads, with a cache of its own. `first s` is the
first call with nothing on disk, `again s` that of a second process, which finds the code there; both are split in Dynamo's own
part, up to the backend, and the rest. `kept s` is that of a process which finds Dynamo's part there too, as
TORCH_CACHING_PRECOMPILE=1 leaves it. Latencies are taken in turns and are the least of their samples; that of `quern` is split
in the compiled code, its checks of weights among it, and what PyTorch does around it: a network evicts Dynamo's guards and
Python itself from the caches, so they cost far more than in a loop of calls alone. `floor` is a backend that runs the artifact
made from ONNX and returns a tensor that is ready: no backend of PyTorch's is faster. `left` counts operators that run in PyTorch.
"""
import argparse
import copy
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings

import timing


#--- One model in one process ---------------------------------------------------------------------

def build(name):
    import torch
    from models import MODELS
    torch.manual_seed(0)
    return MODELS[name].build().eval(), list(MODELS[name].inputs().values())


def first_call(name, threads, kept=False):
    """Seconds of the first call, of Dynamo's part of it, and the warnings of a fallback; the compiled module with them, and
    the list to which it appends the seconds of compiled code.
    kept: Dynamo may find its part on disk, which is not told from the rest."""
    import torch
    torch.set_num_threads(threads)
    model, inputs = build(name)
    with torch.no_grad():
        # yolo11n makes its anchors at the first image of a size and reads numbers of tensors there, where Dynamo ends graphs
        # for every backend.
        model(*inputs)
    import quern._torch.backend as backend    # what torch.compile would import, not counted
    reached, inside = [], []

    def compile_graph(module, examples, **keywords):
        reached.append(time.perf_counter())
        graph = backend.compile_graph(module, examples, **keywords)

        def timed(*arguments):
            start = time.perf_counter()
            outputs = graph(*arguments)
            inside.append(time.perf_counter() - start)
            return outputs
        return timed

    with torch.no_grad(), warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        start = time.perf_counter()
        compiled = torch.compile(model, backend="quern" if kept else compile_graph, options={"threads": threads})
        compiled(*inputs)
        seconds = time.perf_counter() - start
    left = [str(warning.message) for warning in told if issubclass(warning.category, backend.FallbackWarning)]
    return {"seconds": seconds, "dynamo": reached[0] - start if reached else None, "left": left}, compiled, model, inputs, inside


def floor(model, inputs, run):
    """A call of the model under torch.compile whose graph is `run`, and whose results are those of the first call."""
    import torch

    def backend(module, examples):
        ready = []

        def graph(*arguments):
            if not ready:
                ready.append(module.forward(*arguments))
            run()
            return ready[0]
        return graph

    compiled = torch.compile(copy.deepcopy(model), backend=backend)    # a model of its own: Dynamo looks for one code only
    with torch.no_grad():
        compiled(*inputs)
    return lambda: compiled(*inputs)


def measure(name, threads, zoo, seconds, inductor):
    import torch
    result, compiled, model, inputs, inside = first_call(name, threads)
    code = []

    def call():
        inside.clear()
        compiled(*inputs)
        code.append(sum(inside))

    calls = {"quern": call, "eager": lambda: model(*inputs)}
    if zoo:
        import quern
        path = os.path.join(zoo, f"{name}.onnx")
        same = quern.compile(path, threads=threads)
        arrays = [tensor.numpy() for tensor in inputs]
        calls["onnx"] = lambda: same(*arrays)
        calls["floor"] = floor(model, inputs, calls["onnx"])
    if inductor:
        with_inductor = torch.compile(model)
        calls["inductor"] = lambda: with_inductor(*inputs)
    with torch.no_grad():
        expected, given = model(*inputs), compiled(*inputs)
        first, ours = (value[0] if isinstance(value, tuple) else value for value in (expected, given))
        result["error"] = float((first - ours).abs().max() / first.abs().max())
        samples = timing.interleave(calls, seconds)
    result["milliseconds"] = {system: 1e3 * min(times) for system, times in (samples | {"code": code}).items()}
    return result


def overhead(seconds):
    """Microseconds of a call of small functions, beside backend="eager"."""
    import torch
    x = torch.ones(4)
    mlp = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)).eval()
    features = torch.randn(1, 64)
    rows = {"x + 1": (lambda x: x + 1, x), "mlp 64-128-10": (mlp, features)}
    result = {}
    with torch.no_grad():
        for name, (function, argument) in rows.items():
            calls = {}
            for backend in ("eager", "quern"):
                torch._dynamo.reset()
                calls[backend] = torch.compile(function, backend=backend)
                calls[backend](argument)
            # Dynamo's code for both stays: the second trace is of another callable.
            times = timing.interleave({key: (lambda call=call: call(argument)) for key, call in calls.items()}, seconds)
            result[name] = {key: 1e6 * min(samples) for key, samples in times.items()}
    return result


#--- All of them ----------------------------------------------------------------------------------

def run(task, cache, environment=()):
    """This program again, in a process of its own; its last line is JSON."""
    command = [sys.executable, os.path.abspath(__file__), "--worker", json.dumps(task)]
    variables = os.environ | {"XDG_CACHE_HOME": cache, "TORCHINDUCTOR_CACHE_DIR": os.path.join(cache, "torch")} | dict(environment)
    done = subprocess.run(command, capture_output=True, text=True, env=variables)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def row(name, threads, options):
    task = {"model": name, "threads": threads}
    with tempfile.TemporaryDirectory() as cache:
        result = run(task | {"zoo": options.zoo, "seconds": options.seconds, "inductor": options.inductor}, cache)
        if "failed" not in result:
            result["again"] = run(task | {"first_only": True}, cache)
            for _ in range(2):      # the first leaves Dynamo's part, the second finds it
                result["kept"] = run(task | {"first_only": True, "kept": True}, cache, {"TORCH_CACHING_PRECOMPILE": "1"})
    return result


def show(name, threads, result):
    if "failed" in result:
        return f"{name:<22} {result['failed']}"
    again, times = result["again"], result["milliseconds"]
    shown = "".join(f" {times.get(system, float('nan')):9.3f}" for system in ("quern", "code", "floor", "onnx", "inductor", "eager"))
    return (f"{name:<22}{threads:2} {result['seconds']:7.2f} ({result['dynamo']:.2f}) {again.get('seconds', float('nan')):7.2f} "
            f"({again.get('dynamo', float('nan')):.2f}) {result['kept'].get('seconds', float('nan')):7.2f}{shown} {result['error']:8.1e} {len(result['left']):3}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="resnet18,bert_base_s128", help="names of bench/models.py, with commas")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--zoo", help="the folder with the ONNX files of the same models")
    parser.add_argument("--seconds", type=float, default=5.0, help="to spend on the latencies of one model")
    parser.add_argument("--inductor", action="store_true", help="time PyTorch's own compiler too")
    parser.add_argument("--overhead", action="store_true", help="only what a call of small functions costs")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        task = json.loads(options.worker)
        timing.pin(task["threads"])
        only, kept = task.pop("first_only", False), task.pop("kept", False)
        name = task.pop("model")
        print(json.dumps(first_call(name, task["threads"], kept)[0] if only else measure(name, **task)))
        return
    if options.overhead:
        timing.pin(options.threads)
        times = overhead(options.seconds)
        for name, row_ in times.items():
            print(f"{name:<16} eager {row_['eager']:7.2f} us, quern {row_['quern']:7.2f} us, above {row_['quern'] - row_['eager']:+.2f} us")
        return
    results = {}
    if not options.json:
        print(f"{'model':<22} t  first s (Dynamo)  again s (Dynamo)  kept s  quern ms  its code     floor   onnx ms  inductor     eager    error left")
    for name in options.models.split(","):
        results[name] = row(name, options.threads, options)
        if not options.json:
            print(show(name, options.threads, results[name]), flush=True)
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
