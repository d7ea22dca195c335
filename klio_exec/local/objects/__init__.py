"""The local cloud's object store: the JSON API of Google Cloud Storage, over files of this machine."""

from klio_exec.local.objects.server import ObjectServer, local_objects

__all__ = ["ObjectServer", "local_objects"]
