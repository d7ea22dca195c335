"""What an audit is given in the image of its job."""

from __future__ import annotations

from pathlib import Path

from klio_cli.container.plan import plan_of_audit, plan_of_tests
from klio_cli.places import Mount
from klio_core.config import parse
from klio_core.invocation import Invocation


def test_an_audit_gets_what_tests_get_and_a_place_for_its_report() -> None:
    config = parse("job_name: hello\njob_config: {}\n")
    job = Invocation(job_dir=Path("/songs/hello"), override=("job_config.a=1",))

    plan = plan_of_audit(job, "klio-hello:1", config, Path("/tmp/x/report.json"), {})

    tests = plan_of_tests("klio-hello:1", config, (), {})
    assert plan.mounts == (Mount(Path("/tmp/x"), "/run/klio/report", writable=True),)
    assert (plan.environment, plan.user, plan.host_network) == (tests.environment, tests.user, False)
    assert plan.command == (
        "audit",
        "--report=/run/klio/report/report.json",
        "--job-dir=/usr/src/app",
        "--config-file=/run/klio/klio-job.yaml",
    )
