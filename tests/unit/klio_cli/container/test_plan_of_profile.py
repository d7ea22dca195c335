"""What a profile is given in the image of its job."""

from __future__ import annotations

from pathlib import Path

from klio_cli.container.plan import plan_of_profile
from klio_cli.places import Mount
from klio_core.config import parse
from klio_core.invocation import Invocation
from klio_core.profiling import Profiling, What


def test_a_profile_gets_its_elements_its_media_and_the_emulators_and_no_override_twice() -> None:
    config = parse("job_name: hello\njob_config: {}\n")
    job = Invocation(job_dir=Path("/songs/hello"), override=("job_config.a=1",), image_tag="1")
    asked = Profiling(What.CPU, ("ada", "-b"), job, html=Path("/run/klio/profile/html"))
    media = Mount(Path("/songs/in"), "/songs/in")

    plan = plan_of_profile(asked, "klio-hello:1", config, [media], {"STORAGE_EMULATOR_HOST": "http://127.0.0.1:4"})

    assert plan.mounts == (media,)
    assert plan.host_network
    assert plan.environment["STORAGE_EMULATOR_HOST"] == "http://127.0.0.1:4"
    assert plan.command == (
        "profile",
        "cpu",
        "--job-dir=/usr/src/app",
        "--config-file=/run/klio/klio-job.yaml",
        "--html=/run/klio/profile/html",
        "--",
        "ada",
        "-b",
    )
