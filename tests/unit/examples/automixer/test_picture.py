import mixer
import numpy as np
import picture
from matplotlib.image import imread

RATE = 44_100


def test_a_mix_is_drawn_with_both_tracks_in_their_colours(studio):
    first, second = studio.piece("a.wav", 120.0), studio.piece("b.wav", 124.0, seed=2)
    mixed, png = studio.directory / "mix.ogg", studio.directory / "mix.png"
    picture.draw(first, second, mixed, mixer.mix(first, second, mixed, crossfade_s=4.0), png)
    pixels = imread(png)
    assert pixels.shape[:2] == (1000, 1400)
    for colour in (picture.FIRST, picture.SECOND, picture.BOTH, picture.FADE):
        wanted = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        assert (np.abs(pixels[..., :3] - wanted).max(axis=-1) < 0.02).any()


def test_a_plain_cross_fade_of_silence_can_be_drawn(studio):
    silent = studio.file("a.wav", np.zeros((RATE // 2, 2)))
    mixed, png = studio.directory / "mix.ogg", studio.directory / "mix.png"
    picture.draw(silent, silent, mixed, mixer.mix(silent, silent, mixed), png)
    assert imread(png).shape[:2] == (1000, 1400)
