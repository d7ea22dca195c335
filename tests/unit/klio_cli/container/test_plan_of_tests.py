"""What a job's tests are given in its image."""

from __future__ import annotations

from klio_cli.container.plan import plan_of_tests
from klio_core.config import parse


def test_tests_see_nothing_of_this_machine_and_pytest_s_own_options_go_along() -> None:
    config = parse("job_name: hello\npipeline_options: {project: music}\njob_config: {}\n")
    environ = {"PUBSUB_EMULATOR_HOST": "127.0.0.1:1", "GOOGLE_APPLICATION_CREDENTIALS": "/key", "PYTEST_ADDOPTS": "-x"}

    plan = plan_of_tests("klio-hello:1", config, ["-k", "silence"], environ)

    assert plan.command == ("test", "--job-dir", "/usr/src/app", "--", "-k", "silence")
    assert plan.mounts == ()
    assert not plan.host_network
    assert plan.environment == {
        "HOME": "/tmp",
        "USER": "klio",
        "PYTHONUNBUFFERED": "1",
        "GOOGLE_CLOUD_PROJECT": "music",
        "PYTEST_ADDOPTS": "-x -o cache_dir=/tmp/.pytest_cache",
    }
