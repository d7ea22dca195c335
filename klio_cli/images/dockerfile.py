"""The Dockerfile of a job: its own, or one that fits every job."""

from __future__ import annotations

import re
import sys
from importlib.resources import files
from pathlib import Path
from string import Template

BEAM_VERSION = "2.77.0"
NAME = "Dockerfile"
_REQUIREMENTS = "job-requirements.txt"
_FROM = re.compile(
    r"^\s*FROM\s+(?:--\S+\s+)*(?P<base>\S+)(?:\s+AS\s+(?P<stage>\S+))?\s*$", re.MULTILINE | re.IGNORECASE
)


def template_values() -> dict[str, str]:
    """Answer what the templates of a Dockerfile are filled with: the versions of this Python and of klio's Beam."""
    return {"python_version": f"{sys.version_info.major}.{sys.version_info.minor}", "beam_version": BEAM_VERSION}


def text_for(job_dir: Path, klio_version: str) -> str:
    """Answer the job's Dockerfile, or a generated one where it has none: that of a new job.

    A job without job-requirements.txt gets this version of klio, and nothing else.
    """
    own = job_dir / NAME
    if own.is_file():
        return own.read_text()
    text = Template((files("klio_cli") / "templates/shared/Dockerfile.tmpl").read_text()).substitute(template_values())
    if (job_dir / _REQUIREMENTS).is_file():
        return text
    install = f'RUN pip install --no-cache-dir "klio[exec]=={klio_version}"'
    kept = [line for line in text.splitlines() if not line.startswith("COPY job-requirements")]
    return "\n".join(install if line.startswith("RUN pip") else line for line in kept) + "\n"


def bases(text: str) -> list[str]:
    """Answer the images that a Dockerfile is built on, each once; stages of its own and build arguments are none."""
    found = list(_FROM.finditer(text))
    stages = {match["stage"] for match in found}
    names = [match["base"] for match in found]
    return [name for name in dict.fromkeys(names) if name != "scratch" and name not in stages and "$" not in name]
