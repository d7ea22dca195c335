import json
import time

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
        began = time.monotonic()
        name = data.element.decode()
        song = songs.read(self._klio.download(name), self._separate.rate, self._settings.max_duration_s)
        stems = self._separate(song, lambda share: self._klio.progress(SEPARATING * share, "separating"))
        for number, (stem, samples) in enumerate(stems.items()):
            with self._klio.upload(name, target=stem) as path:
                songs.write(path, samples, self._separate.rate, self._settings.bitrate)
            self._klio.progress(SEPARATING + (1 - SEPARATING) * (number + 1) / len(stems), "writing")
        with self._klio.upload(name, target="peaks") as path:
            path.write_text(self._facts(name, stems, time.monotonic() - began))
        yield data.payload

    def _facts(self, name, stems, seconds):
        """What is worth knowing of the stems, for as long as they are there: records are gone some day."""
        facts = {
            "duration_s": round(len(next(iter(stems.values()))) / self._separate.rate, 3),
            "model": self._settings.model,
            "seconds": round(seconds, 3),
            "worker": self._klio.status.worker,
            "attempt": self._klio.status.attempt(name.encode()),
            "peaks": peaks.of(stems),
        }
        return json.dumps(facts)
