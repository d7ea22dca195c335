from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from klio_cli.dlq.box import Held
from klio_cli.dlq.directory import DirectoryBox
from klio_cli.dlq.replay import Sending
from klio_cli.dlq.send import Sender
from klio_cli.pubsub import connect
from klio_cli.terminal import Terminal
from klio_core.invocation import Invocation
from klio_core.message import Message


def test_what_would_be_done_is_said_and_not_done(klio, job, grave, cloud):
    grave.fill("a", "b")
    events = grave.config.job_config.events.inputs[0]

    screen = klio("dlq", "replay", "--local", "-j", job, "--dry-run")

    assert (screen.status, screen.out) == (0, f"Would send 2 messages to {events.topic}\n")
    assert screen.err == f"2 dead letters of 2 in {grave.where}: exception 2\n"
    assert len(list(Path(grave.where).iterdir())) == 2
    assert events.topic not in [one.name for one in cloud.publisher.list_topics(project="projects/klio-local")]


def test_two_letters_of_one_message_send_it_once(klio, job, grave, cloud):
    album = Message.of(b"album").encode()
    grave.fill("album/1", "album/2", message=album)

    screen = klio("dlq", "replay", "--local", "-j", job, "--yes")

    assert screen.out == "Sent again what 2 dead letters held, and removed them\n"
    subscription = grave.config.job_config.events.inputs[0].subscription
    assert cloud.pulled(subscription, 1) == [album]
    assert list(Path(grave.where).iterdir()) == []


def test_force_is_set_on_request(klio, job, grave, cloud):
    grave.fill("a")

    assert klio("dlq", "replay", "--local", "-j", job, "--yes", "--force").status == 0

    (body,) = cloud.pulled(grave.config.job_config.events.inputs[0].subscription, 1)
    assert Message.decode(body) == Message.decode(grave.letter("a").message).with_force()


def test_what_has_no_flags_cannot_be_forced_and_nothing_is_sent(klio, job, grave):
    grave.fill("a")
    grave.fill("b", message=b"\xff plain")

    screen = klio("dlq", "replay", "--local", "-j", job, "--yes", "--force")

    assert (screen.status, screen.out) == (2, "")
    assert "Error: a message that is no KlioMessage has no force flag\n" in screen.err
    assert len(list(Path(grave.where).iterdir())) == 2


def with_two_inputs(job: Path) -> None:
    path = job / "klio-job.yaml"
    other = "      - {type: pubsub, subscription: projects/klio-local/subscriptions/the-other-one}\n"
    path.write_text(path.read_text().replace("    inputs:\n", f"    inputs:\n{other}", 1))


def test_a_letter_that_does_not_say_where_from_needs_a_topic_where_there_are_several_inputs(klio, job, grave, cloud):
    with_two_inputs(job)
    grave.fill("a", source="")
    topic = "projects/klio-local/topics/given-by-hand"

    without = klio("dlq", "replay", "--local", "-j", job, "--yes")
    given = klio("dlq", "replay", "--local", "-j", job, "--topic", topic, "--dry-run")

    assert without.status == 2
    assert without.err.splitlines()[1:] == [
        "Error: the letter of a does not say by which of 2 inputs it came",
        "  to do: --topic projects/PROJECT/topics/NAME says where to publish it",
    ]
    assert given.out == f"Would send 1 message to {topic}\n"


def test_the_topic_of_a_subscription_is_asked_for(klio, job, grave, cloud):
    with_two_inputs(job)
    topic, subscription = "projects/klio-local/topics/the-other", "projects/klio-local/subscriptions/the-other-one"
    cloud.publisher.create_topic(name=topic)
    cloud.subscriber.create_subscription(name=subscription, topic=topic)
    grave.fill("a", source=subscription)

    assert klio("dlq", "replay", "--local", "-j", job, "--yes").status == 0
    assert cloud.pulled(subscription, 1) == [grave.letter("a").message]


def test_old_letters_go_to_the_only_input(klio, job, grave, cloud):
    grave.fill("a", source="")

    assert klio("dlq", "replay", "--local", "-j", job, "--yes").status == 0
    subscription = grave.config.job_config.events.inputs[0].subscription
    assert cloud.pulled(subscription, 1) == [grave.letter("a").message]


def test_what_came_from_a_file_goes_to_a_file(klio, job, grave, tmp_path: Path):
    grave.fill("album/1", "album/2", message=Message.of(b"album").encode(), source="elements.txt")
    grave.fill("ä b", source="elements.txt")
    again = tmp_path / "again.txt"

    to_topic = klio("dlq", "replay", "--local", "-j", job, "--yes")
    to_file = klio("dlq", "replay", "--local", "-j", job, "--yes", "--output", again)

    assert to_topic.status == 2
    assert to_topic.err.splitlines()[1:] == [
        "Error: the message of album/1 did not come by a topic",
        "  got: elements.txt",
        "  to do: --output FILE writes the elements to a file that the job can be run on",
    ]
    assert (to_file.status, to_file.out) == (0, f"Wrote {again}, and removed 3 dead letters\n")
    assert again.read_text() == "album\nä b\n"
    assert list(Path(grave.where).iterdir()) == []


REFUSED = [
    (["--force"], "a line of a file carries no force flag"),
    (["--topic", "projects/p/topics/t"], "--output and --topic exclude each other"),
    ([], "the file is there already"),
]


@pytest.mark.parametrize(("flags", "text"), REFUSED)
def test_a_file_that_cannot_be_is_refused_and_the_letters_stay(klio, job, grave, tmp_path: Path, flags, text):
    grave.fill("a")
    (tmp_path / "again.txt").write_text("mine")

    screen = klio("dlq", "replay", "--local", "-j", job, "--yes", "--output", tmp_path / "again.txt", *flags)

    assert (screen.status, screen.out) == (2, "")
    assert f"Error: {text}\n" in screen.err
    assert (tmp_path / "again.txt").read_text() == "mine"
    assert len(list(Path(grave.where).iterdir())) == 1


def test_an_element_that_is_no_line_is_refused(klio, job, grave, tmp_path: Path):
    grave.fill("a", message=Message.of(b"two\nlines").encode())

    screen = klio("dlq", "replay", "--local", "-j", job, "--yes", "--output", tmp_path / "again.txt")

    assert "Error: these elements cannot be lines of a file\n  got: two\\nlines\n" in screen.err
    assert not (tmp_path / "again.txt").exists()


def test_a_letter_whose_message_was_not_taken_stays_and_is_named(job, grave, pubsub_host):
    grave.fill("a", "b")
    out, err = io.StringIO(), io.StringIO()
    box = DirectoryBox(grave.where)
    gone = "projects/klio-local/topics/nobody-made-this"
    sendings = [Sending(gone, held.letter.message, (held,)) for held in box.read().letters]

    with connect(pubsub_host) as pubsub:
        sender = Sender(Terminal(None, out, err), box, grave.config, Invocation(job_dir=job), lambda _plan: True)
        removed = sender._publish(pubsub, gone, sendings)

    assert (removed, out.getvalue()) == (0, "")
    assert err.getvalue() == (
        "Error: 2 of 2 messages were not sent, and their letters stay:\n"
        f"  a: there is no such topic: {gone}\n"
        f"  b: there is no such topic: {gone}\n"
    )
    assert len(list(Path(grave.where).iterdir())) == 2


def only(box: DirectoryBox) -> Held:
    (held,) = box.read().letters
    return held


def test_a_letter_that_was_written_again_meanwhile_is_not_removed(grave):
    box = DirectoryBox(grave.where)
    grave.fill("a")
    read = only(box)
    grave.fill("a", at=2000.0)

    box.remove([read])

    assert only(box).letter.at == 2000.0


def test_what_a_killed_remove_left_behind_is_found_and_can_be_removed(grave):
    box = DirectoryBox(grave.where)
    grave.fill("a")
    (path,) = Path(grave.where).iterdir()
    path.rename(f"{path}.taken")

    left = only(box)
    box.remove([left])

    assert list(Path(grave.where).iterdir()) == []


def test_a_letter_that_is_written_while_the_old_one_is_removed_is_never_lost(grave):
    box = DirectoryBox(grave.where)
    lost = []
    for number in range(200):
        grave.fill("a", at=float(number))
        read = only(box)
        writing = threading.Thread(target=grave.fill, args=("a",), kwargs={"at": number + 0.5})
        writing.start()
        box.remove([read])
        writing.join()
        lost += [] if [held.letter.at for held in box.read().letters] == [number + 0.5] else [number]

    assert lost == []
