from __future__ import annotations

import pytest

from klio_core.config import parse
from klio_core.on_dataflow.options import image_of, untagged


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("a", "a"),
        ("a:1", "a"),
        ("host:5000/a/b", "host:5000/a/b"),
        ("host:5000/a/b:1", "host:5000/a/b"),
        ("host/a@sha256:0a1b", "host/a"),
        ("host:5000/a:1@sha256:0a1b", "host:5000/a"),
    ],
)
def test_an_image_loses_its_tag_and_digest_and_keeps_its_port(image: str, name: str):
    assert untagged(image) == name


@pytest.mark.parametrize(
    ("said", "tag", "image"),
    [
        ("sdk_container_image: h/a", None, "h/a"),
        ("sdk_container_image: h/a:1", None, "h/a:1"),
        ("sdk_container_image: h/a:1", "2", "h/a:2"),
        ("sdk_container_image: h/a, setup_file: setup.py", "2", None),
        ("requirements_file: r.txt", "2", None),
    ],
)
def test_the_image_is_the_job_files_with_the_tag_that_is_asked_for(said: str, tag: str | None, image: str | None):
    options = parse(f"job_name: j\njob_config: {{}}\npipeline_options: {{{said}}}\n").pipeline_options
    assert image_of(options, tag) == image
