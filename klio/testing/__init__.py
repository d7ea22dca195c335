"""What tests of jobs are made of: one element through the code, stores that fail on purpose, a cloud of one's own."""

from typing import TYPE_CHECKING, Any

from klio.testing.faulty import FaultyStore
from klio.testing.one import run_one
from klio.testing.result import Result

if TYPE_CHECKING:
    from klio_exec.testing import JobOnCloud, LocalCloud, local_cloud

__all__ = ["FaultyStore", "JobOnCloud", "LocalCloud", "Result", "local_cloud", "run_one"]


def __getattr__(name: str) -> Any:
    """Import what runs whole jobs when it is first asked for."""
    if name in __all__:
        import klio_exec.testing

        return getattr(klio_exec.testing, name)
    raise AttributeError(f"module 'klio.testing' has no attribute {name!r}")
