from pathlib import Path

import pytest

from klio_core import utils
from klio_core.errors import ConfigError
from klio_core.exceptions import KlioConfigTemplatingException
from klio_core.variables import DATAFLOW_REGIONS, KlioRunner
from klio_exec.local.pubsub import local_pubsub


def test_a_value_is_made_once():
    made = []
    for _ in range(2):
        utils.get_or_initialize_global("once", lambda: made.append(1) or "value")
    assert (utils.get_global("once"), made) == ("value", [1])
    utils.set_global("once", "other")
    assert utils.get_global("once") == "other"
    utils.delete_global("once")
    assert utils.get_global("once") is None


def test_a_value_may_be_given_as_it_is():
    assert utils.get_or_initialize_global("given", 5) == 5
    assert utils.get_or_initialize_global("given", 6) == 5
    utils.delete_global("given")


def test_what_is_in_a_job_file_is_plain_data_with_its_templates(tmp_path):
    text = "job_name: ${WHO}\njob_config: {n: 010, on: yes}\n"
    (path := tmp_path / "klio-job.yaml").write_text(text)
    assert utils.get_config_by_path(str(path)) == {"job_name": "${WHO}", "job_config": {"n": "010", "on": "yes"}}
    assert utils.get_config_by_path(str(path), parse_yaml=False) == text


@pytest.mark.parametrize(("text", "told"), [(None, "there is no such file"), ("a: [", "not YAML"), ("a: 1\na: 2\n",
    "the key is there twice")])  # fmt: skip
def test_a_job_file_that_cannot_be_read_is_an_error_of_ours(tmp_path, text, told):
    path = tmp_path / "klio-job.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=told):
        utils.get_config_by_path(str(path))


def test_where_a_configuration_is_from_has_three_parts():
    meta = utils.KlioConfigMeta(job_dir="/job", config_path="/job/klio-job.yaml", config_file=None)
    assert meta == utils.KlioConfigMeta("/job", "/job/klio-job.yaml", None)


def test_a_publisher_makes_its_topic_once(monkeypatch):
    topic = "projects/klio-local/topics/made-by-get-publisher"
    with local_pubsub() as host:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", host)
        publisher = utils.get_publisher(topic)
        assert publisher.publish(topic, b"a").result(30)
        assert utils.get_publisher(topic) is publisher
        utils.delete_global(f"publisher_{topic}")
        again = utils.get_publisher(topic)  # the topic is there already
        assert again.publish(topic, b"b").result(30)
        utils.delete_global(f"publisher_{topic}")
        for one in (publisher, again):
            one.stop()
            one.transport.close()


@pytest.mark.parametrize(
    ("job_dir", "config_file", "path"),
    [("/job", None, "/job/klio-job.yaml"), ("/job", "other.yaml", "/job/other.yaml"), (None, "x/other.yaml",
     "x/other.yaml"), (None, None, str(Path.cwd() / "klio-job.yaml"))],
)  # fmt: skip
def test_where_a_job_file_is(job_dir, config_file, path):
    assert utils.get_config_job_dir(job_dir, config_file) == (job_dir or str(Path.cwd()), path)


@pytest.mark.parametrize("name", ["DirectRunner", "direct", "directrunner"])
def test_a_direct_runner_is_named_in_full(name):
    assert name == KlioRunner.DIRECT_RUNNER
    assert name != KlioRunner.DIRECT_GKE_RUNNER
    assert name != KlioRunner.DATAFLOW_RUNNER


def test_another_runner_is_found_by_a_part_of_its_name():
    assert KlioRunner.DATAFLOW_RUNNER == "dataflow"
    assert KlioRunner.DATAFLOW_RUNNER == "DataflowRunner"
    assert KlioRunner.DATAFLOW_RUNNER != "FlinkRunner"
    assert {KlioRunner.DATAFLOW_RUNNER: 1}[KlioRunner.DATAFLOW_RUNNER] == 1


def test_the_regions_are_those_that_klio_knew():
    assert len(DATAFLOW_REGIONS) == 13
    assert "europe-west1" in DATAFLOW_REGIONS


def test_a_template_without_a_value_says_which():
    with pytest.raises(KlioConfigTemplatingException, match="the key 'bucket' is missing"):
        raise KlioConfigTemplatingException("bucket")
