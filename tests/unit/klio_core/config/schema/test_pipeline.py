from collections.abc import Callable

import pytest

from klio_core.config import KlioPipelineConfig, parse

JOB = "job_name: j\njob_config: {}\n"


def options(text: str) -> KlioPipelineConfig:
    return parse(f"{JOB}pipeline_options: {text}\n").pipeline_options


def test_the_defaults_are_those_of_klio() -> None:
    assert options("{}").as_dict() == {
        "runner": "DataflowRunner",
        "streaming": True,
        "job_name": "j",
        "region": "europe-west1",
        "update": False,
        "experiments": [],
        "labels": [],
        "no_auth": False,
        "dataflow_service_options": [],
        "enable_streaming_engine": False,
        "autoscaling_algorithm": "NONE",
        "num_workers": 2,
        "disk_size_gb": 32,
        "machine_type": "n1-standard-2",
    }
    assert options("").project is None


def test_keys_that_are_not_klios_are_handed_on_to_beam() -> None:
    made = options("{flink_master: 'localhost:8081', parallelism: 4}")
    assert (made.flink_master, made.parallelism) == ("localhost:8081", 4)
    assert made.as_dict()["parallelism"] == 4


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("worker_machine_type", "machine_type", "n2-standard-8"),
        ("worker_harness_container_image", "sdk_container_image", "gcr.io/p/i:1"),
    ],
)
def test_old_and_new_names_are_written_and_read(old: str, new: str, value: str) -> None:
    for name in (old, new):
        made = options(f"{{{name}: '{value}'}}")
        assert (getattr(made, old), getattr(made, new)) == (value, value)


def test_an_old_name_is_known_to_be_one() -> None:
    made = options("{worker_machine_type: n2, label: a=b, labels: [c=d]}")
    assert made.old_names == {"worker_machine_type": "machine_type", "label": "labels"}
    assert made.all_labels == ["c=d", "a=b"]
    assert options("{machine_type: n2}").old_names == {}


def test_what_the_work_needs_is_told() -> None:
    made = options("{resources: {cpu: 4, min_ram: 1.5 GiB, accelerator: type:t4;count:1}}").resources
    assert made is not None
    assert made.as_dict() == {"cpu": 4, "min_ram": "1.5GiB", "accelerator": "type:t4;count:1"}


def test_the_most_workers_are_at_least_two_and_told_to_beam_only_if_given() -> None:
    assert [options(f"{{num_workers: {n}}}").max_num_workers for n in (1, 2, 5)] == [2, 2, 5]
    assert options("{max_num_workers: 1}").max_num_workers == 1
    assert "max_num_workers" not in options("{num_workers: 5}").as_dict()
    assert options("{max_num_workers: 7}").as_dict()["max_num_workers"] == 7


def test_a_disk_becomes_a_resource_of_the_project() -> None:
    url = "compute.googleapis.com/projects/p/regions/us-east1/diskTypes/pd-ssd"
    assert options("{project: p, region: us-east1, disk_type: pd-ssd}").worker_disk_type == url
    assert options(f"{{project: p, region: us-east1, worker_disk_type: {url}}}").worker_disk_type == url
    assert options("{project: p}").worker_disk_type is None


def test_a_run_has_the_name_of_its_job_or_its_own() -> None:
    assert options("{}").job_name == "j"
    assert options("{job_name: other}").job_name == "other"


@pytest.mark.parametrize("key", ["labels", "experiments"])
def test_lists_may_be_empty_or_nothing(key: str) -> None:
    assert getattr(options(f"{{{key}: }}"), key) == []
    assert getattr(options(f"{{{key}: [a, 5, 1.10]}}"), key) == ["a", "5", "1.10"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("num_workers: 2.7", "num_workers: not a value for this key\n  expected: a whole number\n  got: 2.7"),
        (
            "num_workers: 2.0",
            (
                "num_workers: not a value for this key\n  expected: a whole number\n  got: 2.0\n"
                "  to do: write 2, without quotes"
            ),
        ),
        (
            "num_workers: 012",
            (
                "num_workers: not a value for this key\n  expected: a whole number\n  got: '012'\n"
                "  to do: write 12, without quotes"
            ),
        ),
        (
            "disk_size_gb: 1_000",
            (
                "disk_size_gb: not a value for this key\n  expected: a whole number\n  got: '1_000'\n"
                "  to do: write 1000, without quotes"
            ),
        ),
        ("num_workers: true", "num_workers: not a value for this key\n  expected: a whole number\n  got: true"),
        ("num_workers: 0", "num_workers: not a value for this key\n  expected: at least 1\n  got: 0"),
        (
            "streaming: 'False'",
            (
                "streaming: not a value for this key\n  expected: true or false\n  got: 'False'\n"
                "  to do: write false, without quotes"
            ),
        ),
        (
            "update: 1",
            (
                "update: not a value for this key\n  expected: true or false\n  got: 1\n"
                "  to do: write true, without quotes"
            ),
        ),
        (
            "profile_sample_rate: '0.5'",
            (
                "profile_sample_rate: not a value for this key\n  expected: a number\n"
                "  got: '0.5'\n  to do: write 0.5, without quotes"
            ),
        ),
        (
            "profile_sample_rate: .inf",
            ("profile_sample_rate: not a value for this key\n  expected: a finite number\n  got: .inf"),
        ),
        ("project: [p]", "project: not a value for this key\n  expected: text\n  got: a list"),
        ("region: {a: b}", "region: not a value for this key\n  expected: text\n  got: a mapping"),
        (
            "flexrs_goal: COST",
            ("flexrs_goal: not a value for this key\n  expected: COST_OPTIMIZED, SPEED_OPTIMIZED\n  got: 'COST'"),
        ),
        (
            "labels: {a: b}",
            ("labels: not a value for this key\n  expected: a list (each entry begins with '- ')\n  got: a mapping"),
        ),
        ("labels: [a, {b: c}]", "labels[1]: not a value for this key\n  expected: text\n  got: a mapping"),
        (
            "disk_typ: pd-ssd",
            ("disk_typ: unknown key\n  to do: did you mean disk_type? If not, choose a name that is less like it"),
        ),
        (
            "resources: {min_ram: 8gb}",
            (
                "resources.min_ram: not an amount of memory\n"
                "  expected: a number and a unit, as in 8GB or 512MiB\n  got: '8gb'"
            ),
        ),
        (
            "resources: {accelerator: t4}",
            (
                "resources.accelerator: not an accelerator\n"
                "  expected: type:NAME;count:N and, for a GPU of NVIDIA, ;install-nvidia-driver\n  got: 't4'"
            ),
        ),
        ("num_workers: .nan", "num_workers: not a value for this key\n  expected: a whole number\n  got: .nan"),
        ("num_workers: '.inf'", "num_workers: not a value for this key\n  expected: a whole number\n  got: '.inf'"),
        ("num_workers: '5.5'", "num_workers: not a value for this key\n  expected: a whole number\n  got: '5.5'"),
        (
            "disk_size_g: 5",
            (
                "disk_size_g: unknown key\n"
                "  to do: did you mean disk_size_gb? If not, choose a name that is less like it"
            ),
        ),
        ("model_extra: 5", "model_extra: a key that klio uses itself\n  to do: choose another name"),
    ],
)
def test_mistakes_are_told(complaint: Callable[..., str], text: str, told: str) -> None:
    assert complaint(f"{JOB}pipeline_options:\n  {text}\n") == f"klio-job.yaml:4: pipeline_options.{told}"


def test_an_unknown_disk_is_told(complaint: Callable[..., str]) -> None:
    assert complaint(f"{JOB}pipeline_options:\n  project: p\n  disk_type: ssd\n") == (
        "klio-job.yaml:3: pipeline_options: unknown disk_type\n"
        "  expected: local-ssd, pd-ssd, pd-standard, "
        "or compute.googleapis.com/projects/p/regions/europe-west1/diskTypes/… of the same project and region\n"
        "  got: 'ssd'"
    )


def test_options_that_are_no_mapping_are_told(complaint: Callable[..., str]) -> None:
    assert complaint(f"{JOB}pipeline_options: [a]\n") == (
        "klio-job.yaml:3: pipeline_options: not a value for this key\n"
        "  expected: a mapping (lines of the form 'key: value')\n"
        "  got: a list"
    )
