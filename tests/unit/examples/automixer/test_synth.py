import numpy as np
import pytest
import soundfile
import synth

from tests.steps import calls_in


def test_the_same_seed_makes_the_same_piece_and_another_another():
    one, again, other = (synth.compose(120.0, 4.0, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.samples, again.samples)
    assert not np.array_equal(one.samples, other.samples)


@pytest.mark.parametrize("drums", [True, False])
@pytest.mark.parametrize("tempo_bpm", [72.0, 178.0])
def test_a_piece_is_stereo_without_clipping_and_says_where_its_beats_are(tempo_bpm, drums):
    piece = synth.compose(tempo_bpm, 6.0, seed=3, drums=drums)
    assert (piece.samples.shape, piece.samples.dtype) == ((6 * 44_100, 2), np.float32)
    assert 0.1 < np.abs(piece.samples).max() < 0.8
    np.testing.assert_allclose(np.diff(piece.beats_s), 60 / tempo_bpm)
    assert 0.05 <= piece.beats_s[0] <= 0.6


def test_a_drum_is_hit_on_every_beat():
    piece = synth.compose(120.0, 6.0, seed=4)
    for beat_s in piece.beats_s[1:-1]:
        frame = round(beat_s * piece.rate)
        before, after = piece.samples[frame - 200 : frame], piece.samples[frame : frame + 400]
        assert np.abs(after).max() > 1.2 * np.abs(before).max()


def test_twice_as_long_a_piece_takes_no_more_than_twice_the_calls_and_none_for_each_sample():
    short, long = (calls_in(lambda s=s: synth.compose(121.5, s, seed=5)) for s in (20.0, 40.0))  # type: ignore[misc]
    assert long <= 2 * short
    assert long < 10_000


def test_the_demo_s_pieces_are_whole_files_that_differ(tmp_path):
    paths = synth.write_pieces(tmp_path / "music", count=3, duration_s=2.0)
    assert [path.name for path in paths] == ["piece-1.ogg", "piece-2.ogg", "piece-3.ogg"]
    assert [soundfile.info(path).duration for path in paths] == [2.0, 2.0, 2.0]
    assert len({path.read_bytes() for path in paths}) == 3
