"""What Beam, and with it Dataflow, is told of a launch: the job file's options, under today's names. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from klio_core.config import KlioConfig, KlioPipelineConfig
from klio_core.on_dataflow.labels import labels

# What is said in another way below, or is not Dataflow's.
_NOT_AS_WRITTEN = ("label", "labels", "resources", "gke_namespace", "sdk_container_image", "disk_type", "update")
# Beam looks for what these name beside them, and so wants to know where that is.
_FILES = ("setup_file", "requirements_file")
_HINTS = {
    "cpu": "cpu_count",
    "min_ram": "min_ram",
    "accelerator": "accelerator",
    "max_active_bundles_per_worker": "max_active_bundles_per_worker",
}


def options_there(
    config: KlioConfig, *, image: str | None, update: bool, version: str, environ: Mapping[str, str]
) -> dict[str, Any]:
    """Answer Beam's options of a launch from the job's directory, by their names.

    Without an `image`, workers install what `setup_file` and the like say.
    """
    options = config.pipeline_options
    asked = {key: value for key, value in options.as_dict().items() if key not in _NOT_AS_WRITTEN}
    asked |= {key: str(Path(asked[key]).resolve()) for key in _FILES if key in asked}
    told = {
        "labels": labels(options.all_labels, version, environ),
        "resource_hints": list(hints(options)),
        "sdk_container_image": image,
        "disk_type": options.worker_disk_type,
        "update": update,
    }
    return {**asked, **{key: value for key, value in told.items() if value}}


def image_of(options: KlioPipelineConfig, tag: str | None) -> str | None:
    """Answer the image of the workers, with `tag` if one is given; None where they install packages instead."""
    if options.sdk_container_image is None or options.setup_file or options.requirements_file:
        return None
    return f"{untagged(options.sdk_container_image)}:{tag}" if tag else options.sdk_container_image


def untagged(image: str) -> str:
    """Answer an image's name without its tag and digest: `host:5000/a/b:1` is `host:5000/a/b`."""
    folder, slash, name = image.partition("@")[0].rpartition("/")
    return f"{folder}{slash}{name.partition(':')[0]}"


def hints(options: KlioPipelineConfig) -> Iterator[str]:
    """Yield Beam's resource hints of `resources`: `min_ram=8GB`."""
    wanted = options.resources.as_dict() if options.resources else {}
    return (f"{_HINTS[key]}={value}" for key, value in wanted.items())
