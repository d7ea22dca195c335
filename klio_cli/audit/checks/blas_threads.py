from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from klio_cli.audit.job import Job
from klio_core.finding import Check, Finding, Grade

CHECK = Check(
    "blas-threads",
    Grade.WARNING,
    "numerical libraries that nobody tells how many threads to take",
    why="each worker process takes as many threads as the machine has processors: eight processes on eight of them are "
    "64 threads, which wait for each other",
    mend="ENV OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 in the Dockerfile",
)

_LIBRARIES = {"jax", "librosa", "numpy", "scipy", "sklearn", "tensorflow", "torch"}
_LIMITS = re.compile(r"\b(?:OMP|OPENBLAS|MKL)_NUM_THREADS\b")
_LIMITING = {"threadpoolctl.threadpool_limits", "torch.set_num_threads"}


def find(job: Job) -> Iterator[Finding]:
    """Yield the first import of such a library, where several processes work on one machine and nothing limits it.

    `klio job run --workers` gives each process its share.
    """
    if job.config.pipeline_options.runner.lower() == "directrunner" or _is_limited(job):
        return
    for module, line, name in job.imports_of(_LIBRARIES):
        yield CHECK.found(f"{name} takes as many threads as there are processors", module.file, line)
        return


def _is_limited(job: Job) -> bool:
    written = [job.dockerfile, *(path.read_text() for path in sorted(job.root.glob("kubernetes/*.y*ml")))]
    texts = [n.value for m in job.modules for n in ast.walk(m.tree) if isinstance(n, ast.Constant)]
    said = [*written, *(text for text in texts if isinstance(text, str))]
    return any(map(_LIMITS.search, said)) or any(name in _LIMITING for _, _, name in job.calls)
