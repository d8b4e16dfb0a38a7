"""Compiled models on an emulated machine.

`install(machine)` makes the package `quern` compile for that machine and run what it compiled under qemu-user, so that
the tests of e2e/ and onnx/ run there as they are: `pytest test/e2e --machine aarch64`. The compiler itself runs here.
"""
import atexit
import functools
import json
import os
import shutil
import struct
import subprocess
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from quern import _compile_cache, _compiler, _errors, _model
from quern._arrays import convert

HERE = Path(__file__).resolve().parent
INCLUDE = HERE.parents[1] / "runtime" / "include"
# Numbers of quern_dtype.
NUMBERS = {"float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7, "bool": 9, "float16": 10,
           "float64": 11, "uint32": 12, "uint64": 13, "complex64": 14, "complex128": 15, "bfloat16": 16}
NAMES = {number: "uint16" if name == "bfloat16" else name for name, number in NUMBERS.items()}
ERRORS = {1: _errors.InputError, 2: _errors.DataError, 3: MemoryError, 4: _errors.UnsupportedError, 5: _errors.ModelError, 6: _errors.UnsupportedError}


@dataclass(frozen=True)
class Machine:
    """What stands for a machine: the compiler's target and what runs its programs."""
    target: str
    emulator: tuple    # the command line in front of the program; "{cpu}" and "{cuda}" are replaced
    cpu: str
    compiler: str    # of C, for the driver
    levels: tuple    # (name, number) of those whose kernels differ

    def command(self, *arguments):
        """The command line of a program of the machine."""
        return [*(word.format(cpu=self.cpu, cuda=CUDA) for word in self.emulator), *map(str, arguments)]

    @functools.cache
    def driver(self):
        """run_artifact for the machine."""
        folder = tempfile.mkdtemp(prefix="quern-driver-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        program = Path(folder) / "run_artifact"
        subprocess.run([self.compiler, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{INCLUDE}",
                        HERE / "run_artifact.c", "-ldl", "-o", program], check=True)
        return program


# Where the libcuda.so.1 lies that runs kernels. The interpreter's stands for NVIDIA's (test/ptx) until `use_driver`.
CUDA = INTERPRETER = HERE.parents[1] / "build" / "test" / "ptx"
DEVICE = ("env", "LD_LIBRARY_PATH={cuda}")
MACHINES = {
    "aarch64": Machine("aarch64", ("qemu-aarch64", "-cpu", "{cpu}", "-L", "/usr/aarch64-linux-gnu"), "cortex-a72",
                       "aarch64-linux-gnu-gcc", (("neon", 1),)),
    "sm_80": Machine("sm_80", DEVICE, "", "cc", (("v4", 4),)),
    "sm_90a": Machine("sm_90a", (*DEVICE, "PTX_DEVICE_CAPABILITY=9.0"), "", "cc", (("v4", 4),)),
}

needs_interpreter = pytest.mark.skipif("config.getoption('--cuda')", reason="the interpreter alone is set up so")


def use_driver(library):
    """From here on kernels run on this machine's device, by its driver."""
    global CUDA
    folder = tempfile.mkdtemp(prefix="quern-cuda-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run(["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f'-DDRIVER="{library}"',
                    f"-I{HERE.parents[1]}", HERE / "counted_driver.c", "-Wl,-soname,libcuda.so.1", "-ldl", "-o",
                    Path(folder) / "libcuda.so.1"], check=True)
    CUDA = Path(folder)
    os.environ["QUERN_TEST_CUDA"] = folder    # for test/ptx


def compile_for(target, model, artifact, *options):
    """Compiles the file `model` for any target; the path of the artifact."""
    done = subprocess.run([_compiler.find_compiler(), "compile", "--quiet", model, "-o", artifact, f"--target={target}", *options],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return artifact


def missing(machine):
    """What this machine lacks for `machine`; empty: nothing."""
    return [tool for tool in (machine.emulator[0], machine.compiler) if not shutil.which(tool)]


class EmulatedRuntime:
    """The interface of quern._runtime.Model, over a process under the emulator."""

    def __init__(self, machine, path, threads, max_level):
        self.threads = threads
        self.manifest = subprocess.run([_compiler.find_compiler(), "inspect", "--json", path], capture_output=True, text=True,
                                       check=True).stdout
        description = json.loads(self.manifest)
        self.name, self.metadata = description["name"], description["metadata"]
        self.inputs, self.outputs = (tuple((value["name"], value["dtype"], tuple(value["shape"])) for value in description[key])
                                     for key in ("inputs", "outputs"))
        self.process = subprocess.Popen(machine.command(machine.driver(), path, max_level, threads), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        status, text = struct.unpack("<i", self.read(4))[0], self.read_text()
        if status:
            self.close()
            raise ERRORS[status](f"'{path}': {text}")
        self.level = text

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()

    def __del__(self):
        if hasattr(self, "process"):    # else opening failed
            self.close()

    def read(self, count):
        data = self.process.stdout.read(count)
        assert len(data) == count, f"the model ended with status {self.process.wait()}"
        return data

    def read_text(self):
        return self.read(struct.unpack("<I", self.read(4))[0]).decode()

    def read_tensor(self):
        dtype, rank = struct.unpack("<ii", self.read(8))
        shape = struct.unpack(f"<{rank}q", self.read(8 * rank))
        data = self.read(struct.unpack("<Q", self.read(8))[0])
        return np.frombuffer(data, NAMES[dtype]).reshape(shape).copy()

    def run(self, *arrays):
        if len(arrays) != len(self.inputs):
            raise _errors.InputError(f"the model takes {len(self.inputs)} inputs, but {len(arrays)} were given")
        request = []
        for (name, dtype, _), value in zip(self.inputs, arrays):
            array = convert(value, name, dtype)
            request.append(struct.pack(f"<ii{array.ndim}qQ", NUMBERS[dtype], array.ndim, *array.shape, array.nbytes))
            request.append(array.tobytes())
        self.process.stdin.write(b"".join(request) or b"\0")
        self.process.stdin.flush()
        status, = struct.unpack("<i", self.read(4))
        if status:
            raise ERRORS[status](self.read_text())
        return tuple(self.read_tensor() for _ in self.outputs)


def emulated_model(machine):
    """A class that stands for CompiledModel."""

    class EmulatedModel(_model.CompiledModel):
        def __init__(self, path, threads=None, max_level=0, folder=None, device=None, source=None):
            self._path, self._max_level, self._device = os.path.abspath(os.fspath(path)), max_level, device
            self._model = EmulatedRuntime(machine, self._path, threads or 2, max_level)
            self.inputs, self.outputs = (tuple(_model.Value(*value) for value in values)
                                         for values in (self._model.inputs, self._model.outputs))
            self._input_names = tuple(value.name for value in self.inputs)
            self._output_names = tuple(value.name for value in self.outputs)
            if folder:
                weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    return EmulatedModel


def compiler_for(machine):
    """A compiler that takes every --target as the machine's."""
    folder = tempfile.mkdtemp(prefix="quern-compiler-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    script = Path(folder) / "quern"
    script.write_text(f'''#!/bin/bash
words=()
for word; do
  case $word in --target=*) word=--target={machine.target} ;; esac
  words+=("$word")
done
exec '{_compiler.find_compiler()}' "${{words[@]}}"
''')
    script.chmod(0o755)
    return str(script)


def install(machine):
    """From here on `quern` compiles for the machine and runs there."""
    compiler, model = compiler_for(machine), emulated_model(machine)
    _compiler.find_compiler = _compile_cache.find_compiler = lambda: compiler
    _compile_cache.CompiledModel = _model.CompiledModel = model
