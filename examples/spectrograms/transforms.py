import apache_beam as beam

from klio import audio
from klio.transforms import decorators


class DrawSong(beam.DoFn):
    """Draws three pictures of a song, which become outputs together or not at all."""

    def __init__(self, rate=22_050):
        self.rate = rate

    @decorators.handle_klio
    def process(self, data):
        name = data.element.decode()
        song = audio.load(self._klio.download(name), rate=self.rate)
        pictures = {
            "waveform": audio.waveform(song, f"Waveform of {name}", color="#1b7a8c"),
            "spectrogram": audio.spectrogram(audio.decibels(audio.stft(song)), f"Spectrogram of {name}"),
            "mel": audio.mel_spectrogram(audio.mel(song), f"Mel-frequency spectrogram of {name}"),
        }
        for number, (target, picture) in enumerate(pictures.items()):
            self._klio.progress(number / len(pictures), target)
            with self._klio.upload(name, target) as png:
                audio.save(picture, png, size=(12, 4))
        yield data
