"""What the documents name is there, and the folders that need a document have one."""
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / name for name in subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_paths(document):
    """A path counts from the root, the public headers, or any folder on the way to the document. NAME is a placeholder, and
    model.* what the compiler makes."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    gone = []
    for path in re.findall(r"`((?:\.\./)*[\w-]+(?:/[\w.-]+)+/?|[\w-]+\.(?:cpp|h|inc|td|py|md))`", text):
        places = [ROOT, ROOT / "runtime/include", document.parent, *document.parent.parents]
        if "NAME" in path or path.startswith("model."):
            continue
        if not any((place / path).exists() for place in places) and not below(path, document):
            gone.append(path)
    assert not gone, f"{document.relative_to(ROOT)} names what is not there: {', '.join(gone)}"


def below(path, document):
    """A bare file name may be of any folder below the document's."""
    return "/" not in path and any(document.parent.rglob(path))


def test_every_folder_of_sources_says_what_it_is():
    """A README in each folder of the first two levels that has sources of its own, a Rationale beside each dialect."""
    for folder in ("bench", "codegen", "codegen/common", "codegen/link", "compiler", "frontends/onnx", "frontends/python", "passes/graph",
                   "passes/loops", "runtime", "passes", "dialects", "test"):
        assert (ROOT / folder / "README.md").exists(), f"{folder} has no README.md"
    for folder in (ROOT / "dialects").iterdir():
        assert not folder.is_dir() or (folder / "Rationale.md").exists(), f"{folder.name} has no Rationale.md"
