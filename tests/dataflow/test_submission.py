"""What arrives at Dataflow when a job is submitted: the whole job, and nothing of this machine."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import soundfile
import yaml
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_runner_api_pb2 as api
from apache_beam.utils import proto_utils

from tests.dataflow.conftest import HOME, Done, Site
from tests.dataflow.server import TOKEN, Submitted
from tests.dataflow.staged import Staged
from tests.flow.kit import Cloud

pytestmark = pytest.mark.slow  # each submits a job from a process of its own

ROOT = Path(__file__).resolve().parents[2]
AUTOMIXER = ROOT / "examples" / "automixer"
IN = "projects/klio-local/subscriptions/automixer-input"
OUT = "projects/klio-local/topics/automixer-output"
PAIR = "one.wav,two.wav"


def staged(cloud: Cloud, job: Submitted, tmp_path: Path) -> Path:
    """The pipeline that was staged for a job, as a file here."""
    path = tmp_path / "pipeline.pb"
    path.write_bytes(cloud.get(job.options["pipelineUrl"]) or b"")
    return path


def resources(cloud: Cloud) -> None:
    topic = cloud.topic(OUT.replace("output", "input"))
    cloud.subscription(IN, topic)
    cloud.topic(OUT)


@pytest.fixture(scope="module", autouse=True)
def there(cloud: Cloud) -> None:
    """What the automixer's job file names."""
    resources(cloud)


def launch(site: Site, job: Path, *flags: object, **environ: str) -> Done:
    where = (f"pipeline_options.dataflow_endpoint={site.address}", "pipeline_options.temp_location=gs://bucket/tmp")
    image = "pipeline_options.sdk_container_image=eu.gcr.io/studio/automixer"
    return site.run(job, *(f"-O{one}" for one in (*where, image)), *flags, **environ)


def test_the_automixer_is_submitted_unedited_and_works_in_a_worker(site: Site, cloud: Cloud, tmp_path: Path):
    done = launch(site, AUTOMIXER, "--image-tag", "abc", "-Ojob_config.crossfade_s=1.0", USER="Ada L.")

    assert (done.status, done.out) == (0, ""), done.err
    (job,) = site.service.jobs
    letters = "gs://bucket/tmp/klio-dead-letters/automixer"
    assert f"events.dead_letters is not set: dead letters go to {letters}\n" in done.err
    pipeline = Staged(staged(cloud, job, tmp_path).read_bytes())
    assert [name for name in pipeline.names if "/" not in name and "ref_" not in name] == [
        "Decide pubsub0",
        "ParDo(AutomixerJob)",
        "Read pubsub0",
        "Write pubsub 0: done",
        "Write pubsub 0: passed on 0",
    ]
    read = pipeline.payload("beam:transform:pubsub_read:v1", api.PubSubReadPayload)
    assert (read.subscription, read.topic, read.with_attributes) == (IN, "", False)
    assert pipeline.coders == {"beam:coder:bytes:v1", "beam:coder:pickled_python:v1", "beam:coder:global_window:v1"}
    docker = proto_utils.parse_Bytes(pipeline.environment.payload, api.DockerPayload)
    assert docker.container_image == "eu.gcr.io/studio/automixer:abc"
    mixes(site, cloud, tmp_path / "pipeline.pb")


def mixes(site: Site, cloud: Cloud, pipeline: Path) -> None:
    """The author's DoFn, unpickled where the image has the job's directory, mixes two tracks."""
    for name, tempo in (("one.wav", 120.0), ("two.wav", 124.0)):
        cloud.put(f"gs://klio-local-automixer/tracks/{name}", track(tempo))
    command = [sys.executable, str(ROOT / "tests" / "dataflow" / "staged.py"), str(pipeline), "AutomixerJob", PAIR]

    worker = subprocess.run(
        command, env={**site.environment, "PYTHONPATH": str(AUTOMIXER)}, capture_output=True, text=True, cwd="/"
    )

    assert (worker.returncode, worker.stdout) == (0, PAIR), worker.stderr
    mix = cloud.get(f"gs://klio-local-automixer/mixes/{PAIR}.ogg")
    assert mix is not None
    assert soundfile.info(io.BytesIO(mix)).duration == pytest.approx(7.0, abs=1.5)


def track(tempo: float) -> bytes:
    code = (
        "import io, soundfile, sys, synth\n"
        f"samples = synth.compose({tempo}, 4.0, 1).samples\n"
        "file = io.BytesIO()\n"
        "soundfile.write(file, samples, 44100, format='WAV', subtype='PCM_16')\n"
        "sys.stdout.buffer.write(file.getvalue())\n"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=AUTOMIXER).stdout


RUN = """
import apache_beam as beam
import transforms

def run(in_pcol, config):
    return in_pcol | beam.ParDo(transforms.Shout())
"""
TRANSFORMS = """
import apache_beam as beam
from klio.transforms import decorators

class Shout(beam.DoFn):
    @decorators.handle_klio
    def process(self, data):
        with self._klio.upload(data.element) as out:
            out.write_text(self._klio.config.job_config.word)
        yield data
"""
CONFIG: dict[str, Any] = {
    "job_name": "shout",
    "pipeline_options": {
        "streaming": False,
        "project": "studio",
        "region": "europe-west1",
        "staging_location": "gs://bucket/staging",
        "temp_location": "gs://bucket/temp",
        "worker_harness_container_image": "localhost:5000/studio/shout:old",
        "worker_machine_type": "n2-standard-8",
        "worker_disk_type": "pd-ssd",
        "disk_size_gb": 50,
        "num_workers": 3,
        "max_num_workers": 9,
        "autoscaling_algorithm": "THROUGHPUT_BASED",
        "labels": ["team=audio"],
        "label": "cost=research",
        "experiments": ["shuffle_mode=service"],
        "dataflow_service_options": ["enable_prime"],
        "service_account_email": "shout@studio.iam.gserviceaccount.com",
        "subnetwork": "regions/europe-west1/subnetworks/a",
        "use_public_ips": False,
        "min_cpu_platform": "Intel Skylake",
        "number_of_worker_harness_threads": 4,
        "resources": {
            "cpu": 4,
            "min_ram": "16GB",
            "accelerator": "type:nvidia-tesla-t4;count:1",
            "max_active_bundles_per_worker": 1,
        },
    },
    "job_config": {
        "word": "hey",
        "events": {
            "inputs": [{"type": "file", "location": "gs://bucket/names.txt"}],
            "outputs": [{"type": "file", "location": "gs://bucket/done"}],
            "dead_letters": {"type": "directory", "location": "gs://bucket/dead"},
        },
        "data": {"outputs": [{"type": "gcs", "location": "gs://bucket/made", "file_suffix": ".txt"}]},
    },
}


@pytest.fixture
def shout(tmp_path: Path, cloud: Cloud, site: Site) -> Path:
    """A batch job that says all that a launch can be told."""
    cloud.put("gs://bucket/names.txt", b"ada\n")
    config = json.loads(json.dumps(CONFIG))
    config["pipeline_options"]["dataflow_endpoint"] = site.address
    return written(tmp_path / "job", config)


def written(directory: Path, config: dict[str, Any]) -> Path:
    directory.mkdir()
    for name, text in {"klio-job.yaml": yaml.safe_dump(config), "run.py": RUN, "transforms.py": TRANSFORMS}.items():
        (directory / name).write_text(text)
    return directory


BUILD = {"COMMIT_SHA": "93ec968", "BRANCH_NAME": "feature/Loud", "KLIO_CLI_VERSION": "26.11.0", "CI": "true"}
LABELS = {
    "team": "audio",
    "cost": "research",
    "klio-exec": "26-11-0",
    "klio-core": "26-11-0",
    "klio": "26-11-0",
    "branch": "feature-loud",
    "commit_sha": "93ec968",
    "klio-cli": "26-11-0",
    "deployed_by": "ci",
}
DISK = "compute.googleapis.com/projects/studio/regions/europe-west1/diskTypes/pd-ssd"


def test_all_that_a_job_file_says_arrives_under_the_names_of_today(
    site: Site, shout: Path, cloud: Cloud, tmp_path: Path
):
    done = site.run(shout, "--image-tag", "new", **BUILD)

    assert done.status == 0, done.err
    (job,) = site.service.jobs
    assert (job.name, job.project, job.region, job.body["type"]) == ("shout", "studio", "europe-west1", 1)
    assert job.body["labels"] == LABELS
    assert differing(job.options, tmp_path) == {
        "runner": "DataflowRunner",
        "project": "studio",
        "job_name": "shout",
        "region": "europe-west1",
        "dataflow_endpoint": site.address,
        "staging_location": "gs://bucket/staging/shout.*",
        "temp_location": "gs://bucket/temp/shout.*",
        "pipelineUrl": "gs://bucket/staging/shout.*/pipeline.pb",
        "sdk_container_image": "localhost:5000/studio/shout:new",
        "worker_harness_container_image": "localhost:5000/studio/shout:new",
        "machine_type": "n2-standard-8",
        "disk_type": DISK,
        "disk_size_gb": 50,
        "num_workers": 3,
        "max_num_workers": 9,
        "autoscaling_algorithm": "THROUGHPUT_BASED",
        "labels": [f"{key}={LABELS[key]}" for key in LABELS],
        "dataflow_service_options": ["enable_prime"],
        "service_account_email": "shout@studio.iam.gserviceaccount.com",
        "subnetwork": "regions/europe-west1/subnetworks/a",
        "use_public_ips": False,
        "min_cpu_platform": "Intel Skylake",
        "number_of_worker_harness_threads": 4,
        "resource_hints": [
            "cpu_count=4",
            "min_ram=16GB",
            "accelerator=type:nvidia-tesla-t4;count:1",
            "max_active_bundles_per_worker=1",
        ],
    }
    assert {"shuffle_mode=service", "enable_prime", "min_cpu_platform=Intel Skylake"} <= set(job.options["experiments"])
    hints = Staged(staged(cloud, job, tmp_path).read_bytes()).environment.resource_hints
    assert {urn.split(":")[2]: value for urn, value in hints.items()} == {
        "cpu_count": b"4",
        "min_ram_bytes": b"16000000000",
        "accelerator": b"type:nvidia-tesla-t4;count:1",
        "max_active_bundles_per_worker": b"1",
    }


def differing(options: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """What a job was told that Beam would not have said by itself; the moment of its submission is a star."""
    usual = PipelineOptions([]).get_all_options() | {"pipelineProtoHash": options["pipelineProtoHash"]}
    own = {key: value for key, value in options.items() if value != usual.get(key)}
    of_beam = {"beam_plugins", "experiments", "pickle_library", "gcp_oauth_scopes", "save_main_session"}
    return {key: _timeless(value) for key, value in own.items() if key not in of_beam}


def _timeless(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("gs://"):
        return "/".join("shout.*" if part.startswith("shout.") else part for part in value.split("/"))
    return value


def test_the_machines_that_are_wanted_arrive(site: Site, shout: Path):
    done = site.run(shout, "--image-tag", "new")

    assert done.status == 0, done.err
    pool = site.service.jobs[0].pool
    told = ("numWorkers", "machineType", "diskSizeGb", "diskType", "ipConfiguration", "numThreadsPerWorker")
    assert [pool[key] for key in told] == [3, "n2-standard-8", 50, DISK, 2, 4]
    assert pool["subnetwork"] == "regions/europe-west1/subnetworks/a"
    assert pool["autoscalingSettings"] == {"algorithm": 2, "maxNumWorkers": 9}
    assert pool["workerHarnessContainerImage"] == "localhost:5000/studio/shout:new"
    environment = site.service.jobs[0].body["environment"]
    assert environment["serviceAccountEmail"] == "shout@studio.iam.gserviceaccount.com"
    assert environment["serviceOptions"] == ["enable_prime"]


def test_the_authors_code_takes_its_job_along(site: Site, shout: Path, cloud: Cloud, tmp_path: Path):
    assert site.run(shout).status == 0
    pipeline = staged(cloud, site.service.jobs[0], tmp_path)
    command = [sys.executable, str(ROOT / "tests" / "dataflow" / "staged.py"), str(pipeline), "Shout", "ada"]

    worker = subprocess.run(
        command, env={**site.environment, "PYTHONPATH": str(shout)}, capture_output=True, text=True, cwd="/"
    )

    assert (worker.returncode, worker.stdout) == (0, "ada"), worker.stderr
    assert cloud.get("gs://bucket/made/ada.txt") == b"hey"


def test_a_job_with_a_setup_file_brings_its_packages_and_no_image(site: Site, shout: Path, cloud: Cloud):
    (shout / "setup.py").write_text("from setuptools import setup\nsetup(name='shout', py_modules=['run'])\n")

    done = site.run(shout, "-Opipeline_options.setup_file=setup.py")

    assert done.status == 0, done.err
    (job,) = site.service.jobs
    assert job.pool["workerHarnessContainerImage"].rpartition("/")[2].startswith("beam_python3.")
    assert "workflow.tar.gz" in {package["name"] for package in job.pool["packages"]}


def test_what_is_said_of_a_submission(site: Site, shout: Path):
    done = site.run(shout)

    *warnings, submitted, title, job, state, page = done.err.splitlines()
    assert [line.split(": ", 1)[1] for line in warnings] == [
        "pipeline_options.worker_machine_type is called machine_type today",
        "pipeline_options.worker_disk_type is called disk_type today",
        "pipeline_options.worker_harness_container_image is called sdk_container_image today",
        "pipeline_options.label is called labels today",
    ]
    address = f"{HOME}/{site.service.jobs[0].id}?project=studio"
    assert submitted.split(": ", 1)[1] == f"shout is submitted to Dataflow: {address}"
    assert [title, job, state, page] == [
        "shout: submitted to Dataflow",
        f"  job    {site.service.jobs[0].id}",
        "  state  PENDING",
        f"  page   {address}",
    ]


def test_no_secret_is_in_the_job_or_in_what_is_staged_or_said(site: Site, shout: Path, cloud: Cloud):
    done = site.run(shout, "--verbose")

    assert done.status == 0, done.err
    (job,) = site.service.jobs
    key = json.loads(site.key.read_text())["private_key"]
    bucket = list(cloud.storage.list_blobs("bucket", prefix="staging/shout"))
    everything = [
        done.argv,
        done.out,
        done.err,
        json.dumps(job.body),
        *(str(one.download_as_bytes()) for one in bucket),
    ]
    assert len(bucket) >= 2
    for text in everything:
        for secret in (TOKEN, str(site.key), *key.splitlines()[1:-1]):
            assert secret not in text
