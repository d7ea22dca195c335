import io
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from klio_core.config import InvalidConfig, KlioConfig, KlioJobConfig, dump, load, parse


def job(lines: str = "{}") -> KlioJobConfig:
    return parse(f"job_name: j\njob_config: {lines}\n").job_config


def test_the_defaults_are_the_documented_ones() -> None:
    made = job()
    assert (made.allow_non_klio_messages, made.blocking, made.wait_for_pipeline_running) == (False, False, False)
    assert (made.max_in_flight, made.max_attempts, made.lease_s, made.drain_timeout_s) == (500, 5, 60, 60.0)


@pytest.mark.parametrize("version", [1, 2])
def test_both_versions_are_taken(version: int) -> None:
    assert parse(f"version: {version}\njob_name: j\njob_config:\n").version == version


def test_an_authors_keys_are_attributes_and_in_the_dict() -> None:
    made = job("{crossfade_s: 8.50, nested: {a: [1, yes]}, 5_x: 1}")
    assert (made.crossfade_s, made.nested) == (8.5, {"a": [1, "yes"]})
    assert type(made.crossfade_s) is float
    assert made.as_dict()["nested"] == {"a": [1, "yes"]}
    assert made.as_dict()["5_x"] == 1


@pytest.mark.parametrize("key", ["copy", "json", "schema", "dict", "model_config", "model_path", "as_dict", "keys"])
def test_an_authors_key_hides_what_pydantic_or_klio_has_of_that_name(key: str) -> None:
    config = parse(f"job_name: j\njob_config: {{{key}: 5}}\n")
    assert getattr(config.job_config, key) == 5
    assert config.as_dict()["job_config"][key] == 5


@pytest.mark.parametrize("key", ["date", "event_type", "metadata", "input_data", "output_dir", "max_retries", "model"])
def test_an_authors_key_may_be_a_little_like_ours(key: str) -> None:
    assert getattr(job(f"{{{key}: 5}}"), key) == 5


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("event", "events"),
        ("evnets", "events"),
        ("allow_non_klio_mesages", "allow_non_klio_messages"),
        ("drain_timeout", "drain_timeout_s"),
        ("max_inflight", "max_in_flight"),
        ("Data", "data"),
        ("metric", "metrics"),
    ],
)
def test_a_slip_of_the_pen_is_told(job_complaint: Callable[..., str], key: str, meant: str) -> None:
    assert job_complaint(f"{key}: 5") == (
        f"klio-job.yaml:4: job_config.{key}: unknown key\n"
        f"  to do: did you mean {meant}? If not, choose a name that is less like it"
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("5: x", "[5]: a key that is not a name\n  got: 5\n  to do: quote it"),
        ("__class__: x", ".__class__: a key that klio uses itself\n  to do: choose another name"),
        ("model_extra: x", ".model_extra: a key that klio uses itself\n  to do: choose another name"),
        ("drain_timeout_s: 0", ".drain_timeout_s: not a value for this key\n  expected: more than 0\n  got: 0"),
        (
            "blocking:",
            (
                ".blocking: not a value for this key\n  expected: true or false\n  got: nothing\n"
                "  to do: give it a value, or leave the key out if it has a default"
            ),
        ),
    ],
)
def test_mistakes_are_told(job_complaint: Callable[..., str], line: str, told: str) -> None:
    assert job_complaint(line) == f"klio-job.yaml:4: job_config{told}"


@pytest.mark.parametrize("name", ["my job", "a/b", "-a", "a" * 129, "ä"])
def test_a_name_that_is_none_is_told(complaint: Callable[..., str], name: str) -> None:
    assert complaint(f"job_name: {name}\njob_config:\n").startswith(
        "klio-job.yaml:1: job_name: not a name for a job\n"
        "  expected: letters, digits, '-', '_' and '.', a letter or a digit first, at most 128\n"
    )


def test_name_instead_of_job_name_is_told(complaint: Callable[..., str]) -> None:
    assert complaint("name: j\njob_config:\n") == (
        "klio-job.yaml:1: name: unknown key\n"
        "  to do: write job_name\n"
        "klio-job.yaml:1: job_name: a required key is missing\n"
        "  to do: add the key job_name"
    )


def test_an_unknown_key_at_the_top_is_told(complaint: Callable[..., str]) -> None:
    assert complaint("job_name: j\njob_config:\npipeline_option: {}\n") == (
        "klio-job.yaml:3: pipeline_option: unknown key\n"
        "  expected: version, job_name, pipeline_options, job_config\n"
        "  to do: did you mean pipeline_options?"
    )


def test_its_short_form_names_the_job() -> None:
    assert repr(parse("job_name: j\njob_config:\n")) == "KlioConfig(version=2, job_name='j')"


def test_a_lease_is_no_longer_than_pubsub_allows(job_complaint: Callable[..., str]) -> None:
    assert job_complaint("lease_s: 601") == (
        "klio-job.yaml:4: job_config.lease_s: not a value for this key\n  expected: at most 600\n  got: 601"
    )


def test_raw_data_makes_a_configuration_as_klios_constructor_does() -> None:
    raw = {"job_name": "${WHO}", "job_config": {"own": "x"}}
    config = KlioConfig(raw, ["job_config.flag=false"], ["WHO=anna"])
    assert (config.job_name, config.job_config.own, config.job_config.flag) == ("anna", "x", False)
    assert config == KlioConfig(raw_config_data=config.as_dict(), config_skip_preprocessing=True)
    assert pickle.loads(pickle.dumps(config)) == config


def test_raw_data_is_judged_like_a_file() -> None:
    with pytest.raises(InvalidConfig) as caught:
        KlioConfig({"name": "j", "job_config": {}}, ["job_config.lease_s=0"])
    assert str(caught.value) == (
        "the configuration cannot be used: 3 problems\n"
        "override 'job_config.lease_s=0': job_config.lease_s: not a value for this key\n"
        "  expected: at least 1\n"
        "  got: 0\n"
        "the configuration: name: unknown key\n"
        "  to do: write job_name\n"
        "the configuration: job_name: a required key is missing\n"
        "  to do: add the key job_name"
    )


def test_keys_make_a_configuration_too_and_are_validated() -> None:
    config = KlioConfig(job_name="j", job_config={"own": 5})
    assert (config.job_config.own, config.pipeline_options.job_name) == (5, "j")
    with pytest.raises(ValueError, match="unknown key"):
        KlioConfig(job_name="j", job_config={}, nope=1)
    assert KlioConfig.model_validate({"job_name": "j", "job_config": {"own": 5}}) == config


def test_a_configuration_is_written_to_a_file_and_to_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = KlioConfig({"job_name": "j", "job_config": {"own": "5 $"}})
    stream = io.StringIO()
    config.write_to_file(stream)
    config.write_to_file(tmp_path / "new" / "job.yaml")
    monkeypatch.chdir(tmp_path)
    config.write_to_file("bare.yaml")
    assert stream.getvalue() == dump(config)
    assert load(tmp_path / "new" / "job.yaml") == load(tmp_path / "bare.yaml") == config
