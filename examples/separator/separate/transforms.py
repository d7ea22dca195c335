import apache_beam as beam
import peaks
import songs
from separation import Separation
from settings import Settings

from klio.transforms import decorators

SEPARATING = 0.9  # the share of the time that the model takes; the rest is encoding


class Separate(beam.DoFn):
    def __init__(self, job_config):
        self._settings = Settings.of(job_config)

    def setup(self):
        self._separate = Separation(self._settings)

    @decorators.handle_klio
    def process(self, data):
        name = data.element.decode()
        song = songs.read(self._klio.download(name), self._separate.rate, self._settings.max_duration_s)
        stems = self._separate(song, lambda share: self._klio.progress(SEPARATING * share, "separating"))
        for number, (stem, samples) in enumerate(stems.items()):
            with self._klio.upload(name, target=stem) as path:
                songs.write(path, samples, self._separate.rate, self._settings.bitrate)
            self._klio.progress(SEPARATING + (1 - SEPARATING) * (number + 1) / len(stems), "writing")
        with self._klio.upload(name, target="peaks") as path:
            path.write_text(peaks.of(stems))
        yield data.payload
