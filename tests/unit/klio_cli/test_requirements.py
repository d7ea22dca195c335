from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from klio_cli import requirements
from klio_cli.requirements import Wanted

NUMPY = metadata.version("numpy")


def asked_for(root: Path, text: str) -> list[Wanted]:
    (root / requirements.NAME).write_text(text)
    return requirements.wanted(root)


def test_a_line_is_read_as_pip_reads_it(tmp_path: Path) -> None:
    text = "# mine\n\nApache_Beam[gcp]==2.77.0  # it\nsoxr == 1.0 \\\n    --hash=sha256:1\n-r more.txt\n./own.whl\n"

    assert [(one.line, one.name, one.version) for one in asked_for(tmp_path, text)] == [
        (3, "apache-beam", "2.77.0"),
        (4, "soxr", "1.0"),
    ]


def test_without_the_file_nothing_is_asked_for(tmp_path: Path) -> None:
    assert requirements.wanted(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "is_loose"),
    [
        ("a", True), ("a>=1", True), ("a==1.*", True), ("a~=1.0", True), ("a[x]<2", True),
        ("a==1", False), ("a===1", False), ("a @ https://x.org/a.whl", False), ("a==1,>0", False),
    ],
)  # fmt: skip
def test_a_version_is_one_version_or_it_is_left_open(text: str, is_loose: bool, tmp_path: Path) -> None:  # noqa: FBT001 - what a table says
    assert bool(requirements.loose(asked_for(tmp_path, text))) == is_loose


CLASHES = {
    "numpy==1.26\nnumpy==1.27": ["2: numpy==1.27, but line 1 says numpy==1.26"],
    "Num-Py==1\nnum.py==2\nnum_py==1": ["2: num.py==2, but line 1 says Num-Py==1"],
    "numpy==0.1\nlibrosa==0.11.0": ["1: numpy==0.1, but librosa==0.11.0 needs numpy>=1.22.3"],
    # Of another version than the one that is installed here, nothing is known.
    "numpy==0.1\nlibrosa==0.1": [],
    f"numpy=={NUMPY}\nlibrosa==0.11.0\nnothing-of-that-name==1": [],
    "numpy==1\nnumpy==1": [],
    "numpy>=1\nnumpy==1": [],
}


@pytest.mark.parametrize("text", CLASHES)
def test_clashes_are_found_at_their_line(text: str, tmp_path: Path) -> None:
    found = requirements.clashes(asked_for(tmp_path, text))

    assert [f"{one.line}: {one.what}" for one in found] == CLASHES[text]
