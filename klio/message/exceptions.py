"""klio's names of what is wrong with a message."""

from klio_core.errors import BadPayload as KlioMessagePayloadException
from klio_core.errors import MessageError as KlioMessageException

__all__ = ["KlioMessageException", "KlioMessagePayloadException"]
