"""The packages that only a profile needs, brought when it does: those of the extra klio[profile]."""

from __future__ import annotations

import importlib
from typing import Any

from klio_core.errors import UsageError


def needed(package: str) -> Any:
    """Answer a module. Raises UsageError where its package is not installed."""
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != package.partition(".")[0]:
            raise
        raise UsageError(
            f"{package.partition('.')[0]} is not installed here, and this profile needs it",
            todo="pip install 'klio[profile]'; for a profile in the job's image, add klio[profile] to "
            "job-requirements.txt",
        ) from error
