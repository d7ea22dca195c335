"""The transforms that read and write events, by the names that jobs import: `from klio.transforms import io`."""

from klio.events.avro import KlioReadFromAvro, KlioWriteToAvro
from klio.events.bigquery import KlioReadFromBigQuery, KlioWriteToBigQuery
from klio.events.place import BaseKlioIOException, KlioMissingConfiguration
from klio.events.text import KlioReadFromText, KlioWriteToText
from klio.events.topics import KlioReadFromPubSub, KlioWriteToPubSub

__all__ = [
    "BaseKlioIOException",
    "KlioMissingConfiguration",
    "KlioReadFromAvro",
    "KlioReadFromBigQuery",
    "KlioReadFromPubSub",
    "KlioReadFromText",
    "KlioWriteToAvro",
    "KlioWriteToBigQuery",
    "KlioWriteToPubSub",
    "KlioWriteToText",
]
