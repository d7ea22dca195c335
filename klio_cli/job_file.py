"""Changes in a job file: all of them or none, and only where the job file can be used afterwards."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable

from klio_cli import job_dir
from klio_cli.replace import replace
from klio_core.invocation import Invocation


def change(job: Invocation, edit: Callable[[str, str], str], steps: Iterable[str]) -> str:
    """Edit the text of the job file, step by step, and answer what has become of it.

    Raises UsageError where there is no job file or it cannot be written, ConfigError where it could not be used.
    """
    from klio_core.config import parse
    from klio_core.config.read import read_text

    path = job_dir.check(job).config_path
    before = after = read_text(path)
    for step in steps:
        after = edit(after, step)
    parse(after, f"{path}, as changed", templates=job.template)
    if after == before:
        return f"{path} is so already"
    mark = codecs.BOM_UTF8.decode() if path.read_bytes().startswith(codecs.BOM_UTF8) else ""
    replace(path, mark + after)
    return f"Changed {path}"
