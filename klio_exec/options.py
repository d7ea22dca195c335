"""What Beam is told of a run."""

from __future__ import annotations

from apache_beam.options.pipeline_options import PipelineOptions

from klio_core.config import KlioConfig


def options_here(config: KlioConfig) -> PipelineOptions:
    """Answer Beam's options for a run on this machine: what is Dataflow's is left out, what is Beam's goes through.

    BigQuery is read and written by way of files in `temp_location`, and `project` pays for it.
    """
    options = config.pipeline_options
    services = {"project": options.project, "temp_location": options.temp_location}
    own = {**{name: value for name, value in services.items() if value}, **(options.model_extra or {})}
    return PipelineOptions.from_dictionary({**own, "job_name": config.job_name, "streaming": options.streaming})
