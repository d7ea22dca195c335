import numpy as np
import pytest
import soundfile
from encode import write_ogg

RATE = 44_100


def sine(seconds: float) -> np.ndarray:
    samples = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)
    return np.stack([samples, samples], axis=1).astype(np.float32)


def test_pieces_follow_each_other(tmp_path):
    pieces = [sine(1.3), sine(0.0), 0.5 * sine(0.7)]
    assert write_ogg(tmp_path / "mix.ogg", pieces, RATE) == 0.0
    samples, rate = soundfile.read(tmp_path / "mix.ogg")
    assert (rate, samples.shape) == (RATE, (2 * RATE, 2))
    np.testing.assert_allclose(samples, np.concatenate(pieces), atol=0.06)


def test_loud_pieces_are_made_quieter_all_by_the_same_gain(tmp_path):
    pieces = [1.6 * sine(1.0), 0.4 * sine(1.0)]
    gain_db = write_ogg(tmp_path / "mix.ogg", pieces, RATE)
    assert gain_db == pytest.approx(-0.06, abs=0.01)  # 1.6 x 0.5 is -1.94 dBFS, and the headroom begins at -2
    samples, _ = soundfile.read(tmp_path / "mix.ogg")
    np.testing.assert_allclose(samples, np.concatenate(pieces) * 10 ** (gain_db / 20), atol=0.06)


@pytest.mark.parametrize("level", [0.9, 1.0, 4.0])
def test_the_decoded_peak_is_at_most_minus_1_dbfs_even_where_vorbis_overshoots(tmp_path, level):
    square = level * np.sign(sine(2.0))  # overshoots by 2 dB
    write_ogg(tmp_path / "mix.ogg", [square], RATE)
    peak = np.abs(soundfile.read(tmp_path / "mix.ogg")[0]).max()
    assert -2.5 < 20 * np.log10(peak) <= -1.0


def test_ninety_seconds_do_not_kill_the_process(tmp_path):  # one call to soundfile.write would
    write_ogg(tmp_path / "mix.ogg", [np.zeros((90 * RATE, 2), np.float32)], RATE)
    assert soundfile.info(tmp_path / "mix.ogg").frames == 90 * RATE


@pytest.mark.parametrize("rate", [8_000, 96_000])
def test_other_rates_can_be_written(tmp_path, rate):
    write_ogg(tmp_path / "mix.ogg", [sine(0.5)], rate)
    info = soundfile.info(tmp_path / "mix.ogg")
    assert (info.samplerate, info.frames) == (rate, RATE // 2)


def test_the_file_is_ogg_vorbis_whatever_its_name(tmp_path):
    write_ogg(tmp_path / "mix", [sine(0.2)], RATE)
    assert (soundfile.info(tmp_path / "mix").format, soundfile.info(tmp_path / "mix").subtype) == ("OGG", "VORBIS")


@pytest.mark.parametrize("old", [b"old", None])
def test_a_full_disk_is_an_os_error_and_leaves_what_was_there(tmp_path, old):
    (tmp_path / ".mix.ogg.part").symlink_to("/dev/full")
    if old:
        (tmp_path / "mix.ogg").write_bytes(old)
    with pytest.raises(OSError, match="could not be written"):
        write_ogg(tmp_path / "mix.ogg", [sine(3.0)], RATE)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([old] if old else [])
