"""Pub/Sub as the hand needs it: the only file here that loads Google's client."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from queue import Empty, SimpleQueue
from typing import Any

from klio_cli.credentials import no_credentials
from klio_core.errors import EngineError, EventError
from klio_core.names import LOCAL_PROJECT, Resource, parse_resource

PUBLISH_SECONDS = 30.0
ASK_SECONDS = 8.0
_RETENTION_SECONDS = 600
_EXPIRY_SECONDS = 24 * 3600  # the shortest that Pub/Sub takes: a follower killed outright leaves nothing for long
_ANY_SIZE = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))

_TOGETHER = 1000  # a request holds half a megabyte at most

Receive = Callable[[float], bytes | None]


@contextmanager
def connect(host: str | None, patience: float = ASK_SECONDS) -> Iterator[PubSub]:
    """Open Pub/Sub at `host` (the local cloud), or, where that is None, wherever the environment says.

    A service that does not answer within `patience` seconds has refused. Raises EngineError where Google's client is
    not installed, CloudError where there are no credentials.
    """
    try:
        from google.auth.exceptions import DefaultCredentialsError
        from google.cloud import pubsub_v1  # noqa: F401 - is it there at all?
    except ImportError as error:
        raise EngineError(
            "google-cloud-pubsub is not installed", got=str(error), todo="pip install 'klio[exec]'"
        ) from error
    os.environ.setdefault("GCE_METADATA_TIMEOUT", "1")  # off Google's machines nobody answers; do not wait long for it
    os.environ.setdefault("GCE_METADATA_DETECT_RETRIES", "1")
    try:
        pubsub = PubSub(host, patience)
    except DefaultCredentialsError as error:
        raise no_credentials(error) from error
    with closing(pubsub):
        yield pubsub


class PubSub:
    """One connection. Every method raises EventError for what Pub/Sub refuses or does not answer in time."""

    def __init__(self, host: str | None, patience: float) -> None:
        from google.cloud import pubsub_v1
        from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
        from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

        self._asking = {"retry": _retry(patience), "timeout": patience}
        self._publisher = pubsub_v1.PublisherClient(**_transport(PublisherGrpcTransport, host))
        self._subscriber = pubsub_v1.SubscriberClient(**_transport(SubscriberGrpcTransport, host))

    def close(self) -> None:
        """Close both clients."""
        self._publisher.stop()
        self._publisher.transport.close()
        self._subscriber.close()

    def require_topic(self, topic: str) -> None:
        """Raise EventError where there is no such topic."""
        with _speaking_about(topic):
            self._publisher.get_topic(topic=topic, **self._asking)

    def make_topic(self, topic: str) -> bool:
        """Create the topic, unless it is there. Answers whether it was made."""
        with _speaking_about(topic), _unless_there():
            self._publisher.create_topic(name=topic, **self._asking)
            return True
        return False

    def make_subscription(self, subscription: str, topic: str, **settings: Any) -> bool:
        """Create the subscription, unless it is there. Answers whether it was made."""
        request = {"name": subscription, "topic": topic, **settings}
        with _speaking_about(topic), _unless_there():
            self._subscriber.create_subscription(request=request, **self._asking)
            return True
        return False

    def topic_of(self, subscription: str) -> str:
        """Answer the topic that a subscription is of."""
        with _speaking_about(subscription):
            return str(self._subscriber.get_subscription(subscription=subscription, **self._asking).topic)

    def find(self, resource: str) -> dict[str, Any] | None:
        """Answer the settings of a subscription, nothing more of a topic, and None where there is no such thing."""
        from google.api_core.exceptions import NotFound

        with _speaking_about(resource):
            try:
                if parse_resource(resource).kind == "topics":
                    self._publisher.get_topic(topic=resource, **self._asking)
                    return {}
                found = self._subscriber.get_subscription(subscription=resource, **self._asking)
            except NotFound:
                return None
        return {"topic": found.topic, "filter": found.filter, "detached": found.detached}

    def allowed(self, resource: str, permissions: Sequence[str]) -> set[str]:
        """Answer which of these permissions this account has for a topic or subscription."""
        with _speaking_about(resource):
            request = {"resource": resource, "permissions": list(permissions)}
            return set(self._publisher.test_iam_permissions(request=request, **self._asking).permissions)

    def subscriptions_of(self, topic: str) -> list[str]:
        """Answer the subscriptions of a topic."""
        with _speaking_about(topic):
            return list(self._publisher.list_topic_subscriptions(topic=topic, **self._asking))

    def delete(self, resource: str) -> None:
        """Delete a topic or a subscription, for good."""
        with _speaking_about(resource):
            if parse_resource(resource).kind == "topics":
                self._publisher.delete_topic(topic=resource, **self._asking)
            else:
                self._subscriber.delete_subscription(subscription=resource, **self._asking)

    def pull(self, subscription: str, seconds: float) -> list[tuple[str, str, bytes]]:
        """Lease what waits: ack ids, message ids, bodies. Nothing where none came in that time."""
        from google.api_core.exceptions import DeadlineExceeded

        request = {"subscription": subscription, "max_messages": _TOGETHER}
        with _speaking_about(subscription):
            try:
                answer = self._subscriber.pull(request=request, timeout=seconds, retry=None)
            except DeadlineExceeded:
                return []
        return [(one.ack_id, one.message.message_id, one.message.data) for one in answer.received_messages]

    def lease(self, subscription: str, ack_ids: Sequence[str], seconds: int) -> None:
        """Keep messages for so long; 0 gives them back."""
        for some in _parts(ack_ids):
            request = {"subscription": subscription, "ack_ids": some, "ack_deadline_seconds": seconds}
            with _speaking_about(subscription):
                self._subscriber.modify_ack_deadline(request=request, **self._asking)

    def acknowledge(self, subscription: str, ack_ids: Sequence[str]) -> None:
        """Say that messages are done with."""
        for some in _parts(ack_ids):
            with _speaking_about(subscription):
                self._subscriber.acknowledge(subscription=subscription, ack_ids=some, **self._asking)

    def publish(self, topic: str, bodies: Sequence[bytes], done: Callable[[], None]) -> list[str | EventError]:
        """Publish all at once; answer the message id, or what went wrong, of each. `done` is called once for each."""
        retry = _retry(PUBLISH_SECONDS)
        futures = [self._publisher.publish(topic, body, retry=retry, timeout=PUBLISH_SECONDS) for body in bodies]
        return [_result(future, topic, done) for future in futures]

    @contextmanager
    def listen(self, topic: str) -> Iterator[Receive]:
        """Read `topic` from now on, through a subscription that is deleted at the end.

        The value takes a number of seconds and answers the next message's bytes, None where none came in that time.
        """
        subscription = str(Resource(parse_resource(topic).project, "subscriptions", f"klio-listen-{uuid.uuid4().hex}"))
        self.make_subscription(
            subscription,
            topic,
            message_retention_duration={"seconds": _RETENTION_SECONDS},
            expiration_policy={"ttl": {"seconds": _EXPIRY_SECONDS}},
        )
        try:
            with self._stream(subscription) as receive:
                yield receive
        finally:
            self._subscriber.delete_subscription(subscription=subscription, retry=None, timeout=ASK_SECONDS)

    @contextmanager
    def _stream(self, subscription: str) -> Iterator[Receive]:
        from google.cloud.pubsub_v1.subscriber.scheduler import ThreadScheduler

        arrived: SimpleQueue[bytes] = SimpleQueue()

        def keep(message: Any) -> None:
            arrived.put(message.data)
            message.ack()

        one_thread = ThreadScheduler(ThreadPoolExecutor(max_workers=1))  # records stay in the order of their coming
        stream = self._subscriber.subscribe(subscription, keep, scheduler=one_thread)

        def receive(seconds: float) -> bytes | None:
            if stream.done():
                with _speaking_about(subscription):
                    stream.result()
            try:
                return arrived.get(timeout=seconds)
            except Empty:
                return None

        try:
            yield receive
        finally:
            stream.cancel()
            _wait_for_end(stream)


def _parts(ack_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ack_ids[start : start + _TOGETHER] for start in range(0, len(ack_ids), _TOGETHER))


def _wait_for_end(stream: Future[None]) -> None:
    from google.api_core.exceptions import GoogleAPICallError

    try:
        stream.result(timeout=ASK_SECONDS)
    except (GoogleAPICallError, TimeoutError):
        return  # it was being thrown away


def _transport(kind: Any, host: str | None) -> dict[str, Any]:
    if host is None:
        return {}
    import grpc

    return {"transport": kind(channel=grpc.insecure_channel(host, options=_ANY_SIZE))}


def _retry(seconds: float) -> Any:
    from google.api_core import exceptions, retry

    passing = (exceptions.Aborted, exceptions.InternalServerError, exceptions.ResourceExhausted,
               exceptions.ServiceUnavailable, exceptions.Unknown)  # fmt: skip
    return retry.Retry(retry.if_exception_type(*passing), initial=0.1, maximum=5.0, timeout=seconds)


def _result(future: Any, topic: str, done: Callable[[], None]) -> str | EventError:
    try:
        with _speaking_about(topic):
            return str(future.result(timeout=PUBLISH_SECONDS + ASK_SECONDS))
    except EventError as error:
        return error
    finally:
        done()


@contextmanager
def _unless_there() -> Iterator[None]:
    from google.api_core.exceptions import AlreadyExists

    try:
        yield
    except AlreadyExists:
        return


@contextmanager
def _speaking_about(resource: str) -> Iterator[None]:
    """Turn what Google's client raises into an EventError that names `resource`."""
    from google.api_core import exceptions

    try:
        yield
    except exceptions.NotFound as error:
        raise _missing(resource) from error
    except exceptions.Forbidden as error:
        raise EventError("Pub/Sub refused", where=resource, got=error.message, todo="ask for the permission") from error
    except (exceptions.GoogleAPIError, TimeoutError) as error:
        raise EventError("Pub/Sub did not do it", where=resource, got=_text(error)) from error


def _missing(resource: str) -> EventError:
    found = parse_resource(resource)
    local = "--local makes it, in the cloud on this machine"
    create = f"gcloud pubsub {found.kind} create {found.name} --project={found.project}"
    return EventError(
        f"there is no such {found.kind.removesuffix('s')}",
        where=resource,
        todo=local if found.project == LOCAL_PROJECT else f"create it (`{create}`), or {local}",
    )


def _text(error: Exception) -> str:
    cause = getattr(error, "cause", None) or error  # an error of retrying says only how long it tried
    return str(getattr(cause, "message", None) or cause) or type(cause).__name__
