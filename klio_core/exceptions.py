"""klio's name of what is wrong with a template, for programs that import it."""

from klio_core.errors import ConfigError

__all__ = ["KlioConfigTemplatingException"]


class KlioConfigTemplatingException(ConfigError):
    """A `${KEY}` of the job file has no value."""

    def __init__(self, key: str) -> None:
        super().__init__(f"Error templating klio-job.yaml: the key '{key}' is missing", got=f"${{{key}}}")
