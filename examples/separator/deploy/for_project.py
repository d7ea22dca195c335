"""The job files for a project and a bucket of one's own: `python for_project.py PROJECT gs://BUCKET DIRECTORY`.

What differs from the job files beside the code is nothing but the project and the bucket.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
JOBS = ("separate", "mix", "callback")
_PROJECT, _BUCKET = "klio-local", "gs://klio-local-separator"


def job_file(job: str, project: str, bucket: str) -> str:
    """Answer the text of a job's file, its project and its bucket replaced."""
    text = (HERE.parent / job / "klio-job.yaml").read_text()
    return text.replace(_BUCKET, bucket.rstrip("/")).replace(_PROJECT, project)


def main(arguments: list[str]) -> int:
    """Write the files; answer the exit status."""
    if len(arguments) != 3 or not arguments[1].startswith("gs://"):
        print("expected: python for_project.py PROJECT gs://BUCKET DIRECTORY", file=sys.stderr)
        return 2
    project, bucket, directory = arguments
    Path(directory).mkdir(parents=True, exist_ok=True)
    for job in JOBS:
        (Path(directory) / f"{job}.yaml").write_text(job_file(job, project, bucket))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
