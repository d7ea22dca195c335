"""The image of one job as it is now: whether the engine has it, and what makes it so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from klio_cli import job_dir
from klio_cli.images import engine
from klio_cli.images.build import TREE_LABEL, build
from klio_cli.images.context import Context
from klio_cli.images.name import ImageName, name_of
from klio_cli.images.secrets import Secret
from klio_cli.places import Places
from klio_cli.terminal import Terminal
from klio_cli.version import klio_version
from klio_core.invocation import Invocation

if TYPE_CHECKING:
    from docker import DockerClient

    from klio_core.config import KlioConfig


@dataclass(frozen=True, slots=True)
class JobImage:
    """A job's image: its name, what it is built from, and whether it is in the engine."""

    name: ImageName
    job_name: str
    context: Context

    @classmethod
    def of(cls, job: Invocation, config: KlioConfig | None = None) -> JobImage:
        """Look at a job. Raises UsageError, ConfigError; no engine is asked."""
        config = config or job_dir.load(job)
        root = job.job_dir.resolve()
        context = Context.of(root, klio_version(), Places(config, root).results())
        return cls(name_of(config, job.image_tag, root, context.digest()), config.job_name, context)

    def ensure(
        self, client: DockerClient, terminal: Terminal, *, again: bool = False, secrets: Sequence[Secret] = ()
    ) -> bool:
        """Build the image where the engine has none of that name, or `again`; answer whether it was built.

        An image whose tag a person chose is taken as it is; where it was built from something else, that is said.
        """
        if not again and engine.has_image(client, str(self.name)):
            self._warn_of_another(client, terminal)
            return False
        terminal.note(f"Building {self.name}")
        build(client, self.name, self.context, self.job_name, terminal, again=again, secrets=secrets)
        return True

    def is_another(self, client: DockerClient) -> bool | None:
        """Whether the engine's image of this name was built from something else; None where it has none."""
        if not engine.has_image(client, str(self.name)):
            return None
        with engine.asking("the engine does not say what is in an image", str(self.name)):
            tree = client.images.get(str(self.name)).labels.get(TREE_LABEL)
        return tree != self.context.digest()

    def _warn_of_another(self, client: DockerClient, terminal: Terminal) -> None:
        if self.name.chosen and self.is_another(client):
            terminal.note(f"{self.name} was not built from the job as it is now; --force-build builds it again")
