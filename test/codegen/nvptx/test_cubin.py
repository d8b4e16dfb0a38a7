"""--cubin: machine code of NVIDIA's assembler beside the PTX, on request alone."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from emulated import CUDA, needs_interpreter
from quern._compiler import find_compiler

needs_ptxas = pytest.mark.skipif(not shutil.which("ptxas"), reason="there is no ptxas")


@pytest.fixture
def model(tmp_path):
    onnx.save(onnx.parser.parse_model("""
        <ir_version: 8, opset_import: ["": 17]>
        m (float[n,8] x, float[n] z) => (float[n,8] y, float[n] m) {
          y = Softmax (x)
          m = Neg (z)
        }"""), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


def kernels(artifact):
    """Of the device, in the manifest."""
    manifest = json.loads(subprocess.run([find_compiler(), "inspect", "--json", artifact], capture_output=True, text=True,
                                         check=True).stdout)
    return [kernel for kernel in manifest["kernels"] if "threads" in kernel]


def compile(model, *options, path=None, output="m.so"):
    environment = {**os.environ, "PATH": path} if path is not None else None
    return subprocess.run([find_compiler(), "compile", model, "--target", "sm_80", "-o", model.parent / output, "--quiet", *options],
                          capture_output=True, text=True, env=environment)


def fake(folder, name, body):
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return program


@needs_ptxas
def test_machine_code_lies_beside_the_text(model):
    for options, output in (([], "plain.so"), (["--cubin"], "searched.so"), ([f"--cubin={shutil.which('ptxas')}"], "named.so")):
        done = compile(model, *options, output=output)
        assert done.returncode == 0, done.stderr
    plain, searched, named = ((model.parent / name).read_bytes() for name in ("plain.so", "searched.so", "named.so"))
    assert plain.count(b"\x7fELF") == 1    # the artifact itself
    found = kernels(model.parent / "named.so")
    assert searched.count(b"\x7fELF") == named.count(b"\x7fELF") == 1 + len(found) == 3
    assert all(data.count(b".target sm_80") == len(found) for data in (plain, searched, named))
    assert not any("cubin" in kernel for kernel in kernels(model.parent / "plain.so"))
    sizes = [kernel["cubin"] for kernel in found]
    text = subprocess.run([find_compiler(), "inspect", model.parent / "named.so"], capture_output=True, text=True, check=True).stdout
    assert f"cubin      {sum(sizes)} bytes of machine code for the device" in text


@needs_interpreter
@pytest.mark.skipif(not (CUDA / "libcuda.so.1").exists(), reason="the interpreter is not built: ninja ptxDriver")
def test_the_driver_gets_machine_code_first_and_the_text_where_it_refuses(model):
    """The interpreter cannot run machine code, as a device of another kind cannot."""
    code = fake(model.parent / "bin", "ptxas", 'printf "\\177ELF of %s" "$1" > "$4"')
    assert compile(model, f"--cubin={code}").returncode == 0
    program = f"""
import numpy, quern
x = numpy.float32(numpy.arange(16)).reshape(2, 8)
y, m = quern.load({str(model.parent / 'm.so')!r}, device="cuda")(x, x[:, 0])
numpy.testing.assert_allclose(y.sum(1), numpy.ones(2), rtol=1e-5)
"""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(CUDA)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("ptx: machine code can not be interpreted, only PTX text") == len(kernels(model.parent / "m.so")) == 2


def test_the_assembler_is_told_the_architecture_and_no_shell_reads_its_name(model):
    log = model.parent / "log"
    code = fake(model.parent / "a b; touch shell $(touch shell)", "pt xas", f'echo "$1 $3" >> {log}; printf "\\177ELF" > "$4"')
    assert compile(model, f"--cubin={code}").returncode == 0
    assert log.read_text().split() == ["-arch=sm_80", "-o"] * 2
    assert not list(Path.cwd().glob("shell*")) and not list(model.parent.glob("shell*"))


@pytest.mark.parametrize("body, message", [
    ("echo; echo 'ptxas fatal : not today' >&2; echo more; exit 3", "makes no machine code of kernel k0_sm_80: ptxas fatal : not today"),
    ("exit 3", "makes no machine code of kernel k0_sm_80: it ended with status 3"),
    ("echo text > $4", "makes no machine code of kernel k0_sm_80: it ended with status 0"),
])
def test_errors_of_the_assembler_name_it(model, body, message):
    code = fake(model.parent / "bin", "ptxas", body)
    done = compile(model, f"--cubin={code}")
    assert done.returncode != 0
    assert f"--cubin: '{code}' {message}" in done.stderr
    assert not (model.parent / "m.so").exists()


def test_errors_without_an_assembler(model):
    done = compile(model, "--cubin", path="/nowhere")
    assert done.returncode != 0
    assert "error: --cubin: there is no ptxas on the search path; name it, as in --cubin=/usr/local/cuda/bin/ptxas" in done.stderr
    for path in ("/no/such/ptxas", model):
        done = compile(model, f"--cubin={path}")
        assert done.returncode != 0 and f"error: --cubin: '{path}' is no program that can be run" in done.stderr
    garbage = fake(model.parent / "bin", "ptxas", "")
    garbage.write_bytes(b"\0no program")
    done = compile(model, f"--cubin={garbage}")
    assert done.returncode != 0 and f"--cubin: '{garbage}' cannot be run: " in done.stderr


def test_refuses_a_target_without_a_device(model):
    done = subprocess.run([find_compiler(), "compile", model, "--cubin", "-o", model.parent / "m.so"], capture_output=True, text=True)
    assert done.returncode != 0 and "error: --cubin: target x86-64 has no device; name one, such as sm_80" in done.stderr
