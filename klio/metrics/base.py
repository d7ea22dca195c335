"""What a relay is: somebody besides Beam who is told of every metric."""

from __future__ import annotations

import abc
from typing import Any, TypeVar

T = TypeVar("T")
_ABSTRACT = "__is_abstract_attribute__"


def abstract_attr(obj: T | None = None) -> T | Any:
    """Mark a class attribute that subclasses must give a value."""
    placeholder: Any = type("AbstractAttribute", (), {})() if obj is None else obj
    setattr(placeholder, _ABSTRACT, True)
    return placeholder


class BaseMetric:
    """One update of one metric, as a relay gets it: the increment, the value that was set, the time that was taken."""

    def __init__(self, name: str, value: float = 0, transform: str | None = None, **kwargs: Any) -> None:
        self.name = name
        self.value = value
        self.transform = transform
        self.tags: dict[str, Any] = kwargs.pop("tags", None) or {}
        self.__dict__.update(kwargs)

    def update(self, value: float) -> None:
        """Replace the value."""
        self.value = value


class AbstractRelayClient(abc.ABC):
    """A relay. Subclass it, give it a RELAY_CLIENT_NAME, and hand it to `klio.metrics.relays.register`.

    For each update of a counter, gauge or timer the method of that name makes the metric, and `emit` sends it. Both
    are called in the thread of the work, so they must not wait. What `emit` raises is logged and changes nothing.
    """

    RELAY_CLIENT_NAME: str = abstract_attr()

    def __init__(self, klio_config: Any) -> None:
        if getattr(self.RELAY_CLIENT_NAME, _ABSTRACT, False):
            raise NotImplementedError(f"{type(self).__name__} needs a RELAY_CLIENT_NAME")
        self.klio_config = klio_config

    @abc.abstractmethod
    def unmarshal(self, metric: Any) -> Any:
        """Answer the metric as what is sent."""

    @abc.abstractmethod
    def emit(self, metric: Any) -> None:
        """Send one update."""

    @abc.abstractmethod
    def counter(self, name: str, value: int = 0, transform: str | None = None, **kwargs: Any) -> Any:
        """Make the update of a counter; `value` is the increment."""

    @abc.abstractmethod
    def gauge(self, name: str, value: int = 0, transform: str | None = None, **kwargs: Any) -> Any:
        """Make the update of a gauge."""

    @abc.abstractmethod
    def timer(self, name: str, value: int = 0, transform: str | None = None, **kwargs: Any) -> Any:
        """Make the update of a timer; `value` is in `timer_unit`."""
