"""An image of Beam's own making: its image, with what a job's `setup_file` or `requirements_file` names installed.

Workers then start with it instead of installing it. Beam builds it, by `docker` or by Cloud Build; klio says from what,
and what keeps it from that.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.sdk_container_builder import SdkContainerImageBuilder

from klio_core.config import KlioConfig
from klio_core.errors import EngineError, UsageError
from klio_core.invocation import Invocation
from klio_core.on_dataflow.options import options_there, untagged

_ENGINE, _REGISTRY = "prebuild_sdk_container_engine", "docker_registry_push_url"
_HERE, _CLOUD = "local_docker", "cloud_build"


def prebuild(config: KlioConfig, invocation: Invocation) -> str:
    """Have Beam build the image of a job, push it where a registry is named, and answer its name.

    `pipeline_options.prebuild_sdk_container_engine` says who builds, `docker` by default. What the builder prints goes
    to the error stream. Raises UsageError where there is nothing to install, EngineError where it cannot be built.
    """
    options = config.pipeline_options
    if not (options.setup_file or options.requirements_file):
        raise UsageError(
            "there is nothing to build ahead",
            where="pipeline_options",
            expected="setup_file or requirements_file",
            todo="a job with an image of its own needs none of Beam's: `klio image build`",
        )
    engine = builder_of(config) or _HERE
    check(engine)
    os.chdir(invocation.job_dir)  # setup.py and the like are relative to the job
    told = options_there(config, image=None, update=False, version=version("klio"), environ=os.environ)
    told = {**_registry(config), **told, _ENGINE: engine}
    try:
        with _stdout_to_stderr():
            return str(SdkContainerImageBuilder.build_container_image(PipelineOptions.from_dictionary(told)))
    except Exception as error:  # Beam raises whatever its builder, pip and setup.py raised
        got = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise EngineError(
            "Beam could not build the image",
            where=f"{_ENGINE}: {engine}",
            got=got,
            todo="what the builder printed above says why",
        ) from error


def builder_of(config: KlioConfig) -> str | None:
    """Answer who builds such an image at each launch, None where none is built."""
    return (config.pipeline_options.model_extra or {}).get(_ENGINE)


def check(engine: str | None) -> None:
    """Raise for a builder that Beam does not know, or that is not here; None is no builder."""
    where = f"{_ENGINE}: {engine}"
    if engine not in (None, _HERE, _CLOUD):
        raise UsageError("Beam knows no such builder", where=where, expected=f"{_HERE} or {_CLOUD}")
    if engine == _HERE and shutil.which("docker") is None:
        todo = f"install it and launch with --no-container, or write {_ENGINE}: {_CLOUD}"
        raise EngineError("Beam builds by the docker command, which is not here", where=where, todo=todo)
    if engine == _CLOUD and importlib.util.find_spec("google.cloud.devtools") is None:
        todo = "pip install google-cloud-build; where the job is launched from its image: into job-requirements.txt"
        raise EngineError("what asks Cloud Build for Beam is not installed here", where=where, todo=todo)


def _registry(config: KlioConfig) -> dict[str, str]:
    """Answer where Beam pushes to, where the job file does not say it in Beam's words: beside the job's own image."""
    folder, slash, _ = untagged(config.pipeline_options.sdk_container_image or "").rpartition("/")
    return {_REGISTRY: folder} if slash else {}


@contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Let whatever is started meanwhile print where results are not."""
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
