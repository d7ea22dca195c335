import apache_beam as beam
import transforms


def run(in_pcol, config):
    return in_pcol | beam.ParDo(transforms.Separate(config.job_config))
