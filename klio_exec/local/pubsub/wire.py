"""Google's own message classes of the Pub/Sub API, as plain protobuf: `pb.Topic`, `pb.PullRequest`, and so on.

`google.pubsub_v1` wraps each class in proto-plus, which costs a Python object per field access; a server that moves
thousands of messages a second speaks with the protobuf classes underneath.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from google.pubsub_v1 import types

if TYPE_CHECKING:
    from google.pubsub_v1 import types as pb  # the same names and fields
else:
    _wrappers = {name: getattr(types, name) for name in types.__all__}
    pb = SimpleNamespace(**{name: each.pb() for name, each in _wrappers.items() if hasattr(each, "pb")})

__all__ = ["pb"]
