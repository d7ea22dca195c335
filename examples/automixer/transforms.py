import apache_beam as beam
import mixer

from klio.transforms import decorators


class AutomixerJob(beam.DoFn):
    def __init__(self, crossfade_s=8.0):
        self.fade_s = crossfade_s

    @decorators.handle_klio
    def process(self, data):
        track1_id, track2_id = data.element.decode().split(",")
        track1 = self._klio.download(track1_id)
        track2 = self._klio.download(track2_id)
        with self._klio.upload(data.element) as mix:
            mixer.mix(track1, track2, mix, crossfade_s=self.fade_s, progress=self._klio.progress)
        yield data
