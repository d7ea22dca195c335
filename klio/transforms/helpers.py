"""Ready-made transforms, by the names that jobs import: `pcoll | helpers.KlioFilterPing()`."""

from klio.transforms.existence import KlioGcsCheckInputExists, KlioGcsCheckOutputExists
from klio.transforms.filters import (
    KlioCheckRecipients,
    KlioFilterForce,
    KlioFilterPing,
    _KlioTagMessageVersion,
    _KlioV1CheckRecipients,
)
from klio.transforms.notes import (
    KlioAckInputMessage,
    KlioDebugMessage,
    KlioDrop,
    KlioMessageCounter,
    KlioSetTrace,
    KlioUpdateAuditLog,
)
from klio.transforms.trigger import KlioTriggerUpstream, KlioWriteToEventOutput

__all__ = ["KlioAckInputMessage", "KlioCheckRecipients", "KlioDebugMessage", "KlioDrop", "KlioFilterForce",
    "KlioFilterPing", "KlioGcsCheckInputExists", "KlioGcsCheckOutputExists", "KlioMessageCounter", "KlioSetTrace",
    "KlioTriggerUpstream", "KlioUpdateAuditLog", "KlioWriteToEventOutput", "_KlioTagMessageVersion",
    "_KlioV1CheckRecipients"]  # fmt: skip
