import apache_beam as beam
import mixing

from klio.transforms import decorators


class Mix(beam.DoFn):
    def __init__(self, bitrate=320):
        self._bitrate = bitrate

    @decorators.handle_klio
    def process(self, data):
        stems = mixing.stems(data.payload)
        self._klio.progress(0.0, "+".join(stems))  # records know a message by its element: the song, whatever the mix
        song = data.element.decode()
        files = [self._klio.download(song, source=stem) for stem in stems]
        with self._klio.upload(f"{song}-mix-{'-'.join(stems)}", target="mix") as path:
            mixing.mix(files, path, self._bitrate)
        yield data
