from pathlib import Path

import pytest

from klio_core import utils
from klio_core.exceptions import KlioConfigTemplatingException
from klio_core.variables import DATAFLOW_REGIONS, KlioRunner


def test_a_value_is_made_once():
    made = []
    for _ in range(2):
        utils.get_or_initialize_global("once", lambda: made.append(1) or "value")
    assert (utils.get_global("once"), made) == ("value", [1])
    utils.set_global("once", "other")
    assert utils.get_global("once") == "other"
    utils.delete_global("once")
    assert utils.get_global("once") is None


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
