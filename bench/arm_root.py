"""A folder with an arm64 Python and ONNX Runtime, for `qemu-aarch64 -L FOLDER` on any other machine.

Python comes out of Debian's packages, unpacked and never installed; NumPy and ONNX Runtime are the wheels for aarch64 of
the versions that run here.
"""
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

from timing import progress

PACKAGES = ("python3", "libstdc++6")    # and what they depend on
WHEELS = ("numpy", "onnxruntime")
PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_27_aarch64", "manylinux_2_28_aarch64")

# ONNX Runtime asks these files what the machine is and does not survive their absence: an Arm machine of one Cortex-A72.
MACHINE_FILES = {
    "proc/cpuinfo": """processor\t: 0
BogoMIPS\t: 125.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3
""",
    "sys/devices/system/cpu/possible": "0\n",
    "sys/devices/system/cpu/present": "0\n",
}


def run(command, **options):
    """Runs it; ends the program with the last line of its errors where it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode:
        raise SystemExit(f"arm_root.py: {command[0]}: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    return done.stdout


def apt_options(folder):
    """apt's own state in `folder`, as on an arm64 machine with nothing installed; sources and keys are the system's."""
    for name in ("state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    options = {"APT::Architecture": "arm64", "APT::Architectures": "arm64", "APT::Sandbox::User": "",
               "APT::Install-Recommends": "false", "Dir::State": folder / "state",
               "Dir::State::status": folder / "status", "Dir::Cache": folder / "cache", "Debug::NoLocking": "true"}
    return [word for name, value in options.items() for word in ("-o", f"{name}={value}")]


def unpack_packages(root, folder):
    options = apt_options(folder)
    run(["apt-get", *options, "update"])
    run(["apt-get", *options, "install", "--yes", "--download-only", *PACKAGES])
    for package in sorted((folder / "cache/archives").glob("*.deb")):
        run(["dpkg-deb", "--extract", package, root])


def python_of(root):
    """The interpreter of the root: usr/bin/python3.N."""
    return next(path for path in (root / "usr/bin").glob("python3.*") if path.name.removeprefix("python3.").isdigit())


def install_wheels(root):
    version = python_of(root).name.removeprefix("python")
    wanted = [f"{name}=={importlib.metadata.version(name)}" for name in WHEELS]
    run([sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
         "--implementation=cp", f"--python-version={version}", *(f"--platform={name}" for name in PLATFORMS),
         f"--target={root / 'site'}", *wanted])


def write_machine_files(root):
    for name, text in MACHINE_FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def prepare(root):
    """Makes the folder `root` where it is not complete; 60 MB are downloaded."""
    root = root.resolve()
    stamp, versions = root / "complete", "".join(f"{name} {importlib.metadata.version(name)}\n" for name in WHEELS)
    if stamp.exists() and stamp.read_text() == versions:
        return root
    progress(f"making {root}: an arm64 Python with {', '.join(WHEELS)}")
    root.mkdir(parents=True, exist_ok=True)
    unpack_packages(root, root / "apt")
    install_wheels(root)
    write_machine_files(root)
    stamp.write_text(versions)
    return root


def environment(root, *folders):
    """Of the root's Python: it imports from its own packages and `folders`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONHOME": str(root / "usr"), "PYTHONPATH": ":".join(map(str, (root / "site", *folders))),
                   "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
