"""`pipeline_options.resources`: what the work of a job needs of the machine it is done on."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from klio_core.config.problems import shown
from klio_core.config.schema.scalars import Count, Word
from klio_core.config.schema.section import Section
from klio_core.config.schema.wrong import fault

# The units that Beam knows; a letter in another case would be another unit.
_SIZE = re.compile(r"\d+(\.\d+)?\s*([KMGTP]i?)?B")


def _size(value: str) -> str:
    if not _SIZE.fullmatch(value):
        raise fault("not an amount of memory", expected="a number and a unit, as in 8GB or 512MiB", got=shown(value))
    return value.replace(" ", "")


def _accelerator(value: str) -> str:
    if not value.startswith("type:"):
        expected = "type:NAME;count:N and, for a GPU of NVIDIA, ;install-nvidia-driver"
        raise fault("not an accelerator", expected=expected, got=shown(value))
    return value


class Resources(Section):
    """What each worker's machine must have, at the least."""

    cpu: Count | None = None
    min_ram: Annotated[Word, AfterValidator(_size)] | None = None
    accelerator: Annotated[Word, AfterValidator(_accelerator)] | None = None
    max_active_bundles_per_worker: Count | None = None
