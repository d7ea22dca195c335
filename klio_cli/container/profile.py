"""A profile of a job in its image: with its Python, its libraries and its files; what it writes comes out."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from klio_cli.container.plan import plan_of_profile
from klio_cli.images.job_image import JobImage
from klio_cli.places import Mount, Places
from klio_cli.terminal import Terminal
from klio_core.config.schema.events import Events
from klio_core.errors import UsageError
from klio_core.profiling import Profiling

if TYPE_CHECKING:
    from klio_core.config import KlioConfig

_WRITTEN = ("output_file", "html", "speedscope", "plot")
_WRITTEN_INSIDE = Path("/run/klio/profile")
_ELEMENTS_INSIDE = Path("/run/klio/elements")


def run(asked: Profiling, terminal: Terminal, config: KlioConfig, *, again: bool) -> int:
    """Profile a job, whose job file is `config`, in its image, and answer the exit status of its run.

    The image is built where the engine does not have it, or `again`. Raises UsageError, EngineError.
    """
    from klio_cli.container.run import run as run_container
    from klio_cli.images import engine

    image = JobImage.of(asked.job, config)
    told = Places(config, asked.job.job_dir.resolve()).config
    mounts = [*_media(asked, config), *_elements(asked)]
    with engine.connected() as client, TemporaryDirectory(prefix="klio-") as directory:
        image.ensure(client, terminal, again=again)
        mounts.append(Mount(Path(directory), str(_WRITTEN_INSIDE), writable=True))
        planned = plan_of_profile(_inside(asked), str(image.name), told, mounts)
        status = run_container(client, planned, told, terminal)
        _bring_out(asked, Path(directory))
    return status


def _media(asked: Profiling, config: KlioConfig) -> list[Mount]:
    """Answer mounts of the media on this machine: those that are read, and where they are kept, the outputs."""
    job = config.job_config
    data = job.data if asked.keep_outputs else job.data.model_copy(update={"outputs": ()})
    media = job.model_copy(update={"events": Events(), "data": data})
    places = Places(config.model_copy(update={"job_config": media}), asked.job.job_dir.resolve())
    if asked.keep_outputs:
        places.make()
    return [mount for mount in places.mounts() if asked.keep_outputs or not mount.writable]


def _elements(asked: Profiling) -> list[Mount]:
    if asked.input_file is None:
        return []
    if not asked.input_file.is_file():
        raise UsageError(
            "the file of elements cannot be read", where=str(asked.input_file), expected="a file of this machine"
        )
    return [Mount(asked.input_file.resolve(), str(_ELEMENTS_INSIDE))]


def _inside(asked: Profiling) -> Profiling:
    """Answer the profile with its files as the container sees them."""
    written: dict[str, Any] = {name: _WRITTEN_INSIDE / name for name in _WRITTEN if getattr(asked, name) is not None}
    return replace(asked, input_file=_ELEMENTS_INSIDE if asked.input_file else None, **written)


def _bring_out(asked: Profiling, directory: Path) -> None:
    for name in _WRITTEN:
        made, wanted = directory / name, getattr(asked, name)
        if wanted is not None and made.exists():
            shutil.copyfile(made, wanted)
