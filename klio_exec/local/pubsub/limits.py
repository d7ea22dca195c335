"""What a publish request may hold, with the service's own bounds.

Bounds: https://cloud.google.com/pubsub/quotas#resource_limits. They are Google's, not the emulator's, which takes
messages of any size: what passes here passes in the cloud.
"""

from __future__ import annotations

from klio_exec.local.pubsub.errors import invalid, out_of_bounds
from klio_exec.local.pubsub.wire import pb

MESSAGES = 1_000  # in one publish request
BYTES = 10_000_000  # of one publish request, and of one message's data
ATTRIBUTES = 100  # of one message
KEY_BYTES = 256
VALUE_BYTES = 1_024
ORDERING_KEY_BYTES = 1_024


def check_publish(request: pb.PublishRequest) -> None:
    """Nothing, or Refused with INVALID_ARGUMENT and the first bound that the request breaks."""
    if not request.messages:
        raise invalid(
            "The value for message_count is too small. You passed 0 in the request, but the minimum value is 1."
        )
    if len(request.messages) > MESSAGES:
        raise out_of_bounds("message_count", len(request.messages), 1, MESSAGES)
    if (size := request.ByteSize()) > BYTES:
        raise out_of_bounds("request_size", size, 0, BYTES)
    for message in request.messages:
        _check_message(message)


def _check_message(message: pb.PubsubMessage) -> None:
    if message.attributes:
        _check_attributes(message)
    elif not message.data:
        raise invalid(
            "One or more messages in the publish request is empty. Each message must contain either non-empty data, "
            "or at least one attribute."
        )
    if len(message.ordering_key.encode()) > ORDERING_KEY_BYTES:
        raise invalid(f"Ordering key is longer than {ORDERING_KEY_BYTES} bytes.")


def _check_attributes(message: pb.PubsubMessage) -> None:
    if len(message.attributes) > ATTRIBUTES:
        raise out_of_bounds("attributes_count", len(message.attributes), 0, ATTRIBUTES)
    for key, value in message.attributes.items():
        if not key or key.startswith("goog"):
            raise invalid(f'Attribute keys must not be empty and must not start with "goog" (key="{key}").')
        if len(key.encode()) > KEY_BYTES:
            raise invalid(f"An attribute key is longer than {KEY_BYTES} bytes (key={key[:40]}…).")
        if len(value.encode()) > VALUE_BYTES:
            raise invalid(f"The value of attribute {key} is longer than {VALUE_BYTES} bytes.")
