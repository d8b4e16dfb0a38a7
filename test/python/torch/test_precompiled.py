"""What Dynamo keeps of compiled graphs between processes, with torch._dynamo.config.caching_precompile."""
import os
import subprocess
import sys

import pytest
import quern
import torch

# Says for each function how many graphs were traced, and what it gave.
PROGRAM = """
import torch
from torch import nn
from torch._dynamo.utils import counters


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, x):
        return self.layers(x)


def views(x):
    return x[1:], x.shape[0] + 1, x * 2


def broken(x):
    x = x + 1
    torch._dynamo.graph_break()
    return x * 3


def written(x):
    x += 1
    return x * 2


torch.manual_seed(0)
net, x = Net().eval(), torch.randn(3, 8)
with torch.no_grad():
    for name, function in ("net", net), ("views", views), ("broken", broken), ("written", written):
        counters.clear()
        compiled = torch.compile(function, backend="quern", dynamic=name == "views")
        given, expected = compiled(x.clone()), function(x.clone())
        torch.testing.assert_close(given, expected)
        print(name, counters["stats"].get("unique_graphs", 0))
    compiled = torch.compile(net, backend="quern")
    net.layers[0].weight.mul_(2)
    torch.testing.assert_close(compiled(x), net(x))
    counters.clear()
    torch.testing.assert_close(compiled(x.repeat(2, 1)), net(x.repeat(2, 1)))
    print("another size", counters["stats"].get("unique_graphs", 0))
"""


def run(folder):
    script = folder / "program.py"
    script.write_text(PROGRAM)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=os.environ | {
        "PYTHONPATH": os.path.dirname(os.path.dirname(quern.__file__)), "XDG_CACHE_HOME": str(folder),
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "torch"), "TORCH_CACHING_PRECOMPILE": "1"})
    assert done.returncode == 0, done.stderr
    return dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())


def test_another_process_does_not_trace(tmp_path):
    assert run(tmp_path) == {"net": "1", "views": "1", "broken": "2", "written": "1", "another size": "1"}
    # What writes to its inputs is traced again, and so is what was not called before.
    assert run(tmp_path) == {"net": "0", "views": "0", "broken": "0", "written": "1", "another size": "0"}


def test_what_another_quern_made_is_not_read(monkeypatch):
    import pickle
    from quern._torch import precompiled
    content = pickle.dumps(precompiled.GraphArtifact("key", b""))
    assert pickle.loads(content).key == "key"
    monkeypatch.setattr(precompiled, "made_by", lambda: ["another"])
    with pytest.raises(pickle.UnpicklingError, match="made by another PyTorch or another Quern"):
        pickle.loads(content)

