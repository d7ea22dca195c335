from __future__ import annotations

import json

import pytest

from klio_core.errors import UsageError
from klio_exec.profile.extras import needed


def test_what_is_installed_is_brought():
    assert needed("json") is json


def test_what_is_not_is_named_with_what_brings_it():
    with pytest.raises(UsageError) as caught:
        needed("no_such_profiler.tree")

    assert str(caught.value) == (
        "no_such_profiler is not installed here, and this profile needs it\n"
        "  to do: pip install 'klio[profile]'; for a profile in the job's image, add klio[profile] to "
        "job-requirements.txt"
    )


def test_what_an_installed_package_itself_lacks_is_not_taken_for_it(tmp_path, monkeypatch):
    (tmp_path / "half_installed.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        needed("half_installed")
