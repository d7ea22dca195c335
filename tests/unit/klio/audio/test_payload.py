import io
import json
import pickle
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from klio.audio import Plot, Signal, Spectrum
from klio.audio.payload import decode, encode, is_typed
from klio_core.errors import BadPayload

NUMBERS = st.one_of(
    arrays.boolean_dtypes(), arrays.integer_dtypes(), arrays.floating_dtypes(), arrays.complex_number_dtypes()
)
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary())
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner)
)
SECOND = np.linspace(-1, 1, 22_050, dtype=np.float32)


@settings(max_examples=60)
@given(arrays.arrays(NUMBERS, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0)))
def test_an_array_comes_back_with_its_type_its_shape_and_its_bytes(array):
    back = decode(encode(array))
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())


@settings(max_examples=40)
@given(VALUES)
def test_other_values_come_back_as_they_were(value):
    assert decode(encode(value)) == value


def test_a_payload_is_what_np_load_reads_and_np_save_writes():
    assert np.array_equal(np.load(io.BytesIO(encode(SECOND)), allow_pickle=False), SECOND)
    assert np.array_equal(np.load(io.BytesIO(encode(Signal(SECOND, 44_100))), allow_pickle=False), SECOND)
    file = io.BytesIO()
    np.save(file, SECOND)
    assert encode(SECOND) == file.getvalue()


def test_a_signal_keeps_its_rate_and_a_spectrum_all_it_knows():
    signal = decode(encode(Signal(SECOND, 8_000)))
    assert (type(signal), signal.rate, signal.duration_s) == (Signal, 8_000, 22_050 / 8_000)
    assert np.array_equal(signal.samples, SECOND)
    spectrum = decode(encode(Spectrum(np.ones((3, 2), np.complex64), 8_000, 128, 20.0, 4_000.0)))
    assert (spectrum.rate, spectrum.hop_length, spectrum.fmin, spectrum.fmax) == (8_000, 128, 20.0, 4_000.0)
    assert (spectrum.values.dtype, spectrum.values.shape) == (np.complex64, (3, 2))


def test_a_picture_takes_its_arguments_along():
    plot = decode(encode(Plot("spectrum", np.ones((3, 2)), "a", "dB", {"cmap": "magma", "vmin": -60, "clim": (0, 1)})))
    assert (plot.kind, plot.title, plot.unit) == ("spectrum", "a", "dB")
    assert plot.arguments == {"cmap": "magma", "vmin": -60, "clim": (0, 1)}


def test_what_librosa_load_answers_travels_and_so_do_several_arrays():
    samples, rate = decode(encode((SECOND, 22_050)))
    assert (rate, samples.shape) == (22_050, (22_050,))
    masks = decode(encode({"harmonic": np.eye(2), "percussive": np.zeros(3), "file": io.BytesIO(b"RIFF")}))
    assert masks["harmonic"][1, 1] == 1.0
    assert masks["percussive"].shape == (3,)
    assert masks["file"].read() == b"RIFF"


def test_a_number_of_numpy_keeps_its_type():
    assert type(decode(encode(np.float32(0.5)))) is np.float32


def test_arrays_may_be_changed_and_rows_may_lie_in_columns():
    back = decode(encode(np.asfortranarray([[1, 2], [3, 4]])))
    back[0, 0] = 7
    assert back.tolist() == [[7, 2], [3, 4]]


@pytest.mark.parametrize("value", [object(), len, {1, 2}, np.array([{}], dtype=object), Signal])
def test_what_is_no_value_travels_not(value):
    with pytest.raises(BadPayload, match="what no payload carries"):
        encode(value)
    with pytest.raises(BadPayload):
        encode([1, (value,)])


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was opened",))


def of_objects() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([Bomb()], dtype=object), allow_pickle=True)
    return file.getvalue()


def header(shape: str, dtype: str = "<f8") -> bytes:
    said = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(said)) + said


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_never_opened(protocol):
    with pytest.raises(BadPayload, match="never a pickle"):
        decode(pickle.dumps(Bomb(), protocol))


def test_nor_is_one_inside_an_array():
    with pytest.raises(BadPayload, match="objects, which are code"):
        decode(of_objects())


@pytest.mark.parametrize(
    ("payload", "got"),
    [
        (b"", "no payload at all"),
        (b"RIFF....WAVE", "12 bytes that begin with b'RIFF....'"),
        (encode(SECOND)[:1000], "22050"),
        (header("(10000000000000,)"), "80000000000000 bytes, of which 0 are there"),
        (header("(-1,)") + bytes(8), "shape"),
        (header("(1,)", "nonsense") + bytes(8), "nonsense"),
        (b"\x93NUMPY\x09\x00", "(9, 0)"),
        (encode(SECOND) + b"{", "Expecting"),
        (b'{"klio": 2, "value": 1}', "version 2 of the format"),
        (b'{"klio": 1, "value": {"array": 3}}', "list index out of range"),
        (b'{"klio": 1, "value": {"module": {}}}', "module"),
        (b'{"klio": 1, "value": {"signal": {"speed": 1}}}', "speed"),
        (b'{"klio": 1}', "value"),
    ],
)
def test_a_payload_that_is_none_is_told(payload, got):
    with pytest.raises(BadPayload, match="none that transforms of audio can read") as caught:
        decode(payload)
    assert got in str(caught.value.got)


@given(st.binary(max_size=40), st.integers(0, 300))
def test_whatever_is_broken_in_a_payload_the_error_is_the_one_that_is_told(noise, at):
    payload = encode(Signal(np.arange(4, dtype=np.float32), 8_000))
    broken = payload[:at] + noise + payload[at + len(noise) :]
    with suppress(BadPayload):
        decode(broken)


def test_the_record_behind_the_arrays_is_json_for_people():
    payload = encode(Signal(SECOND, 44_100))
    assert json.loads(payload[payload.index(b'{"klio"') :]) == {
        "klio": 1,
        "value": {"signal": {"samples": {"array": 0}, "rate": 44_100}},
    }
    assert [is_typed(raw) for raw in (payload, encode(1), b"", b"{}", b"a.wav")] == [True, True, False, False, False]
