import pickle

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.pvalue import TaggedOutput
from matplotlib.figure import Figure

from klio.audio import Plot, Signal, Spectrum
from klio.audio.payload import decode, encode
from klio.audio.transforms import handle_binary
from klio.testing import run_one
from klio.transforms import decorators
from klio_core.errors import BadPayload

TONE = np.arange(8, dtype=np.float32)


class Halves(beam.DoFn):
    @decorators.handle_klio
    @handle_binary(load_with_numpy=True, save_with_numpy=True)
    def process(self, item):
        yield item.payload / 2
        yield TaggedOutput("twice", item.payload * 2)
        yield item.payload.tolist()


class Answers(beam.DoFn):
    @decorators.handle_klio
    @handle_binary
    def process(self, item):
        return {"element": item.element, "sum": float(item.payload.sum())}


class Raw(beam.DoFn):
    @decorators.handle_klio
    @handle_binary(skip_load=True, skip_dump=True)
    def process(self, data):
        yield data.payload[::-1]


class Retried(beam.DoFn):
    tried = 0

    @decorators.handle_klio
    @handle_binary(some_option_of_another_klio=1)
    @decorators.retry(tries=2)
    def process(self, item):
        Retried.tried += 1
        if Retried.tried == 1:
            raise OSError("not yet")
        yield item.payload


@decorators.handle_klio
@handle_binary()
def doubled(ctx, item):
    return item.payload * 2


def payload_of(code, value):
    return decode(run_one(code, "a", payload=encode(value)).payloads[0])


def test_code_works_on_arrays_and_yields_arrays():
    result = run_one(Halves(), "a", payload=encode(TONE))
    first, second = map(decode, result.payloads)
    assert np.array_equal(first, TONE / 2)
    assert np.array_equal(second, TONE)
    assert second.dtype == np.float64
    assert np.array_equal(decode(result.tagged["twice"][0].payload), TONE * 2)


@pytest.mark.parametrize("value", [TONE, Signal(TONE, 8_000), Spectrum(TONE)])
def test_of_sound_and_of_spectra_the_code_gets_the_numbers(value):
    assert payload_of(Answers(), value) == {"element": b"a", "sum": 28.0}


def test_of_a_picture_it_gets_the_figure_and_none_can_be_yielded():
    with pytest.raises(BadPayload, match="Figure") as caught:
        run_one(doubled_figure, "a", payload=encode(Plot("waveform", TONE, "a title")))
    assert "under self._klio.upload" in str(caught.value.todo)


@decorators.handle_klio
@handle_binary()
def doubled_figure(ctx, item):
    assert isinstance(item.payload, Figure)
    assert item.payload.axes[0].get_title() == "a title"
    return item.payload


def test_functions_take_it_too():
    assert np.array_equal(payload_of(doubled, TONE), TONE * 2)


def test_the_work_of_both_sides_can_be_left_to_the_code():
    assert run_one(Raw(), "a", payload=b"abc").payloads == [b"cba"]


def test_it_may_stand_above_a_retry():
    assert np.array_equal(payload_of(Retried(), TONE), TONE)
    assert Retried.tried == 2


@pytest.mark.parametrize("payload", [b"", b"text", pickle.dumps(TONE)])
def test_payloads_without_a_type_are_told(payload):
    with pytest.raises(BadPayload):
        run_one(Answers(), "a", payload=payload)
