import apache_beam as beam
import transforms


def run(in_pcol, config):
    return in_pcol | beam.Flatten() | beam.ParDo(transforms.Tell(config.job_config))
