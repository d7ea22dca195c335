from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from klio_cli.commands.message.publish import send
from klio_cli.pubsub import connect
from klio_cli.terminal import Terminal
from klio_core.errors import EventError
from klio_core.message import ANYONE, Format, JobRef, Limited, Message


def only(text: str) -> list[tuple[str, str]]:
    """The lines `element  id`; ids are numbers."""
    lines = [re.fullmatch(r"(.+)  (\d+)", line) for line in text.splitlines()]
    assert all(lines), text
    return [(line[1], line[2]) for line in lines if line]


def test_elements_are_published_bottom_up_and_their_ids_printed(klio, job, config, cloud):
    screen = klio("message", "publish", "--local", "-j", job, "a", "b")

    assert (screen.status, screen.err) == (0, "")
    assert [element for element, _ in only(screen.out)] == ["a", "b"]
    messages = [Message.decode(body) for body in cloud.pulled(config.job_config.events.inputs[0].subscription, 2)]
    assert sorted(m.element for m in messages) == [b"a", b"b"]
    assert {m.recipients for m in messages} == {Limited((JobRef(config.job_name, "klio-local"),))}
    assert {(m.force, m.ping, m.version) for m in messages} == {(False, False, 2)}


@pytest.mark.parametrize(
    ("flags", "force", "ping", "top_down"),
    [
        (["--force"], True, False, False),
        (["-p", "--top-down"], False, True, True),
        (["-f", "-p", "-b"], True, True, False),
    ],
)
def test_flags_are_in_the_message(klio, job, config, cloud, flags, force, ping, top_down):
    assert klio("message", "publish", "--local", "-j", job, *flags, "a").status == 0

    (body,) = cloud.pulled(config.job_config.events.inputs[0].subscription, 1)
    message = Message.decode(body)
    assert (message.force, message.ping, message.recipients == ANYONE) == (force, ping, top_down)


def test_elements_come_from_a_file_and_from_a_pipe(klio, job, config, cloud, tmp_path: Path):
    (tmp_path / "list.txt").write_bytes(b"b\r\n\nc d\n\xff")

    from_file = klio("message", "publish", "--local", "-j", job, "a", "--file", tmp_path / "list.txt")
    from_pipe = klio("message", "publish", "--local", "-j", job, "--file", "-", stdin="ä\n".encode())

    assert [element for element, _ in only(from_file.out)] == ["a", "b", "c d", "\\udcff"]
    assert [element for element, _ in only(from_pipe.out)] == ["ä"]
    bodies = cloud.pulled(config.job_config.events.inputs[0].subscription, 5)
    assert sorted(Message.decode(body).element for body in bodies) == [b"a", b"b", b"c d", "ä".encode(), b"\xff"]


def test_many_elements_each_get_an_id(klio, job, config, cloud):
    listed = b"".join(b"%d\n" % n for n in range(1000))

    screen = klio("message", "publish", "--local", "-j", job, "--file", "-", stdin=listed)

    printed = only(screen.out)
    assert [element for element, _ in printed] == [str(n) for n in range(1000)]
    assert len({message_id for _, message_id in printed}) == 1000
    bodies = cloud.pulled(config.job_config.events.inputs[0].subscription, 1000)
    assert len({Message.decode(body).element for body in bodies}) == 1000


def test_bare_elements_go_to_a_job_that_allows_them(klio, job, config, cloud):
    allow = "job_config.allow_non_klio_messages=true"

    screen = klio("message", "publish", "--local", "-j", job, "-O", allow, "--non-klio", "/x")

    assert screen.status == 0, screen.err
    assert cloud.pulled(config.job_config.events.inputs[0].subscription, 1) == [b"/x"]


def test_a_subscription_that_the_job_file_does_not_name_is_made(klio, job, config, cloud):
    topic = config.job_config.events.inputs[0].topic
    text = (job / "klio-job.yaml").read_text()
    (job / "klio-job.yaml").write_text(re.sub(r"\n *subscription: .*", "", text))

    assert klio("message", "publish", "--local", "-j", job, "a").status == 0

    assert cloud.subscriptions_of(topic) == [f"{topic.replace('/topics/', '/subscriptions/')}-{config.job_name}"]


NON_KLIO_WITH_FLAGS = """\
--non-klio sends bare elements, which carry no flags
  to do: leave out --force, --ping, --top-down and --bottom-up, or --non-klio"""
NON_KLIO_NOT_ALLOWED = """\
JOB takes KlioMessages only
  to do: set `allow_non_klio_messages: true` in its job_config, or `format: raw` on its input"""
NO_TOPIC = """\
not the name of a topic or subscription
  expected: projects/PROJECT/topics/NAME or projects/PROJECT/subscriptions/NAME
  got: 't'"""
BAD_ELEMENTS = f"""\
4 of 5 elements cannot be sent, so none was
  expected: 1 to 1024 bytes, no control characters
  got: '': empty
    '{"x" * 40}'…: 1025 bytes
    'b\\nc': the control character 0x0a
    'd\\x7f': the control character 0x7f"""
USAGE = [
    (["--top-down", "--bottom-up", "a"], "--top-down and --bottom-up exclude each other\n  to do: give one of them"),
    (["--non-klio", "--force", "a"], NON_KLIO_WITH_FLAGS),
    (["--non-klio", "a"], NON_KLIO_NOT_ALLOWED),
    (
        ["-O", "job_config.events.inputs[0].format=raw", "a"],
        "JOB reads bare elements (`format: raw`)\n  to do: --non-klio sends them",
    ),
    ([], "nothing to publish\n  to do: name elements, or --file FILE with one in each line"),
    (["--file", "no"], "the file of elements cannot be read\n  at: no\n  got: No such file or directory"),
    (["--topic", "t", "a"], NO_TOPIC),
    (["a", "", "x" * 1025, "b\nc", "d\x7f"], BAD_ELEMENTS),
]


@pytest.mark.parametrize(("flags", "text"), USAGE)
def test_what_cannot_be_sent_is_refused_before_anything_is(klio, job, config, cloud, flags, text):
    screen = klio("message", "publish", "--local", "-j", job, *flags)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == f"Error: {text}\n".replace("JOB", config.job_name)
    topics = [topic.name for topic in cloud.publisher.list_topics(project="projects/klio-local")]
    assert config.job_config.events.inputs[0].topic not in topics


def test_an_element_over_the_limit_of_pubsub_is_refused_with_its_size(klio, job):
    screen = klio("message", "publish", "--local", "-j", job, "--file", "-", stdin=b"x" * 11_000_000)

    assert screen.status == 2
    assert screen.err.splitlines()[-1] == f"  got: '{'x' * 40}'…: 11000000 bytes"


def test_only_the_first_bad_elements_are_listed(klio, job):
    screen = klio("message", "publish", "--local", "-j", job, "--file", "-", stdin=b"a\x00\n" * 100)

    assert screen.err.splitlines()[0] == "Error: 100 of 100 elements cannot be sent, so none was"
    assert len(screen.err.splitlines()) == 8
    assert screen.err.splitlines()[-1] == "    and 95 more"


def test_a_batch_job_takes_no_messages(klio, tmp_path: Path):
    klio("job", "create", "hello", "--job-type", "batch", "--output", tmp_path / "j")

    screen = klio("message", "publish", "-j", tmp_path / "j", "a")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: hello reads no messages\n"
        "  expected: an event input of type pubsub\n"
        "  got: file\n"
        "  to do: a batch job reads its elements from its input when it runs: put them there, then `klio job run`\n"
    )


def test_an_input_with_a_subscription_alone_needs_a_topic(klio, job, config):
    path = job / "klio-job.yaml"
    path.write_text(path.read_text().replace(f"        topic: {config.job_config.events.inputs[0].topic}\n", ""))

    without = klio("message", "publish", "--local", "-j", job, "a")
    given = klio("message", "publish", "--local", "-j", job, "--topic", "projects/klio-local/topics/other", "a")

    assert without.status == 2
    assert without.err == (
        f"Error: the input of {config.job_name} names a subscription and no topic\n"
        "  to do: --topic projects/PROJECT/topics/NAME says which topic the subscription is of\n"
    )
    assert (given.status, given.err) == (0, "")


def test_no_job_file_says_where_and_how_to_make_one(klio, tmp_path: Path):
    screen = klio("message", "publish", "-j", tmp_path, "a")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: there is no klio-job.yaml\n"
        f"  at: {tmp_path}\n"
        "  to do: cd into a job's directory, say where it is with -j, or make a job with `klio job create NAME`\n"
    )


def test_a_bad_job_file_is_shown_with_its_line(klio, job):
    with (job / "klio-job.yaml").open("a") as file:
        file.write("job_nmae: x\n")

    screen = klio("message", "publish", "--local", "-j", job, "a")

    assert (screen.status, screen.out) == (2, "")
    assert f"{job}/klio-job.yaml:2" in screen.err
    assert "job_nmae" in screen.err


def publish_without_local(job: Path, host: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PUBSUB_EMULATOR_HOST": host}
    command = [sys.executable, "-m", "klio_cli.app", "message", "publish", "-j", str(job), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_without_local_a_missing_topic_is_named_and_not_made(job, config, cloud, pubsub_host):
    topic = config.job_config.events.inputs[0].topic

    done = publish_without_local(job, pubsub_host, "a")

    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr == (
        f"Error: there is no such topic\n  at: {topic}\n  to do: --local makes it, in the cloud on this machine\n"
    )
    assert topic not in [one.name for one in cloud.publisher.list_topics(project="projects/klio-local")]


def test_without_local_the_services_of_the_environment_are_used(job, config, cloud, pubsub_host):
    events_in = config.job_config.events.inputs[0]
    cloud.publisher.create_topic(name=events_in.topic)
    cloud.subscriber.create_subscription(name=events_in.subscription, topic=events_in.topic)

    done = publish_without_local(job, pubsub_host, "a")

    assert (done.returncode, done.stderr) == (0, "")
    assert [Message.decode(body).element for body in cloud.pulled(events_in.subscription, 1)] == [b"a"]


def test_format_raw_takes_bare_elements(klio, job, config, cloud):
    raw = "job_config.events.inputs[0].format=raw"

    assert klio("message", "publish", "--local", "-j", job, "-O", raw, "--non-klio", "a").status == 0

    (body,) = cloud.pulled(config.job_config.events.inputs[0].subscription, 1)
    assert Message.decode(body, Format.RAW).element == b"a"


def test_elements_that_failed_are_named_and_those_that_did_not_are_answered(cloud, pubsub_host):
    out, err = io.StringIO(), io.StringIO()
    gone = "projects/klio-local/topics/gone"

    with connect(pubsub_host) as pubsub:
        sent = send(Terminal(None, out, err), pubsub, gone, [b"a", b"b"], [b"1", b"2"])

    assert (sent, out.getvalue()) == ([], "")
    assert err.getvalue() == (
        "Error: 2 of 2 elements were not published:\n"
        f"  a: there is no such topic: {gone}\n"
        f"  b: there is no such topic: {gone}\n"
    )


def test_a_service_that_does_not_answer_is_an_error_that_names_the_cause():
    with connect("127.0.0.1:1", patience=0.5) as pubsub, pytest.raises(EventError) as caught:
        pubsub.require_topic("projects/p/topics/abc")

    assert (caught.value.what, caught.value.where) == ("Pub/Sub did not do it", "projects/p/topics/abc")
    assert "127.0.0.1:1" in (caught.value.got or "")
