"""A Pub/Sub server that speaks Google's gRPC API over one SQLite file.

Real clients use it unmodified through PUBSUB_EMULATOR_HOST. The rooms, from the disk to the network::

    errors, names, limits, filters, settings   what is refused, and in which words
    flow, backlog                              what a subscription has to deliver: a state machine without I/O
    schema, storage, committer, bodies         the file; many changes in one commit
    subscription, catalog                      what exists
    publishing, dead_letters, delivery, broker messages in, messages out
    methods, publisher, subscriber, streaming_pull, faults, server, background   gRPC
"""

from klio_exec.local.pubsub.background import local_pubsub, stats
from klio_exec.local.pubsub.server import PubSubServer, serve

__all__ = ["PubSubServer", "local_pubsub", "serve", "stats"]
