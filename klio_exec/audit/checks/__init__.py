"""What is watched for while a job's tests run, a file for each. Beam is not imported before one of them begins."""

from __future__ import annotations

from klio_exec.audit.checks.temp_files_left import TempFilesLeft
from klio_exec.audit.checks.threads_left import ThreadsLeft
from klio_exec.audit.checks.unpicklable_dofn import UnpicklableDofn

ALL = (TempFilesLeft, ThreadsLeft, UnpicklableDofn)
