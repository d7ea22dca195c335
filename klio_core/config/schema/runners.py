"""The names of runners, and which of them somebody means."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from klio_core.config.problems import shown
from klio_core.config.schema.names import DOTTED_PATH
from klio_core.config.schema.scalars import Word
from klio_core.config.schema.wrong import fault
from klio_core.config.suggest import did_you_mean

RUNNERS = (
    "DirectRunner",
    "DirectGKERunner",
    "DataflowRunner",
    "FnApiRunner",
    "PortableRunner",
    "FlinkRunner",
    "SparkRunner",
    "PrismRunner",
)
_BY_LOWER = {name.lower(): name for name in RUNNERS}


def runner_name(value: str) -> str:
    """Return the one spelling of a runner's name; case and the ending "Runner" may be left to us.

    A dotted path names a class of one's own, and is returned as it is.
    """
    lower = value.lower()
    found = _BY_LOWER.get(lower) or _BY_LOWER.get(f"{lower}runner")
    if found:
        return found
    if DOTTED_PATH.fullmatch(value):
        return value
    expected = f"{', '.join(RUNNERS)}, or the dotted path of a class"
    raise fault("unknown runner", expected=expected, got=shown(value), todo=did_you_mean(value, RUNNERS))


Runner = Annotated[Word, AfterValidator(runner_name)]
