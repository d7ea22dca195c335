from klio_exec.runners.pace import Pace


def after(limit, *batches):
    pace = Pace(limit)
    for messages, seconds in batches:
        pace.learn(messages, seconds)
    return pace


def test_a_run_begins_with_one_message_and_takes_nothing_ahead():
    assert (Pace(100).size, Pace(100).room) == (1, 1)


def test_slow_work_goes_one_by_one_for_ever():
    pace = after(100, (1, 5.0), (1, 7.0))
    assert (pace.size, pace.room) == (1, 1)


def test_fast_work_grows_fourfold_with_each_batch_up_to_half_of_what_may_be_held():
    batches = [(1, 0.001), (4, 0.004), (16, 0.016), (64, 0.064)]
    assert [after(100, *batches[:n]).size for n in range(5)] == [1, 4, 16, 50, 50]


def test_a_batch_is_a_second_of_work():
    assert after(100, (1, 0.1), (4, 0.4), (10, 1.0)).size == 10


def test_as_much_again_is_held_while_a_batch_is_worked_on():
    pace = after(100, (1, 0.1), (4, 0.4))
    assert (pace.size, pace.room) == (10, 20)


def test_never_more_than_the_limit_is_held():
    assert after(15, (1, 0.1), (4, 0.4)).room == 14
    assert after(3, (1, 0.1)).room == 1
    assert after(1, (1, 0.001), (1, 0.001)).room == 1


def test_what_becomes_slow_shrinks():
    quick = [(1, 0.01), (4, 0.04), (16, 0.16)]
    assert after(128, *quick).size == 64
    assert after(128, *quick, (64, 640.0)).size == 1


def test_no_time_at_all_is_not_infinitely_fast():
    assert after(100, (1, 0.0)).size == 4
