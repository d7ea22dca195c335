"""What is looked for in the text of a job, a file for each."""

from __future__ import annotations

from klio_cli.audit.checks import (
    blas_threads,
    cold_image,
    element_in_path,
    figure_not_closed,
    model_in_process,
    ogg_in_one_call,
    print_in_process,
    requirement_not_pinned,
    requirements_clash,
    returns_none,
    unreadable,
)

ALL = (
    unreadable,
    requirement_not_pinned,
    requirements_clash,
    returns_none,
    model_in_process,
    ogg_in_one_call,
    figure_not_closed,
    element_in_path,
    print_in_process,
    blas_threads,
    cold_image,
)
