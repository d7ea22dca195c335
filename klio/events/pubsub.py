"""Google Pub/Sub: the only file that speaks to that service."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from google.api_core import exceptions as google_errors
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError
from google.cloud import pubsub

from klio_core.errors import BadPayload, CloudError, EventError

T = TypeVar("T")

# A pull or an acknowledgement that is not answered in this time is asked again.
_CALL_S = 30.0
# Before a run begins: whether everything is there is to be known soon, or that nobody answers.
_LOOK_S = 5.0
_LOOK: dict[str, Any] = {"timeout": _LOOK_S, "retry": Retry(timeout=_LOOK_S)}
_PUBLISH_S = 60.0
# Acknowledgements and leases are for messages that others get when we are late: an outage is not waited for here.
_SOON = Retry(timeout=5.0)
_REQUEST_BYTES = 10_000_000  # https://cloud.google.com/pubsub/quotas#resource_limits
_BESIDES = 4_096  # the topic and the attributes, which are in the request as well
# Batches of 5 ms: a tenth of what a listener notices, and thousands of messages per call under load.
_BATCHING = pubsub.types.BatchSettings(max_messages=500, max_latency=0.005)
_REFUSED = (
    google_errors.NotFound,
    google_errors.PermissionDenied,
    google_errors.Unauthenticated,
    google_errors.InvalidArgument,
    google_errors.FailedPrecondition,
)


@dataclass(frozen=True, slots=True)
class Leased:
    """A message that this process holds the lease of."""

    ack_id: str
    message_id: str
    data: bytes
    attributes: dict[str, str]
    publish_time: float
    ordering_key: str
    attempt: int


def publish(topic: str, data: bytes, **attributes: str) -> Future[str]:
    """Send a message soon; the future answers its id, or raises what the service said.

    Raises BadPayload for one that is larger than Pub/Sub takes: nothing is sent then.
    """
    if len(data) > _REQUEST_BYTES - _BESIDES:
        raise BadPayload(
            "an event is larger than Pub/Sub takes",
            where=topic,
            expected=f"at most {_REQUEST_BYTES} bytes, of which {_BESIDES} are for what is around the message",
            got=f"{len(data)} bytes",
            todo="keep large data in a file, and only its name in the event; or leave out `keep_payload`",
        )
    future: Future[str] = _publisher(_emulator()).publish(topic, data, timeout=_PUBLISH_S, **attributes)
    return future


def wait_for(topic: str, futures: Sequence[Future[str]], within_s: float = _PUBLISH_S + 5) -> None:
    """Wait until all are published. Raises EventError if one was not, or not `within_s`: it may be, later."""
    for future in futures:
        try:
            future.result(within_s)
        except (google_errors.GoogleAPICallError, google_errors.RetryError, TimeoutError, ValueError) as error:
            raise EventError(
                "an event could not be published",
                where=topic,
                got=f"{type(error).__name__}: {error}",
                todo="check that the topic exists and that this account may publish to it",
            ) from error


class Subscription:
    """One subscription, read by pulling: exactly as many messages are held as were asked for."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._client = _client(pubsub.SubscriberClient)

    def pull(self, limit: int, wait_s: float) -> list[Leased] | None:
        """Answer up to `limit` messages, as soon as there is one; an empty list after `wait_s` seconds.

        None where the service does not answer: it may come back. Raises EventError where the subscription is gone or
        refused.
        """
        try:
            answer = self._client.pull(subscription=self.path, max_messages=limit, timeout=wait_s, retry=None)
        except google_errors.DeadlineExceeded:
            return []
        except _REFUSED as error:
            raise _cannot("the subscription cannot be read", self.path, error) from error
        except google_errors.GoogleAPIError:  # away, busy, or going down in the middle of the call
            return None
        return [_leased(received) for received in answer.received_messages]

    def ack(self, ack_ids: Sequence[str]) -> None:
        """Say that these messages are done with. Raises EventError if the service does not take it."""
        self._call(self._client.acknowledge, ack_ids)

    def extend(self, ack_ids: Sequence[str], seconds: int) -> None:
        """Keep the leases for `seconds` from now; 0 gives the messages back."""
        self._call(self._client.modify_ack_deadline, ack_ids, ack_deadline_seconds=seconds)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _call(self, ask: Any, ack_ids: Sequence[str], **more: Any) -> None:
        for start in range(0, len(ack_ids), 1000):  # a request holds half a megabyte at most
            ids = list(ack_ids[start : start + 1000])
            try:
                ask(subscription=self.path, ack_ids=ids, **more, timeout=_CALL_S, retry=_SOON)
            except google_errors.GoogleAPIError as error:
                raise _cannot("the subscription cannot be read", self.path, error) from error


def check_subscription(path: str) -> None:
    """Raise EventError unless the subscription is there to be read, CloudError where there are no credentials."""
    with _client(pubsub.SubscriberClient) as client:
        try:
            client.get_subscription(subscription=path, **_LOOK)
        except google_errors.GoogleAPIError as error:
            raise _cannot("the subscription cannot be read", path, error) from error


def check_topic(path: str) -> None:
    """Raise EventError unless the topic is there, CloudError where there are no credentials."""
    try:
        _publisher(_emulator()).get_topic(topic=path, **_LOOK)
    except google_errors.GoogleAPIError as error:
        raise _cannot("the topic cannot be used", path, error) from error


def is_subscribed(topic: str) -> bool:
    """Whether the topic has a subscription: without one, what is published is lost. True where we may not ask."""
    try:
        return any(_publisher(_emulator()).list_topic_subscriptions(topic=topic, **_LOOK))
    except google_errors.GoogleAPIError:
        return True


def ensure_topic(path: str) -> None:
    """Make the topic unless it is there."""
    try:
        _publisher(_emulator()).create_topic(name=path, timeout=_CALL_S)
    except google_errors.AlreadyExists:
        return


def ensure_subscription(path: str, topic: str, **settings: Any) -> None:
    """Make the subscription unless it is there; `settings` are further fields of it. Raises EventError."""
    with _client(pubsub.SubscriberClient) as client:
        try:
            request = {"name": path, "topic": topic, **settings}
            client.create_subscription(request=request, timeout=_CALL_S)
        except google_errors.AlreadyExists:
            return
        except google_errors.GoogleAPIError as error:
            raise _cannot("the subscription cannot be made", path, error) from error


def remove_subscription(path: str) -> None:
    """Remove the subscription, and what waits in it; one that is not there is fine. Raises EventError."""
    with _client(pubsub.SubscriberClient) as client:
        try:
            client.delete_subscription(subscription=path, **_LOOK)
        except google_errors.NotFound:
            return
        except google_errors.GoogleAPIError as error:
            raise _cannot("the subscription cannot be removed", path, error) from error


def _cannot(what: str, path: str, error: google_errors.GoogleAPIError) -> EventError:
    cause = getattr(error, "cause", None) or error  # an error of retrying says only how long it tried
    name = "check the name in klio-job.yaml; `klio job run --local` makes missing ones on the local cloud"
    away = "nobody answers: look at the network, at PUBSUB_EMULATOR_HOST, and at the state of the service"
    return EventError(
        what,
        where=path,
        got=f"{type(cause).__name__}: {getattr(cause, 'message', cause)}",
        todo=name if isinstance(cause, _REFUSED) else away,
    )


def _leased(received: Any) -> Leased:
    message = received.message
    return Leased(
        received.ack_id,
        message.message_id,
        message.data,
        dict(message.attributes),
        message.publish_time.timestamp(),
        message.ordering_key,
        max(1, received.delivery_attempt),
    )


def _emulator() -> str:
    return os.environ.get("PUBSUB_EMULATOR_HOST", "")


def _client(kind: Callable[..., T], **options: Any) -> T:
    os.environ.setdefault("GCE_METADATA_DETECT_RETRIES", "2")  # off Google's machines nobody answers, for 3 s each time
    try:
        return kind(**options)
    except GoogleAuthError as error:
        raise CloudError(
            "no credentials for Google Cloud",
            got=str(error).partition("\n")[0],
            todo="`gcloud auth application-default login`, or --local for the cloud on this machine",
        ) from error


@cache
def _publisher(_emulator_host: str) -> pubsub.PublisherClient:
    # One for the process: it batches over all transforms. Another emulator needs another client.
    return _client(pubsub.PublisherClient, batch_settings=_BATCHING)
