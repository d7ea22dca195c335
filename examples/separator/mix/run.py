import apache_beam as beam
import transforms


def run(in_pcol, config):
    wanted = in_pcol.separated | beam.ParDo(transforms.Wanted())
    return (in_pcol.asked, wanted) | beam.Flatten() | beam.ParDo(transforms.Mix(config.job_config.bitrate))
