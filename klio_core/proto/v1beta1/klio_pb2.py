"""The older path of the messages' generated code."""

from klio_core.proto.klio_pb2 import *  # noqa: F403  (it is the same module under another name)
