from __future__ import annotations

import sys
from pathlib import Path

import pytest

from klio_cli.images.dockerfile import BEAM_VERSION, bases, text_for

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_a_dockerfile_of_the_jobs_own_is_taken_as_it_is(tmp_path: Path):
    (tmp_path / "Dockerfile").write_text("FROM mine\n")

    assert text_for(tmp_path, "26.11.0") == "FROM mine\n"


def test_without_one_the_requirements_are_a_layer_before_the_code(tmp_path: Path):
    (tmp_path / "job-requirements.txt").write_text("klio[exec]==26.11.0\n")

    lines = [line for line in text_for(tmp_path, "26.11.0").splitlines() if line and not line.startswith("#")]

    assert lines == [
        f"FROM apache/beam_python{PYTHON}_sdk:{BEAM_VERSION}",
        "WORKDIR /usr/src/app",
        "ENV PYTHONPATH=/usr/src/app",
        "COPY job-requirements.txt .",
        "RUN pip install --no-cache-dir -r job-requirements.txt",
        "COPY . .",
    ]


def test_without_requirements_it_installs_this_klio(tmp_path: Path):
    text = text_for(tmp_path, "26.11.0")

    assert 'RUN pip install --no-cache-dir "klio[exec]==26.11.0"\n' in text
    assert "job-requirements.txt" not in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a:1\n", ["a:1"]),
        ("# FROM no\nfrom --platform=linux/amd64 a AS one\nFROM b\nFROM one\n", ["a", "b"]),
        ("FROM scratch\n", []),
        ("ARG BASE=a\nFROM $BASE\n", []),
        ("FROM a\nFROM a\n", ["a"]),
    ],
)
def test_the_images_that_it_is_built_on(text: str, expected: list[str]):
    assert bases(text) == expected
