from collections.abc import Callable

import pytest

from klio_core.config import parse


def job(text: str) -> object:
    return parse(f"job_name: j\njob_config:\n  {text}\n").job_config


def test_a_job_that_says_nothing_of_it_leaves_all_to_the_decorators() -> None:
    made = job("{}")
    assert (made.retry, made.timeout_s, made.max_thread_count, made.isolation) == (None, None, None, None)


def test_retry_alone_is_three_tries_with_growing_pauses() -> None:
    retry = job("retry: {}").retry
    assert (retry.tries, retry.delay_s, retry.backoff, retry.max_delay_s, retry.jitter) == (3, 1.0, 2.0, 60.0, 1.0)
    assert retry.exceptions == ("Exception",)


@pytest.mark.parametrize("written", ["OSError", "[OSError]"])
def test_a_single_exception_needs_no_list(written: str) -> None:
    assert job(f"retry: {{exceptions: {written}}}").retry.exceptions == ("OSError",)


def test_exceptions_of_other_packages_are_named_by_their_path() -> None:
    assert job("retry: {exceptions: [requests.exceptions.Timeout]}").retry.exceptions == (
        "requests.exceptions.Timeout",
    )


def test_a_long_first_pause_needs_no_longest() -> None:
    assert job("retry: {delay_s: 300}").retry.delay_s == 300


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "retry: {delay_s: 5, max_delay_s: 1}",
            (
                "retry: the first pause is longer than the longest\n  got: delay_s: 5, max_delay_s: 1\n"
                "  to do: raise max_delay_s, or lower delay_s"
            ),
        ),
        (
            "retry: {exceptions: [OSErorr]}",
            (
                "retry.exceptions[0]: not an exception\n"
                "  expected: an exception of Python's own (OSError), or package.module.Class\n"
                "  got: 'OSErorr'\n  to do: did you mean OSError?"
            ),
        ),
        (
            "retry: {exceptions: []}",
            (
                "retry.exceptions: an empty list\n  expected: at least one exception\n"
                "  to do: name one, or delete the key"
            ),
        ),
        ("retry: {jitter: 2}", "retry.jitter: not a value for this key\n  expected: at most 1\n  got: 2"),
        ("retry: {tries: -1}", "retry.tries: not a value for this key\n  expected: at least 1\n  got: -1"),
        (
            "retry: {delay: 3}",
            (
                "retry.delay: unknown key\n  expected: tries, delay_s, backoff, max_delay_s, jitter, exceptions\n"
                "  to do: did you mean delay_s?"
            ),
        ),
        (
            "isolation: process",
            (
                "isolation: not a value for this key\n  expected: thread, subprocess\n  got: 'process'\n"
                "  to do: did you mean subprocess?"
            ),
        ),
        ("timeout_s: 0", "timeout_s: not a value for this key\n  expected: more than 0\n  got: 0"),
    ],
)
def test_mistakes_are_told(job_complaint: Callable[..., str], text: str, told: str) -> None:
    assert job_complaint(text) == f"klio-job.yaml:4: job_config.{told}"


def test_a_thread_cannot_be_ended_when_the_time_is_over(job_complaint: Callable[..., str]) -> None:
    assert job_complaint("timeout_s: 3\nisolation: thread") == (
        "klio-job.yaml:5: job_config.isolation: code in a thread cannot be ended after timeout_s\n"
        "  expected: subprocess\n  got: thread\n"
        "  to do: write isolation: subprocess, or leave it out: timeout_s brings it; or delete timeout_s"
    )
