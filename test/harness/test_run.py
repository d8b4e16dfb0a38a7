"""test/run.py: what counts as passed, failed and skipped, and that a suite that dies is a failure."""
import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[1] / "run.py"
spec = importlib.util.spec_from_file_location("quern_test_run", PATH)
run = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = run    # dataclasses look their module up
spec.loader.exec_module(run)

REPORT = """<testsuites><testsuite>
  <testcase name="good"/>
  <testcase name="good, and printed"><system-out>text</system-out></testcase>
  <testcase name="wrong"><failure message="1 != 2"/></testcase>
  <testcase name="broken fixture"><error/></testcase>
  <testcase name="ctest marks it here" status="fail"/>
  <testcase name="left out"><skipped/></testcase>
  <testcase name="program is missing" status="notrun"><skipped message="Unable to find executable"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def suites(tmp_path, monkeypatch):
    """Replaces the suites by shell commands; "$1" is the report's path."""
    monkeypatch.setattr(run, "REPORTS", tmp_path)
    monkeypatch.setattr(run, "ROOT", tmp_path)

    def replace(**commands):
        made = {name: lambda report, jobs, text=text: ["sh", "-c", text, "sh", report] for name, text in commands.items()}
        monkeypatch.setattr(run, "SUITES", made)
    return replace


def test_counts_each_kind(tmp_path):
    path = tmp_path / "report.xml"
    path.write_text(REPORT)
    assert run.read_report(path) == run.Count(passed=2, failed=4, skipped=1)


def test_a_good_suite(suites):
    suites(good="echo '<s><testcase/><testcase/></s>' > $1")
    assert run.run_suite("good", 1) == run.Count(passed=2)


def test_a_suite_without_a_report_fails(suites):
    suites(silent="true", crash="kill -9 $$")
    assert run.run_suite("silent", 1) == run.Count(failed=1)
    assert run.run_suite("crash", 1) == run.Count(failed=1)


def test_a_suite_that_dies_after_its_report_fails(suites):
    suites(late="echo '<s><testcase/></s>' > $1; exit 3")
    assert run.run_suite("late", 1) == run.Count(passed=1, failed=1)


def test_an_old_report_does_not_count(suites, tmp_path):
    (tmp_path / "stale.xml").write_text("<s><testcase/></s>")
    suites(stale="true")
    assert run.run_suite("stale", 1) == run.Count(failed=1)
