from collections.abc import Iterator
from typing import Any

import pytest

from klio_core.config import InvalidConfig, KlioConfig, KlioConfigPreprocessor, parse

RAW: dict[str, Any] = {
    "job_name": "${WHO}-mixer",
    "pipeline_options": {"streaming": "${LIVE}"},
    "job_config": {"bitrate": 192, "events": {"inputs": [{"type": "file", "location": "ids.txt"}]}},
}


@pytest.fixture
def plugins() -> Iterator[list[Any]]:
    """The plug-ins of this process, as they were afterwards."""
    before = list(KlioConfigPreprocessor.plugins)
    yield KlioConfigPreprocessor.plugins
    KlioConfigPreprocessor.plugins[:] = before


def test_templates_keep_their_types_and_overrides_come_last() -> None:
    made = KlioConfigPreprocessor.process(
        RAW, ["WHO=anna", "LIVE=false"], ["job_config.bitrate=256", "job_config.events.inputs.file0.location=a.txt"]
    )
    assert made == {
        "job_name": "anna-mixer",
        "pipeline_options": {"streaming": False},
        "job_config": {"bitrate": 256, "events": {"inputs": [{"type": "file", "location": "a.txt"}]}},
    }
    assert KlioConfig(made, config_skip_preprocessing=True).job_name == "anna-mixer"
    assert RAW["job_name"] == "${WHO}-mixer"


def test_a_text_is_taken_as_well() -> None:
    assert KlioConfigPreprocessor.process("a: ${X}", {"X": "5"}) == {"a": 5}


def test_a_template_without_a_value_is_told() -> None:
    with pytest.raises(InvalidConfig, match="no value for the template"):
        KlioConfigPreprocessor.process(RAW)


def test_plugins_see_filled_templates_and_are_overridden(plugins: list[Any]) -> None:
    seen = []

    def plugin(data: dict[str, Any]) -> dict[str, Any]:
        seen.append(data["job_name"])
        return {**data, "job_config": {**data["job_config"], "made": "by plugin", "bitrate": 1}}

    KlioConfigPreprocessor.add_plugin_preprocessor(plugin)
    text = "job_name: ${WHO}\njob_config: {}\n"
    job = parse(text, templates={"WHO": "j"}, overrides=["job_config.bitrate=2"]).job_config
    assert (seen, job.made, job.bitrate) == (["j"], "by plugin", 2)


def test_what_a_plugin_spoils_is_told(plugins: list[Any]) -> None:
    KlioConfigPreprocessor.add_plugin_preprocessor(lambda data: {**data, "job_config": 5})
    with pytest.raises(InvalidConfig) as caught:
        parse("job_name: j\njob_config: {}\n")
    assert "klio-job.yaml" in str(caught.value)
