from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.api_core.client_options import ClientOptions
from google.cloud import storage
from google.cloud.devtools import cloudbuild_v1
from google.oauth2.credentials import Credentials

from klio_cli.images.cloud_build import ELSEWHERE
from klio_exec.local.objects import local_objects
from tests.cli.image.cloud_build_server import PAGE, TOKEN, Asked, Service, built, cloud_build_server
from tests.flow.bigquery_server import key_file
from tests.flow.kit import eventually

REPOSITORY = "europe-docker.pkg.dev/studio/jobs/hello"
DIGEST = f"sha256:{'ab' * 32}"
FLAGS = (
    "-Opipeline_options.project=studio",
    "-Opipeline_options.staging_location=gs://staging/jobs/",
    f"-Opipeline_options.sdk_container_image={REPOSITORY}",
)
FOLDER = "jobs/klio-images/hello"


@dataclass(frozen=True)
class There:
    """A Cloud Build and an object store, and Google's own clients of both."""

    service: Service
    address: str
    objects: storage.Bucket
    job: Path

    @property
    def builds(self) -> cloudbuild_v1.CloudBuildClient:
        """Google's own client of that service."""
        options = ClientOptions(api_endpoint=self.address)
        return cloudbuild_v1.CloudBuildClient(credentials=Credentials(TOKEN), transport="rest", client_options=options)

    def log(self, build: Asked, text: str) -> None:
        self.objects.blob(f"{FOLDER}/log-{build.id}.txt").upload_from_string(text.encode())

    def fetched(self, build: Asked) -> dict[str, bytes]:
        """What the builder fetches: the files of the source that it was told of, by their names."""
        source = build.body["source"]["storageSource"]
        blob = self.objects.blob(source["object"], generation=int(source["generation"]))
        with tarfile.open(fileobj=io.BytesIO(blob.download_as_bytes()), mode="r:gz") as archive:
            return {entry.name: archive.extractfile(entry).read() for entry in archive if entry.isfile()}


@pytest.fixture
def there(klio, tmp_path: Path) -> Iterator[There]:
    klio("job", "create", "hello", "--output", tmp_path / "hello")
    with (
        cloud_build_server() as (service, address),
        local_objects(make_buckets=True) as objects,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("STORAGE_EMULATOR_HOST", objects)
        patch.setenv(ELSEWHERE, f"{address}/")
        patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file(tmp_path, address)))
        patch.setenv("NO_GCE_CHECK", "true")
        client = storage.Client(project="studio")
        yield There(service, address, client.bucket("staging"), tmp_path / "hello")
        client.close()


def build(klio, there: There, *flags: str):
    return klio("image", "build", "-j", there.job, "--backend", "cloud-build", *FLAGS, *flags)


def test_an_image_is_built_and_pushed_and_its_log_comes_as_it_is_written(klio, there: There):
    def becomes(asked: Asked) -> None:
        asked.status = "WORKING"
        there.log(asked, "Step 1/4 : FROM ä\n" if asked.looks < 3 else "Step 1/4 : FROM ä\nPUSH\n")
        if asked.looks == 3:
            built(asked, DIGEST)

    there.service.becomes = becomes

    screen = build(klio, there)

    assert screen.status == 0, screen.err
    image = screen.out.strip()
    assert image.startswith(f"{REPOSITORY}:")
    assert screen.err == (
        f"Building {image} by Cloud Build in studio\nStep 1/4 : FROM ä\nPUSH\nIt is pushed: {REPOSITORY}@{DIGEST}\n"
    )


def test_what_arrives_is_a_build_as_google_knows_it_of_what_an_engine_here_would_get(klio, there: There):
    (there.job / ".env").write_text("hush")
    (there.job / ".dockerignore").write_text("notes.txt\n")
    (there.job / "notes.txt").write_text("mine")
    there.service.becomes = lambda asked: setattr(asked, "status", "CANCELLED")

    build(klio, there, "--image-tag", "v1")

    (asked,) = there.service.builds
    # Google's own types refuse what is no field of a build, and its own client reads this service as it reads that.
    read = cloudbuild_v1.Build.from_json(json.dumps(asked.body))
    found = there.builds.get_build(name=f"projects/studio/locations/global/builds/{asked.id}")
    assert (found.source, found.status) == (read.source, cloudbuild_v1.Build.Status.CANCELLED)
    (step,) = read.steps
    assert (step.name, list(step.env)) == ("gcr.io/cloud-builders/docker", ["DOCKER_BUILDKIT=1"])
    assert list(step.args[:4]) == ["build", "--tag", f"{REPOSITORY}:v1", "--label"]
    assert (step.args[4], step.args[-1]) == ("klio.job=hello", ".")
    assert list(read.images) == [f"{REPOSITORY}:v1"]
    assert read.logs_bucket == f"gs://staging/{FOLDER}"
    assert read.options.logging == cloudbuild_v1.BuildOptions.LoggingMode.GCS_ONLY
    files = there.fetched(asked)
    assert files["Dockerfile"] == (there.job / "Dockerfile").read_bytes()
    assert files["transforms.py"] == (there.job / "transforms.py").read_bytes()
    assert {".env", "notes.txt"} & set(files) == set()


def test_a_step_that_fails_is_an_error_with_the_page_and_the_services_words(klio, there: There):
    def becomes(asked: Asked) -> None:
        there.log(asked, "no such wheel\n")
        asked.status = "FAILURE"
        asked.told = {"failureInfo": {"type": "USER_BUILD_STEP", "detail": "Build step failure: exit status 1"}}

    there.service.becomes = becomes

    screen = build(klio, there)

    assert (screen.status, screen.out) == (5, "")
    assert screen.err.splitlines()[1:] == [
        "no such wheel",
        "Error: the image could not be built",
        f"  at: {PAGE}/build-0?project=studio",
        "  got: FAILURE: Build step failure: exit status 1",
        "  to do: the log above says which step failed",
    ]


def test_a_service_that_says_no_is_an_error_that_says_what_to_ask_for(klio, there: There):
    there.service.refuses = (403, "Cloud Build API has not been used in project studio before or it is disabled.")

    screen = build(klio, there)

    assert screen.status == 6
    assert "Error: Cloud Build refused\n" in screen.err
    assert "got: 403 Cloud Build API has not been used in project studio" in screen.err


def test_without_credentials_that_is_said(klio, there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))

    screen = build(klio, there)

    assert screen.status == 6
    assert "Error: this machine has no credentials for Google Cloud\n" in screen.err
    assert there.service.builds == []


def test_no_secret_is_in_what_is_asked_for_sent_or_said(klio, there: There):
    there.service.becomes = lambda asked: setattr(asked, "status", "CANCELLED")
    key = Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"])

    screen = build(klio, there)

    (asked,) = there.service.builds
    everything = json.dumps(asked.body) + str(there.fetched(asked)) + screen.err
    for secret in (TOKEN, str(key), *json.loads(key.read_text())["private_key"].splitlines()[1:-1]):
        assert secret not in everything


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("-Opipeline_options.project=null", "Cloud Build needs a project that pays for the build"),
        ("-Opipeline_options.staging_location=/tmp/x", "Cloud Build needs a bucket from which it fetches the job"),
        ("-Opipeline_options.sdk_container_image=hello", "the job file does not say where its image is pushed to"),
        ("--secret=id=a", "a secret of this machine is not handed to cloud-build"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_sent(klio, there: There, flag: str, said: str):
    screen = build(klio, there, flag)

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith(f"Error: {said}\n")
    assert there.service.builds == []


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_stopped_cancels_its_build(there: There, number: signal.Signals, status: int):
    command = [sys.executable, "-m", "klio_cli.app", "image", "build", "--backend", "cloud-build", *FLAGS]
    started = subprocess.Popen(command, cwd=there.job, env=os.environ, stderr=subprocess.PIPE, text=True)
    with started as building:
        eventually(lambda: there.service.builds and there.service.builds[0].looks > 1)
        building.send_signal(number)
        _, said = building.communicate(timeout=60)

    assert building.returncode == status
    assert there.service.builds[0].status == "CANCELLED"
    assert said.rstrip().endswith(f"the build is cancelled: {PAGE}/build-0?project=studio")
