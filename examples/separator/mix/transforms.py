import json

import apache_beam as beam
import mixing

from klio.transforms import decorators
from klio_core.errors import DataNotFound


class Wanted(beam.DoFn):
    """Makes of "the stems of this song are there" one message for each mix that somebody wants of it."""

    @decorators.handle_klio
    def process(self, data):
        yield from mixing.wanted(data.payload, self._wishes(data.element))

    def _wishes(self, song):
        try:
            return json.loads(self._klio.download(song, source="wishes").read_bytes())["mixes"]
        except DataNotFound:  # it came without the front, or has been deleted
            return ()


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
