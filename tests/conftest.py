"""What holds for every run of the tests, also when it runs in several processes."""

from __future__ import annotations

import signal

import pytest


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start: a shell hides it from what it runs in the background, and so from them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say against which Pub/Sub servers the one contract was held: nobody is to think it was more than it was."""
    ran = [report for key in ("passed", "failed") for report in terminalreporter.stats.get(key, [])]
    calls = [report for report in ran if report.when == "call" and "contract/pubsub" in report.nodeid]
    if not calls:
        return
    google = sum("[google" in report.nodeid for report in calls)
    ours = f"{len(calls) - google} tests ran against our server"
    also = (
        f", {google} of them against Google's emulator as well" if google else " only: Google's is not on this machine"
    )
    terminalreporter.write_line(f"Pub/Sub contract: {ours}{also}")
