from collections.abc import Callable

import pytest

from klio_core.config import parse


def metrics(text: str) -> object:
    return parse(f"job_name: j\njob_config: {{metrics: {text}}}\n").job_config.metrics


def test_false_turns_all_metrics_off() -> None:
    assert metrics("false") is False


@pytest.mark.parametrize("text", ["{}", ""])
def test_nothing_leaves_them_as_they_are(text: str) -> None:
    made = metrics(text)
    assert (made.logger, made.native, made.shumway, made.timer_unit) == (None, None, None, None)


def test_each_kind_is_set_or_switched() -> None:
    made = metrics("{logger: {level: INFO, timer_unit: seconds}, native: false, shumway: {key: k}, timer_unit: ms}")
    assert (made.logger.level, made.logger.timer_unit, made.native) == ("info", "s", False)
    assert (made.shumway.key, made.shumway.ffwd_addr, made.timer_unit) == ("k", "127.0.0.1", "ms")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("true", ": not a value for this key\n  expected: a mapping, or false\n  got: true"),
        ("{logger: loud}", ".logger: not a value for this key\n  expected: true or false\n  got: 'loud'"),
        (
            "{native: {timer_unit: minutes}}",
            (
                ".native.timer_unit: not a value for this key\n"
                "  expected: ns, us, ms, s, nanoseconds, microseconds, milliseconds, seconds\n"
                "  got: 'minutes'"
            ),
        ),
        (
            "{loger: true}",
            (
                ".loger: unknown key\n"
                "  expected: timer_unit, logger, native, shumway, prometheus, stackdriver_logger\n"
                "  to do: did you mean logger?"
            ),
        ),
        (
            "{stackdriver_logger: true}",
            ".stackdriver_logger: removed from klio\n  to do: delete the key; Dataflow shows the native metrics itself",
        ),
    ],
)
def test_mistakes_are_told(job_complaint: Callable[..., str], text: str, told: str) -> None:
    assert job_complaint(f"metrics: {text}") == f"klio-job.yaml:4: job_config.metrics{told}"


def test_prometheus_has_a_port(job_complaint: Callable[..., str]) -> None:
    assert metrics("{prometheus: {port: 9464}}").prometheus.port == 9464
    assert metrics("{}").prometheus is None
    assert job_complaint("metrics: {prometheus: {port: 65536}}") == (
        "klio-job.yaml:4: job_config.metrics.prometheus.port: not a value for this key\n"
        "  expected: at most 65535\n"
        "  got: 65536"
    )
