#!/usr/bin/env python3
"""Run every test suite, stream what they print, and end with one line: "N passed, N failed".

    python test/run.py [--only SUITE,...] [--jobs N]

Every suite writes a JUnit report into build/reports/; the sums come from these alone, so a suite that dies before its
report counts as one failure.
"""
import argparse
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
REPORTS = BUILD / "reports"


def gtest(report, jobs):
    return ["ctest", "--test-dir", BUILD, "-j", jobs, "--timeout", "300", "--output-on-failure",
            "--output-junit", report]


def lit(report, jobs):
    return [Path(sys.executable).with_name("lit"), "-v", "-j", jobs, "--xunit-xml-output", report, BUILD / "test"]


def pytest(report, jobs):
    return [sys.executable, "-m", "pytest", "-q", "-ra", "-n", jobs, "--dist", "worksteal", "--timeout", "600",
            "--junitxml", report, ROOT / "test"]


def aarch64(report, jobs):
    """Operators with dynamic shapes under an emulator, as fast paths; `make check-arm` runs everything there."""
    return [sys.executable, "-m", "pytest", "-q", "-n", jobs, "--dist", "worksteal", "--timeout", "600", "--junitxml", report,
            "--machine", "aarch64", "-k", "dynamic-tuned", ROOT / "test" / "e2e"]


def sm_80(report, jobs):
    """The same on the interpreter that stands for a device; whole models are in codegen/nvptx."""
    return [sys.executable, "-m", "pytest", "-q", "-n", jobs, "--dist", "worksteal", "--timeout", "600", "--junitxml", report,
            "--machine", "sm_80", "-k", "dynamic-tuned", ROOT / "test" / "e2e"]


SUITES = {"gtest": gtest, "lit": lit, "pytest": pytest, "aarch64": aarch64, "sm_80": sm_80}


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else "")


def read_report(path):
    """Count the cases of a JUnit file. A case that ctest could not start has failed: its program was not built."""
    count = Count()
    for case in ElementTree.parse(path).iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"} or case.get("status") in ("fail", "notrun"):
            count.failed += 1
        elif "skipped" in outcomes:
            count.skipped += 1
        else:
            count.passed += 1
    return count


def run_suite(name, jobs):
    report = REPORTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    print(f"== {name}", flush=True)
    start = time.monotonic()
    status = subprocess.run([str(word) for word in SUITES[name](report, str(jobs))], cwd=ROOT).returncode
    try:
        count = read_report(report)
    except (OSError, ElementTree.ParseError):
        count = Count()
    if status != 0 and count.failed == 0 or count == Count():
        print(f"{name}: exit status {status} and no failed case in the report", flush=True)
        count.failed += 1
    print(f"== {name}: {count} in {time.monotonic() - start:.0f} s", flush=True)
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=lambda s: s.split(","), default=list(SUITES), metavar="SUITE,...",
                        help=f"of {', '.join(SUITES)}")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()
    if unknown := set(args.only) - set(SUITES):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    if not shutil.which("ctest"):
        parser.error("no ctest here: run `make build` first")
    REPORTS.mkdir(parents=True, exist_ok=True)
    total = sum((run_suite(name, args.jobs) for name in args.only), Count())
    summary = f"{total.passed} passed, {total.failed} failed"
    (BUILD / "check-summary").write_text(summary + "\n")
    print(summary)
    raise SystemExit(total.failed > 0)


if __name__ == "__main__":
    main()
