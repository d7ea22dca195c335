"""What web.yaml may say, and whoever starts the front: one model for the file, the environment and the options."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from klio_core.config.judge import judged
from klio_core.config.preprocess import prepared
from klio_core.config.problems import Place
from klio_core.config.read import read_text, read_tree
from klio_core.config.schema.scalars import Count, Flag, Natural, Seconds, Word
from klio_core.config.schema.section import Section
from web.guard.address import networks

PREFIX = "SEPARATOR_"
FILE = Path(__file__).with_name("web.yaml")

Directory = Annotated[Word, AfterValidator(lambda text: str(Path(text).expanduser()))]


def _networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    networks(texts)  # raises ValueError
    return texts


class Settings(Section):
    """All that can be chosen. Sizes are in MB of 1 000 000 bytes, times in seconds."""

    host: Word = "127.0.0.1"
    port: Annotated[Natural, Field(le=65535)] = 8080
    jobs: Directory = ".."
    """The directory of the job directories; from web.yaml, unless it is absolute."""
    max_upload_mb: Count = 200
    signed_urls: Flag = False
    """Whether stems are answered by a redirect to Cloud Storage, with a URL that is good for some minutes."""
    patience_s: Seconds = 5.0
    """For how long a request asks a store, or Pub/Sub, again that does not answer."""
    heartbeat_s: Seconds = 15.0
    """The pause after which an event stream with nothing to say says so."""
    look_again_s: Seconds = 30.0
    """How often all objects are listed again, whatever the records have told."""
    shutdown_s: Seconds = 10.0
    """For how long requests may go on when the front is told to end."""
    tokens_file: Word | None = None
    """Who may come in, as `python -m web.token` writes it; none: everybody."""
    hosts: Annotated[tuple[Word, ...], Field(strict=False)] = ()
    """The names that the service answers to; none: to all."""
    trusted_proxies: Annotated[tuple[Word, ...], Field(strict=False), AfterValidator(_networks)] = ()
    """Addresses and networks of proxies, whose X-Forwarded-For is believed."""
    uploads_per_minute: Natural = 60
    """For each token, or address; 0: as many as there are."""
    requests_per_minute: Natural = 1200
    streams_per_client: Natural = 20
    """How many streams of events a token, or an address, may listen to at a time; 0: as many as there are."""
    uploading_mb: Count = 1000
    """How much may be on its way into the store at one moment, on this machine's disk."""
    silence_s: Seconds = 20.0
    """The longest pause of a client in the middle of its request."""
    grace_s: Seconds = 30.0
    """After which a client must have sent 2 kB in each second since it began."""

    @property
    def max_upload_bytes(self) -> int:
        """The size of the largest upload."""
        return self.max_upload_mb * 1_000_000

    @property
    def jobs_dir(self) -> Path:
        """Where the jobs are."""
        return (FILE.parent / self.jobs).resolve()


def read(path: Path = FILE, environment: Mapping[str, str] | None = None, overrides: Sequence[str] = ()) -> Settings:
    """Answer the settings of a file, then of `SEPARATOR_…` variables, then of texts such as `port=8081`.

    Raises:
        InvalidConfig: a ConfigError that lists everything that is wrong, with its place.

    """
    root = read_tree(read_text(path), str(path))
    values, problems = prepared(root, (), [*_said(os.environ if environment is None else environment), *overrides])
    return judged(Settings, values, Place(str(path), root.place.line), problems)


def _said(environment: Mapping[str, str]) -> list[str]:
    found = sorted(name for name in environment if name.startswith(PREFIX))
    return [f"{name.removeprefix(PREFIX).lower()}={environment[name]}" for name in found]
