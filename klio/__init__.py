"""What a job author imports: decorators, transforms, the context, testing."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from klio.context import KlioContext, use_job

__all__ = ["KlioContext", "use_job"]


def __getattr__(name: str) -> Any:
    """Import the context when it is first asked for: it brings Beam, which `klio.data` alone does not need."""
    if name in __all__:
        from klio import context

        return getattr(context, name)
    raise AttributeError(f"module 'klio' has no attribute {name!r}")
