import pickle
import threading

import pytest

from klio.utils import ThreadLimit, ThreadLimiter, processors


@pytest.mark.parametrize(("asked", "count"), [(3, 3), (lambda: 2, 2), (ThreadLimit.NONE, None), (True, 1)])
def test_a_limit_is_a_number_a_callable_or_none(asked, count):
    assert ThreadLimiter(asked).count == count


def test_the_default_is_what_this_process_may_use():
    assert ThreadLimiter().count == processors()


@pytest.mark.parametrize(("text", "most"), [("150000 100000", 2), ("50000 100000", 1), ("max 100000", 10_000)])
def test_a_quota_of_the_control_group_counts(tmp_path, text, most):
    quota = tmp_path / "cpu.max"
    quota.write_text(text)
    assert processors(quota) == min(processors(tmp_path / "none"), most)


@pytest.mark.parametrize(("asked", "error"), [(-1, ValueError), (None, TypeError), ("2", TypeError)])
def test_what_is_no_limit_is_refused(asked, error):
    with pytest.raises(error):
        ThreadLimiter(asked)


def test_a_slot_that_nobody_holds_cannot_be_given_back():
    with pytest.raises(ValueError, match="released too many times"):
        ThreadLimiter(1).release()


def test_so_many_at_the_same_time_and_no_more():
    limiter = ThreadLimiter(2)
    inside, most = [], []
    ready = threading.Barrier(8)

    def work():
        ready.wait()
        for _ in range(50):
            with limiter:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= 2


def test_its_copies_in_one_process_are_the_same_limiter():
    limiter = ThreadLimiter(2, name="shared")
    assert pickle.loads(pickle.dumps(limiter)) is limiter


def test_in_another_process_its_copies_are_one_as_well():
    limiter = ThreadLimiter(2, name="shared")
    twice = pickle.dumps(limiter), pickle.dumps(limiter)
    del limiter  # as where it never was
    first, second = map(pickle.loads, twice)
    assert first is second
    assert (first.count, repr(first)) == (2, "KlioThreadLimiter(name=shared)")


def test_without_a_limit_nobody_waits():
    limiter = ThreadLimiter(ThreadLimit.NONE)
    with limiter, limiter, limiter:
        limiter.acquire()
        limiter.release()
