from __future__ import annotations

from pathlib import Path

from klio.events.status import DirectoryOfRecords, Recorder
from klio_core.config import KlioConfig
from klio_core.status import State
from klio_exec.sample import Sample


def job(directory: Path) -> KlioConfig:
    data = {"outputs": [{"type": "file", "location": str(directory), "file_suffix": ".ogg"}]}
    return KlioConfig.model_validate({"job_name": "mixer", "job_config": {"data": data}})


def test_each_element_has_a_line_with_what_was_said_of_it_last_and_the_outputs_that_it_has(tmp_path: Path):
    (tmp_path / "a.ogg").touch()
    sample = Sample()
    recorder = Recorder("mixer", DirectoryOfRecords(str(tmp_path / "status")))
    recorder.tell_too(sample)
    recorder.begin({b"a": 1, b"../up": 1, b"gone": 1})
    recorder.worked(b"a", 1_230_000_000)
    recorder.tell(b"a", State.COMMITTED)
    recorder.tell(b"../up", State.PASSED_ON, "ping")
    recorder.tell(b"gone", State.DROPPED, "input missing")

    assert [line.split(maxsplit=4) for line in sample.text(job(tmp_path)).splitlines()] == [
        ["element", "verdict", "seconds", "outputs", "reason"],
        ["a", "committed", "1.23", f"{tmp_path}/a.ogg"],
        ["../up", "passed", "on", "ping"],
        ["gone", "dropped", "input", "missing"],
    ]
    (kept,) = (tmp_path / "status").iterdir()
    assert len(kept.read_text().splitlines()) == 6


def test_nobody_listens_until_a_sample_is_taken():
    from klio.events.status import NoRecords

    recorder = Recorder("mixer", NoRecords())
    assert recorder.silent
    recorder.tell_too(Sample())
    assert not recorder.silent


def test_nothing_is_a_table_without_lines(tmp_path: Path):
    assert Sample().text(job(tmp_path)) == "element  verdict  seconds  outputs  reason"
