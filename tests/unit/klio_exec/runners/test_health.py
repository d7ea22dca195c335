from __future__ import annotations

import time

from klio_exec.runners.health import Health
from klio_exec.stop import Stop


def test_a_run_that_loads_is_healthy_and_not_ready():
    health = Health(Stop(1))

    assert health.answer("/healthz") == (200, "goes on")
    assert health.answer("/readyz") == (503, "is loading")


def test_a_run_is_ready_from_its_first_round_until_it_is_asked_to_end():
    stop = Stop(1)
    health = Health(stop)
    health.alive()
    assert health.answer("/readyz") == (200, "reads events")

    stop.ask()
    assert health.answer("/readyz") == (503, "is asked to end")
    assert health.answer("/healthz") == (200, "goes on")


def test_a_run_that_stands_still_is_not_healthy_until_it_goes_on():
    health = Health(Stop(1), silent_s=0.01)
    health.alive()
    time.sleep(0.02)
    status, text = health.answer("/healthz")
    assert (status, text) == (503, "nothing for 0 s")

    health.alive()
    assert health.answer("/healthz")[0] == 200


def test_other_paths_say_which_there_are():
    assert Health(Stop(1)).answer("/") == (404, "see /healthz and /readyz")
