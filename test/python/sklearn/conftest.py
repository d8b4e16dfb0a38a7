"""One cache for the run: nothing of the user's is read or written."""
import pytest


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory):
    place = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(place))
        yield place / "quern"
