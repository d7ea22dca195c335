"""`klio job verify` and `klio job delete` against the local cloud, by Google's own clients."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from google.api_core.exceptions import NotFound
from google.cloud import pubsub, storage

from klio_core import local_state
from klio_core.faults import Fault, Faults
from klio_core.local_state import LocalState
from klio_exec.local.objects import local_objects
from klio_exec.local.pubsub import local_pubsub
from tests.cli.conftest import Klio, Screen

P = "projects/klio-local"
INPUT, OUTPUT, SUBSCRIPTION = f"{P}/topics/song-input", f"{P}/topics/song-output", f"{P}/subscriptions/song-input"
PLAN = (
    "\nTo be made:\n"
    f"  topic {INPUT}\n"
    f"  topic {OUTPUT}\n"
    f"  subscription {SUBSCRIPTION} of {INPUT}, which never expires\n"
    "  bucket gs://klio-local-output in europe-west1, not public\n"
)
ALL_THERE = (
    f"✓ topic {INPUT}, event input\n"
    f"✓ topic {OUTPUT}, event output\n"
    f"✓ subscription {SUBSCRIPTION}, event input\n"
    "✓ bucket gs://klio-local-output, data output\n"
)

Ask = Callable[..., Screen]


@pytest.fixture
def cloud(klio: Klio, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """A command about a new job whose project has a cloud of its own; a parameter is what that denies."""
    klio("job", "create", "song", "--output", tmp_path / "song")
    faults = Faults([Fault.parse(f"denied@{where}") for where in getattr(request, "param", ())])
    with ExitStack() as stack:
        host = stack.enter_context(local_pubsub(faults=faults))
        url = stack.enter_context(local_objects(tmp_path / "objects", faults=faults))
        local_state.write(tmp_path, LocalState(os.getpid(), host, url))
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", host)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        yield lambda *argv: klio("job", *argv, "--local", "-j", tmp_path / "song")


def online(screen: Screen) -> str:
    """What is said after the job's directory was looked at."""
    return screen.out.partition("as installed here\n")[2]


def test_what_is_missing_is_told_with_how_it_is_made(cloud: Ask):
    screen = cloud("verify")

    assert screen.status == 1
    todo = "    to do: `klio job verify --create-resources` makes it\n"
    missing = ALL_THERE.replace("✓", "✗").replace("put\n", f"put: it is not there\n{todo}")
    assert online(screen) == f"{missing}\n10 checks, 4 failed\n"


def test_nothing_is_made_without_a_yes(cloud: Ask):
    screen = cloud("verify", "--create-resources")

    assert (screen.status, online(screen)) == (2, PLAN)
    assert screen.err == "Error: nothing was made\n  to do: answer yes, or say --yes\n"
    assert cloud("verify").status == 1


def test_what_is_missing_is_made_as_a_job_needs_it_and_nothing_twice(cloud: Ask):
    screen = cloud("verify", "--create-resources", "--yes", "--location", "EU")
    again = cloud("verify", "--create-resources", "--yes")

    assert screen.status == 0
    assert online(screen) == PLAN.replace("europe-west1", "EU") + "\n" + ALL_THERE + "\n10 checks, 0 failed\n"
    assert [line.split(" ")[0] for line in screen.err.splitlines()] == ["made"] * 4
    assert (again.status, online(again), again.err) == (0, ALL_THERE + "\n10 checks, 0 failed\n", "")
    with pubsub.SubscriberClient() as subscriber:
        made = subscriber.get_subscription(subscription=SUBSCRIPTION)
    assert (made.topic, made.ack_deadline_seconds, "expiration_policy" in made) == (INPUT, 60, True)
    client = storage.Client(project="klio-local")
    assert client.get_bucket("klio-local-output").location == "EU"
    client.close()


@pytest.mark.parametrize("cloud", [["pubsub.publish", "objects.upload"]], indirect=True)
def test_permissions_that_this_account_lacks_are_told_with_the_role_that_has_them(cloud: Ask):
    screen = cloud("verify", "--create-resources", "--yes")

    assert screen.status == 1
    assert online(screen).endswith(
        f"✓ topic {INPUT}, event input\n"
        f"✗ topic {OUTPUT}, event output: this account lacks pubsub.topics.publish\n"
        "    to do: ask for roles/pubsub.publisher on it\n"
        f"✓ subscription {SUBSCRIPTION}, event input\n"
        "✗ bucket gs://klio-local-output, data output: this account lacks storage.objects.create\n"
        "    to do: ask for roles/storage.objectUser on it\n"
        "\n10 checks, 2 failed\n"
    )


@pytest.mark.parametrize("cloud", [["pubsub.admin", "objects.admin"]], indirect=True)
def test_what_this_account_may_not_even_look_at_is_told_for_each(cloud: Ask):
    screen = cloud("verify")

    assert screen.status == 6
    assert f"✗ Pub/Sub refused: {INPUT}: The local Pub/Sub does not answer this call, on purpose.\n" in screen.out
    assert "✗ Cloud Storage refused: gs://klio-local-output: " in screen.out


def test_a_subscription_of_another_topic_is_a_fault(cloud: Ask):
    cloud("verify", "--create-resources", "--yes")
    with pubsub.SubscriberClient() as subscriber:
        subscriber.delete_subscription(subscription=SUBSCRIPTION)
        subscriber.create_subscription(name=SUBSCRIPTION, topic=OUTPUT)

    screen = cloud("verify")

    assert screen.status == 1
    assert f"✗ subscription {SUBSCRIPTION}, event input: it is of {OUTPUT}, and not of {INPUT}\n" in screen.out


def test_a_subscription_whose_topic_was_deleted_is_a_fault(cloud: Ask):
    cloud("verify", "--create-resources", "--yes")
    with pubsub.PublisherClient() as publisher:
        publisher.delete_topic(topic=INPUT)

    screen = cloud("verify")

    assert (
        f"✗ subscription {SUBSCRIPTION}, event input: its topic is gone: nothing comes by it any more\n" in screen.out
    )


def test_a_job_is_deleted_without_what_others_may_need(cloud: Ask):
    cloud("verify", "--create-resources", "--yes")
    stays = (
        "What stays:\n"
        f"  topic {INPUT}: whoever publishes to it may publish to others by it\n"
        "  bucket gs://klio-local-output: buckets are never deleted: media is in it\n"
    )
    goes = f"To be deleted:\n  subscription {SUBSCRIPTION}\n  topic {OUTPUT}\n"

    shown = cloud("delete", "--dry-run")
    refused = cloud("delete")
    done = cloud("delete", "--yes")
    again = cloud("delete", "--yes")

    assert (shown.status, shown.out, shown.err) == (0, goes + stays, "")
    assert (refused.status, refused.err) == (2, "Error: nothing was deleted\n  to do: answer yes, or say --yes\n")
    assert (done.status, done.err) == (0, f"deleted subscription {SUBSCRIPTION}\ndeleted topic {OUTPUT}\n")
    assert (again.status, again.out) == (0, "There is nothing to delete.\n" + stays)
    with pubsub.PublisherClient() as publisher, pytest.raises(NotFound):
        publisher.get_topic(topic=OUTPUT)


def test_an_output_topic_that_others_read_stays(cloud: Ask):
    cloud("verify", "--create-resources", "--yes")
    with pubsub.SubscriberClient() as subscriber:
        subscriber.create_subscription(name=f"{P}/subscriptions/after", topic=OUTPUT)

    screen = cloud("delete", "--yes")

    assert f"  topic {OUTPUT}: others read it: {P}/subscriptions/after\n" in screen.out
    assert screen.err == f"deleted subscription {SUBSCRIPTION}\n"


def test_without_credentials_verification_ends_with_what_to_do(klio: Klio, tmp_path: Path, monkeypatch):
    klio("job", "create", "song", "--output", tmp_path / "song")
    for name in ("PUBSUB_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")

    screen = klio("job", "verify", "-j", tmp_path / "song")

    assert screen.status == 6
    assert "✗ no credentials for Google Cloud: " in screen.out
    assert (
        "    to do: `gcloud auth application-default login`, or --local for the cloud on this machine\n" in screen.out
    )
