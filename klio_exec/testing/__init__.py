"""The part of klio.testing that runs whole jobs. Tests import it from there."""

from klio_exec.testing.cloud import LocalCloud, local_cloud
from klio_exec.testing.job import JobOnCloud

__all__ = ["JobOnCloud", "LocalCloud", "local_cloud"]
