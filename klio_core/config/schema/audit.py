"""What `klio job audit` leaves out for a job."""

from __future__ import annotations

from pydantic import Field

from klio_core.config.schema.scalars import Texts
from klio_core.config.schema.section import Section


class AuditSection(Section):
    """The checks that are not for this job, by name. Which there are, only the audit knows: plugins bring more."""

    skip: Texts = Field(default_factory=list)
