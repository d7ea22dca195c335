"""What a job author imports: decorators, transforms, the context, testing."""

from klio.context import KlioContext, use_job

__all__ = ["KlioContext", "use_job"]
