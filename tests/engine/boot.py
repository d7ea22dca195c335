#!/usr/local/bin/python3
"""What starts a worker in the image that stands for Beam's, by Beam's contract of containers, as Beam's own does.

A runner starts the container with an id and its addresses. What the run is, the container asks the runner for: its
options, and the files that were staged with it. Then it becomes the worker. Or it installs such files while an image
is built, so that no worker has to.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import grpc
from apache_beam.portability.api import (
    beam_artifact_api_pb2_grpc,
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
    beam_runner_api_pb2,
    endpoints_pb2,
)
from apache_beam.runners.portability import artifact_service
from google.protobuf import json_format, text_format

DIRECTORY = "/tmp"  # where Beam's own keeps what was staged
WORKER = "apache_beam.runners.worker.sdk_worker_main"


def main() -> None:
    if "--setup_only" in sys.argv:
        install(Path(sys.argv[-1]))
        return
    given = parsed()
    info = provision(given.provision_endpoint, given.id)
    stage(info.artifact_endpoint.url or given.artifact_endpoint, info.dependencies)
    os.environ |= {
        "WORKER_ID": given.id,
        "PIPELINE_OPTIONS": json.dumps(json_format.MessageToDict(info.pipeline_options)),
        "SEMI_PERSISTENT_DIRECTORY": DIRECTORY,
        "LOGGING_API_SERVICE_DESCRIPTOR": descriptor(info.logging_endpoint.url or given.logging_endpoint),
        "CONTROL_API_SERVICE_DESCRIPTOR": descriptor(info.control_endpoint.url or given.control_endpoint),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
    }
    os.execv(sys.executable, [sys.executable, "-m", WORKER])


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("id", "logging_endpoint", "artifact_endpoint", "provision_endpoint", "control_endpoint"):
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args()


def install(manifest: Path) -> None:
    for written in json.loads(manifest.read_text()):
        told = json_format.Parse(written, beam_runner_api_pb2.ArtifactInformation())
        name = beam_runner_api_pb2.ArtifactFilePayload.FromString(told.type_payload).path
        if name.endswith(".tar.gz"):
            found = str(manifest.parent / name)
            subprocess.run(["pip", "install", "--no-index", "--no-deps", "--no-build-isolation", found], check=True)


def provision(address: str, worker: str) -> beam_provision_api_pb2.ProvisionInfo:
    with grpc.insecure_channel(address) as channel:
        service = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
        request = beam_provision_api_pb2.GetProvisionInfoRequest()
        return service.GetProvisionInfo(request, metadata=[("worker_id", worker)], timeout=60).info


def stage(address: str, dependencies: object) -> None:
    staged = Path(DIRECTORY, "staged")
    staged.mkdir(exist_ok=True)
    with grpc.insecure_channel(address) as channel:
        service = beam_artifact_api_pb2_grpc.ArtifactRetrievalServiceStub(channel)
        artifact_service.resolve_artifacts(dependencies, service, str(staged))


def descriptor(address: str) -> str:
    return text_format.MessageToString(endpoints_pb2.ApiServiceDescriptor(url=address))


if __name__ == "__main__":
    main()
