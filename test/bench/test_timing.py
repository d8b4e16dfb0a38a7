"""bench/timing.py: turns, ratios and tables."""
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
from timing import calls_per_sample, interleave, paired_ratio, report


def test_every_round_has_a_sample_of_each():
    samples = interleave({"a": lambda: None, "b": lambda: None}, seconds=0, sample=1e-5, rounds=7)
    assert [len(samples[name]) for name in "ab"] == [7, 7]
    assert min(samples["a"] + samples["b"]) > 0


def test_samples_are_seconds_per_call():
    samples = interleave({"sleep": lambda: time.sleep(2e-3)}, seconds=0, sample=1e-2)
    assert 2e-3 <= min(samples["sleep"]) < 2e-2


def test_slow_calls_are_sampled_singly():
    assert calls_per_sample(lambda: time.sleep(5e-3), 1e-3) == 1


def test_ratio_cancels_what_hits_a_whole_round():
    before = [1.0, 9.0, 1.1, 5.0, 1.0]
    ratio = paired_ratio([0.5 * t for t in before], before)
    assert (ratio.value, ratio.low, ratio.high) == (0.5, 0.5, 0.5)


def test_interval_holds_the_spread():
    ratio = paired_ratio([0.9, 1.0, 1.1] * 9, [1.0] * 27)
    assert 0.9 <= ratio.low <= ratio.value == 1.0 <= ratio.high <= 1.1
    assert ratio.low < ratio.high


def test_report_as_table_and_json(capsys):
    rows = [{"model": "mlp", "ms": 0.5}, {"model": "cnn", "ms": 1234.0}]
    report(rows)
    assert capsys.readouterr().out.splitlines()[3] == "| cnn   | 1,234 |"
    report([{"ratio": paired_ratio([1.0], [2.0])}], as_json=True)
    assert json.loads(capsys.readouterr().out) == [{"ratio": {"value": 0.5, "low": 0.5, "high": 0.5}}]
