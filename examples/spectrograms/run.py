import apache_beam as beam
import transforms


def run(songs, config):
    return songs | beam.ParDo(transforms.DrawSong(config.job_config.rate))
