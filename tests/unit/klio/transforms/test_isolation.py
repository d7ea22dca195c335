"""Code that abuses its process, in a process of its own."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apache_beam as beam
import pytest

from klio.transforms import children, decorators
from klio_core.dead_letter import DeadLetter
from klio_core.message import Message

pytestmark = pytest.mark.slow
ISOLATED = "isolation: subprocess"


class Abuse(beam.DoFn):
    """Does what its element says, and tells in which process."""

    def setup(self):
        self.lock = threading.Lock()  # as a client would have, it cannot travel
        self.set_up_in = os.getpid()

    @decorators.handle_klio
    def process(self, data):
        what = getattr(self, data.element.decode(), lambda: "")
        yield f"{os.getpid()} {self.set_up_in} {what()}"

    def segfault(self):
        sys.stdout.write("reading nothing\n")
        ctypes.string_at(0)

    def exit_7(self):
        os._exit(7)

    def sys_exit(self):
        sys.exit("enough")

    def out_of_memory(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def interrupt(self):
        raise KeyboardInterrupt

    def close_all(self):
        os.closerange(3, 100)

    def reads_stdin(self):
        return repr(sys.stdin.read())

    def prints(self):
        for _ in range(1000):
            sys.stdout.write("x" * 9_999 + "\n")
        subprocess.run(["sh", "-c", "echo from a shell; echo and its errors >&2"], check=True)
        return "printed"

    def logs(self):
        logging.getLogger("isolated").info("low %s", "light")
        logging.getLogger("others").info("never mind")

    def moves(self):
        os.chdir("/")
        os.environ["LC_ALL"] = "odd"
        os.umask(0)

    def where(self):
        umask = os.umask(0o22)
        os.umask(umask)
        return f"{Path.cwd()} {os.environ.get('LC_ALL')} {umask}"

    def leaves_a_process(self):
        return subprocess.Popen(["sleep", "60"], start_new_session=True).pid

    def fails(self):
        raise ValueError("no good")


class Endless(Abuse):
    @decorators.handle_klio
    @decorators.timeout(1)
    def process(self, data):
        sys.stdout.write("begun\n")
        self.turn_round(data.element == b"endless")
        yield data

    def turn_round(self, forever):
        while forever:
            pass


class Everything(beam.DoFn):
    """All decorators, with a job file that says the same of them."""

    @decorators.retry(tries=2)
    @decorators.inject_klio_context
    @decorators.handle_klio
    @decorators.profile
    def process(self, ctx, data):
        assert ctx is self._klio
        yield data.element + b"1"
        data.element += b"?"
        yield data


def run(dofn, *elements):
    """Answer the words of each answer, or "drop"."""
    results = [r for element in elements for r in dofn.process(Message.of(element.encode()).encode())]
    return [r.tag if hasattr(r, "tag") else Message.decode(r).payload.decode().split(" ", 2) for r in results]


@pytest.fixture
def arrived(bound):
    """A DoFn as it comes to a worker: unpickled, and set up as Beam does it."""

    def arrive(kind, job=ISOLATED):
        bound(job=job, streaming=False)
        dofn = beam.internal.pickler.loads(beam.internal.pickler.dumps(kind()))
        dofn.setup()
        return dofn

    return arrive


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("segfault", "signal SIGSEGV"),
        ("exit_7", "exit status 7"),
        ("out_of_memory", "signal SIGKILL"),
        ("close_all", "exit status 1"),
        ("sys_exit", "SystemExit('enough')"),
        ("interrupt", "KeyboardInterrupt()"),
    ],
)
def test_what_ends_the_process_is_a_native_crash_and_the_next_element_is_worked_on(arrived, place, how, text):
    ((_, _, _), drop, (pid, _, _)) = run(arrived(Abuse), "a", how, "b")
    (letter,) = place.letters
    assert (drop, letter.reason, letter.error, letter.attempts) == ("drop", "native-crash", "NativeCrash", 1)
    assert text in letter.text
    assert int(pid) != os.getpid()


def test_a_crash_says_where_it_was_and_what_was_printed_last(arrived, place):
    run(arrived(Abuse), "segfault")
    (letter,) = place.letters
    assert "reading nothing" in letter.trace
    assert "in segfault" in letter.trace


def test_setup_is_called_once_in_each_child_and_not_in_the_worker(arrived):
    dofn = arrived(Abuse)
    pids = run(dofn, "a", "b", "c")
    assert len({tuple(pid) for pid in pids}) == 1
    ((pid, set_up_in, _),) = {tuple(pid) for pid in pids}
    assert pid == set_up_in != str(os.getpid())
    assert not hasattr(dofn, "set_up_in")


def test_a_process_that_ended_while_it_was_idle_is_nobodys_crash(arrived, place, caplog):
    dofn = arrived(Abuse)
    ((first, _, _),) = run(dofn, "a")
    guardian = Path(f"/proc/{first}/stat").read_text().rpartition(")")[2].split()[1]
    os.kill(int(first), signal.SIGKILL)
    deadline = time.monotonic() + 30
    while _works(guardian):
        assert time.monotonic() < deadline
    ((second, _, _),) = run(dofn, "b")
    assert second != first
    assert place.letters == []
    assert "it ended with signal SIGKILL" in caplog.text


def test_stdin_has_nothing_to_read(arrived):
    ((_, _, read),) = run(arrived(Abuse), "reads_stdin")
    assert read == "''"


def test_what_is_printed_is_logged_with_the_element_and_within_bounds(arrived, caplog):
    caplog.set_level(logging.INFO)
    ((_, _, said),) = run(arrived(Abuse), "prints")
    assert said == "printed"
    (record,) = [r for r in caplog.records if "printed" in r.getMessage()]
    assert record.getMessage().startswith("Abuse.process printed about b'prints':\n(")
    assert record.getMessage().endswith("xxx\nfrom a shell\nand its errors")
    assert len(record.getMessage()) < 11_000


def test_the_log_of_the_child_is_the_log_of_the_worker(arrived, caplog):
    caplog.set_level(logging.INFO, "isolated")
    children.end_idle()  # a new process has the levels of this one as they are now
    run(arrived(Abuse), "logs")
    assert ("isolated", logging.INFO, "low light") in caplog.record_tuples
    assert "never mind" not in caplog.text


def test_the_next_element_finds_everything_as_it_was(arrived):
    dofn = arrived(Abuse)
    before, moved, after = run(dofn, "where", "moves", "where")
    assert before == after
    assert moved[0] == after[0]


def test_a_process_that_is_left_behind_ends_before_the_next_element(arrived, caplog):
    (_, _, left), (pid, _, _) = run(arrived(Abuse), "leaves_a_process", "b")
    assert not _works(left)
    assert "its process is replaced: it has left processes running" in caplog.text
    assert _works(pid)


def _works(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_an_exception_is_what_it_is_without_isolation(arrived, place):
    run(arrived(Abuse), "fails")
    (letter,) = place.letters
    assert (letter.reason, letter.error, letter.text) == ("exception", "ValueError", "no good")
    assert 'raise ValueError("no good")' in letter.trace


def test_what_ran_out_of_time_says_where_it_was(arrived, place):
    assert run(arrived(Endless, job=""), "endless", "b") == ["drop", [""]]
    (letter,) = place.letters
    assert letter.reason == "timeout"
    assert "in turn_round" in letter.trace
    assert "begun" in letter.trace


def test_what_ran_out_of_time_says_where_it_was_also_where_it_gets_no_processor_for_a_while(arrived, place):
    class Waits(Endless):
        def turn_round(self, forever):
            pid = os.getpid()
            subprocess.Popen(["sh", "-c", f"sleep 0.8; kill -STOP {pid}; sleep 0.8; kill -CONT {pid}"])
            super().turn_round(forever)

    run(arrived(Waits, job=""), "endless")
    (letter,) = place.letters
    assert "in turn_round" in letter.trace


def test_the_job_file_ends_what_hangs(arrived, place):
    class Hangs(Abuse):
        def hangs(self):
            time.sleep(600)

    (drop, (_, _, _)) = run(arrived(Hangs, job="timeout_s: 1"), "hangs", "b")
    assert drop == "drop"
    assert [letter.text for letter in place.letters] == [f"{Abuse.__name__}.process took longer than 1 seconds"]


def test_a_setup_that_fails_says_so_each_time(arrived, place):
    class Broken(Abuse):
        def setup(self):
            raise LookupError("no model")

    assert run(arrived(Broken), "a", "b") == ["drop", "drop"]
    assert [letter.text for letter in place.letters] == ["no model", "no model"]


def test_ten_threads_give_what_one_thread_gives(arrived):
    said = ["retry: {}", "timeout_s: 60", "isolation: subprocess", "max_thread_count: 2"]
    job = arrived(Everything, job="\n  ".join(said))
    names = [f"t{number}" for number in range(60)]
    with ThreadPoolExecutor(10) as pool:
        many = list(pool.map(lambda name: run(job, name), names))
    assert many == [run(job, name) for name in names]
    assert many[7] == [["t71"], [""]]


def test_the_letter_of_a_crash_can_be_read_again(arrived, place):
    run(arrived(Abuse), "exit_7")
    (letter,) = place.letters
    assert DeadLetter.decode(letter.encode()) == letter
