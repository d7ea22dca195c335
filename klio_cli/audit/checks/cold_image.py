from __future__ import annotations

import re
from collections.abc import Iterator

from klio_cli.audit.job import Job
from klio_core.finding import Check, Finding, Grade

CHECK = Check(
    "cold-image",
    Grade.WARNING,
    "an image without what a library compiles or downloads when it is first used",
    why="each new worker does it again, for half a minute or for gigabytes, while events wait; and where many do it at "
    "the same time, some fail",
    mend="use it once while the image is built: RUN python -c 'import …', or a script that loads the model",
)

_COMPILE = {"librosa", "numba"}
_DOWNLOAD = {"demucs", "nltk", "sentence_transformers", "tensorflow_hub", "transformers", "whisper"}
# A program that is run while the image is built; pip is one that fills no cache.
_RUN = re.compile(r"^\s*RUN\b(?:[^\n]|\\\n)*?\bpython[\d.]*\s+(?!-m\s+(?:pip|venv|ensurepip)\b)", re.MULTILINE)
_BROUGHT = re.compile(r"^\s*(?:COPY|ADD)\b[^\n]*(?:model|weight|cache|checkpoint)", re.MULTILINE | re.IGNORECASE)


def find(job: Job) -> Iterator[Finding]:
    """Yield the first import of such a library, unless the Dockerfile runs or brings something."""
    if not job.dockerfile or _RUN.search(job.dockerfile) or _BROUGHT.search(job.dockerfile):
        return
    for module, line, name in job.imports_of(_COMPILE | _DOWNLOAD):
        does = "compiles" if name in _COMPILE else "downloads"
        yield CHECK.found(f"{name} {does} when it is first used, and the Dockerfile does not", module.file, line)
        return
