"""What Beam is told of a run."""

from __future__ import annotations

import os

from apache_beam.internal.gcp import auth
from apache_beam.options.pipeline_options import PipelineOptions

from klio_core.config import KlioConfig


def options_here(config: KlioConfig) -> PipelineOptions:
    """Answer Beam's options for a run on this machine: what is Dataflow's is left out, what is Beam's goes through.

    BigQuery is read and written by way of files in `temp_location`, and `project` pays for it.
    """
    if os.environ.get("STORAGE_EMULATOR_HOST") and not os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        spare_the_search_for_credentials()  # an emulator wants none
    options = config.pipeline_options
    services = {"project": options.project, "temp_location": options.temp_location}
    own = {**{name: value for name, value in services.items() if value}, **(options.model_extra or {})}
    return PipelineOptions.from_dictionary({**own, "job_name": config.job_name, "streaming": options.streaming})


def spare_the_search_for_credentials() -> None:
    """Where none are wanted, keep Beam from looking for some for half a minute before it reads a gs:// file."""
    auth._Credentials._credentials_init = True  # noqa: SLF001  (Beam has no other way to say it)
