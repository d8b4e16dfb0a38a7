"""Every test has a cache and a Dynamo of its own, and runs without gradients; a fallback is an error unless it is asked for."""
import pytest
import torch
from torch import nn


class Counter(nn.Module):
    """Adds how often it was called, which it keeps in a buffer."""
    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(3))

    def forward(self, x):
        self.count += 1
        return x + self.count


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch, recwarn):
    from quern._torch import report
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(report, "_told", set())
    torch._dynamo.reset()
    torch.manual_seed(0)
    with torch.no_grad():
        yield


@pytest.fixture
def fallbacks(recwarn):
    """What was said to run in PyTorch, so far."""
    from quern._torch.report import FallbackWarning

    def texts():
        return [str(warning.message) for warning in recwarn if issubclass(warning.category, FallbackWarning)]
    return texts


@pytest.fixture
def check(fallbacks):
    """Compiles a function or module and compares it with itself, with no fallback."""
    def run(function, *arguments, compiled=None, **tolerance):
        if compiled is None:
            compiled = torch.compile(function, backend="quern", fullgraph=True)
        torch.testing.assert_close(compiled(*arguments), function(*arguments), **tolerance)
        assert not fallbacks()
        return compiled
    return run


@pytest.fixture
def counter():
    return Counter()
