import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.pvalue import TaggedOutput

from klio.transforms import decorators
from klio_core.errors import DataNotFound, JobCodeError, KlioTimeoutError, NativeCrash
from klio_core.message import Message


class Elements(beam.DoFn):
    """Yields twice, and changes the element in between."""

    @decorators.handle_klio
    @decorators.timeout(30)
    def process(self, data):
        element = data.element
        yield data
        data.element = element + b"-2"
        yield TaggedOutput("side", data)
        data.element = element + b"-3"
        yield b"payload"


class Pid(beam.DoFn):
    @decorators.handle_klio
    @decorators.timeout("30")
    def process(self, data):
        yield str(os.getpid())


class Slow(beam.DoFn):
    """Starts a process of its own, and sleeps."""

    def __init__(self, note):
        self.note = note

    @decorators.handle_klio
    @decorators.timeout(0.3)
    def process(self, data):
        if data.element == b"slow":
            sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            Path(self.note).write_text(f"{os.getpid()} {sleeper.pid}")
            time.sleep(60)
        yield data


class Failing(beam.DoFn):
    @decorators.timeout(30)
    @decorators.handle_klio
    def process(self, data):
        if data.element == b"exit":
            os._exit(7)
        if data.element == b"odd":
            raise _odd()("never mind")
        raise ValueError("no good")


def _odd():
    class OddError(Exception):
        pass

    return OddError


class Nothing(beam.DoFn):
    @decorators.handle_klio
    @decorators.timeout(30)
    def process(self, data):
        yield from ()


class Media(beam.DoFn):
    @decorators.handle_klio
    @decorators.timeout(30)
    def process(self, data):
        self._klio.metrics.counter("seen").inc(3)
        path = self._klio.download(data.element)
        yield str(path.parent.parent.parent)


class Making(beam.DoFn):
    """Makes a file, and fails then for the element "bad"."""

    @decorators.handle_klio
    @decorators.timeout(30)
    def process(self, data):
        with self._klio.upload(data.element) as path:
            path.write_bytes(b"made by %d" % os.getpid())
        if data.element == b"bad":
            raise ValueError("no good")
        yield data


class Counting(beam.DoFn):
    @decorators.set_klio_context
    def setup(self):
        self.seen = self._klio.metrics.counter("seen-in-setup", transform="Counting")

    @decorators.handle_klio
    @decorators.timeout(30)
    def process(self, data):
        self.seen.inc(2)
        with self._klio.metrics.timer("took", transform="Counting"):
            yield data


class Unpicklable(Elements):
    def __init__(self):
        self.values = (value for value in ())


@decorators.timeout(30)
def plain(a, b=1):
    return a + b, os.getpid()


@decorators.handle_klio
@decorators.timeout(30)
def function(ctx, data):
    return data.element.upper()


def run(dofn, element=b"a"):
    return list(dofn.process(Message.of(element).encode()))


def seen(results):
    decoded = [(r.tag, r.value) if isinstance(r, TaggedOutput) else (None, r) for r in results]
    return [(tag, Message.decode(raw).element, Message.decode(raw).payload) for tag, raw in decoded]


def test_every_yield_comes_back_with_the_element_it_was_about():
    assert seen(run(Elements())) == [(None, b"a", b""), ("side", b"a-2", b""), (None, b"a-3", b"payload")]


def test_a_generator_that_yields_nothing_is_no_failure():
    assert run(Nothing()) == []


def test_the_process_is_another_one_and_it_is_kept():
    pids = {Message.decode(raw).payload for _ in range(5) for raw in run(Pid())}
    assert len(pids) == 1
    assert pids != {str(os.getpid()).encode()}


def test_functions_run_there_too():
    assert plain(1, b=2)[0] == 3
    assert plain(1)[1] != os.getpid()
    assert Message.decode(function(Message.of(b"a").encode())).payload == b"A"


@pytest.mark.slow
def test_the_work_ends_with_everything_it_started_and_the_next_one_has_a_new_process(tmp_path):
    slow = Slow(str(tmp_path / "pids"))
    with pytest.raises(KlioTimeoutError, match=r"Slow\.process took longer than 0\.3 seconds"):
        run(slow, b"slow")
    pids = (tmp_path / "pids").read_text().split()
    deadline = time.monotonic() + 10
    while any(_works(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert seen(run(slow)) == [(None, b"a", b"")]


def _works(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_when_its_parent_is_gone_a_child_ends_whatever_it_is_doing(tmp_path):
    note = tmp_path / "pid"
    code = f"""
import os, threading, time
from klio.transforms import decorators

@decorators.timeout(600)
def busy(note):
    with open(note, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(600)

threading.Thread(target=busy, args=({str(note)!r},), daemon=True).start()
while not (os.path.exists({str(note)!r}) and os.path.getsize({str(note)!r})):
    time.sleep(0.01)
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    deadline = time.monotonic() + 10
    while _works(note.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_timeout_is_a_dead_letter_of_that_reason_and_counted(bound, place, tmp_path):
    context = bound()
    results = run(Slow(str(tmp_path / "pids")), b"slow")
    assert [r.tag for r in results] == ["drop"]
    assert [(letter.reason, letter.error) for letter in place.letters] == [("timeout", "KlioTimeoutError")]
    assert ("kmsg-drop-timed-out", "Slow.process") in context.metrics.names


def test_an_exception_comes_back_with_the_traceback_of_the_child(bound, place):
    bound()
    run(Failing())
    (letter,) = place.letters
    assert (letter.error, letter.text) == ("ValueError", "no good")
    assert 'raise ValueError("no good")' in letter.trace


def test_an_exception_that_cannot_travel_says_what_it_was():
    with pytest.raises(JobCodeError, match="OddError: never mind"):
        run(Failing(), b"odd")


def test_code_that_kills_its_process_is_a_native_crash_and_the_next_call_works():
    with pytest.raises(NativeCrash, match="exit status 7"):
        run(Failing(), b"exit")
    with pytest.raises(ValueError, match="no good"):
        run(Failing())


def test_what_cannot_be_pickled_is_said():
    with pytest.raises(JobCodeError, match=r"(?s)Elements\.process.*can be pickled.*generator"):
        run(Unpicklable())


def test_the_context_works_in_the_child_and_its_metrics_are_counted_here(bound, place):
    context = bound()
    place.put("in", "a.wav")
    assert [letter.text for letter in place.letters] == []
    results = run(Media())  # media in memory is of one process: what is not there in the child is said to be missing
    assert [r.tag for r in results] == ["drop"]
    assert [letter.reason for letter in place.letters] == ["data-not-found"]
    assert ("seen", "mixer") in context.metrics.names


def test_what_the_child_makes_is_committed_here_when_it_has_come_to_its_end(bound, place):
    bound()
    (result,) = run(Making())
    assert Message.decode(result).payload == b""
    made = place.get("out", "a.ogg")
    assert made.startswith(b"made by ")
    assert made != b"made by %d" % os.getpid()


def test_what_a_child_makes_that_fails_is_not_committed(bound, place):
    bound()
    run(Making(), b"bad")
    assert [letter.text for letter in place.letters] == ["no good"]
    with pytest.raises(DataNotFound):
        place.get("out", "bad.ogg")


def test_metrics_made_in_setup_are_counted_as_well():
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        pipeline | beam.Create([Message.of(b"a").encode(), Message.of(b"b").encode()]) | beam.ParDo(Counting())
    metrics = pipeline.result.metrics().query()
    counted = {c.key.metric.name: c.committed for c in metrics["counters"] if c.key.metric.namespace == "Counting"}
    timed = {d.key.metric.name: d.committed.count for d in metrics["distributions"]}
    assert counted == {"seen-in-setup": 4}
    assert timed["took"] == 2


def test_another_exception_and_its_message_may_be_asked_for():
    @decorators.timeout(0.05, exception=LookupError, exception_message="too slow")
    def slow():
        time.sleep(60)

    with pytest.raises(LookupError, match="too slow"):
        slow()


@pytest.mark.parametrize("seconds", [0, -1, "soon", float("nan")])
def test_seconds_are_greater_than_nothing(seconds):
    with pytest.raises(RuntimeError, match="timeout: seconds"):
        decorators.timeout(seconds)


def test_seconds_are_a_number():
    with pytest.raises(TypeError):
        decorators.timeout(None)


@pytest.mark.slow
def test_threads_do_not_mix_their_results():
    names = [f"t{number}".encode() for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda name: seen(run(Elements(), name)), names))
    assert results == [[(None, n, b""), ("side", n + b"-2", b""), (None, n + b"-3", b"payload")] for n in names]
