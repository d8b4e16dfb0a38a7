#!/usr/bin/env python3
"""Measure one call of the compiled mlp_tiny from C (mlp_call.c), through its plain function.

    python mlp_call.py --models DIR [--json]
"""
import argparse
import json
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def measure(model):
    """{"ns_per_call", "first_logit"} of the model at this path."""
    with tempfile.TemporaryDirectory() as folder:
        library, program = Path(folder) / "mlp_tiny.so", Path(folder) / "mlp_call"
        subprocess.run([ROOT / "build/bin/quern", "compile", model, "--target", "native", "-o", library, "--quiet"],
                       check=True)
        subprocess.run(["cc", "-O2", "-std=c11", f"-I{folder}", f"-I{ROOT}/runtime/include",
                        Path(__file__).with_suffix(".c"), library, f"-Wl,-rpath,{folder}", "-o", program], check=True)
        return json.loads(subprocess.run([program], check=True, capture_output=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), metavar="DIR")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result = measure(args.models / "mlp_tiny.onnx")
    print(json.dumps(result) if args.json else f"{result['ns_per_call']} ns per call")


if __name__ == "__main__":
    main()
