"""Where a person wants a job: which cluster, and which namespace there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from klio_cli.kubernetes import kubeconfig
from klio_cli.kubernetes.cluster import Cluster
from klio_core.errors import CloudError, EngineError, UsageError

if TYPE_CHECKING:
    from klio_cli.kubernetes.manifests import Manifests
    from klio_core.config import KlioConfig

RUNNER = "DirectGKERunner"


@dataclass(frozen=True, slots=True)
class Spot:
    """A context of kubectl's and a namespace, as they were given; what was not is in files."""

    context: str | None = None
    namespace: str | None = None

    @property
    def is_given(self) -> bool:
        """Whether it was said by an option at all."""
        return bool(self.context or self.namespace)

    def check(self, manifests: Manifests) -> None:
        """Raise UsageError for manifests that name another namespace than the one given."""
        written = manifests.namespace
        if self.namespace and written not in {None, self.namespace}:
            where = manifests.deployment.file
            raise UsageError(
                "the manifests are for another namespace", where=where, expected=self.namespace, got=written
            )

    def cluster(self, config: KlioConfig | None = None, manifests: Manifests | None = None) -> Cluster:
        """Answer the cluster and the namespace: the one given, else that of the manifests, the job file, the context.

        Raises EngineError where the client is not installed, UsageError for an unknown context, CloudError where no
        cluster is named or there are no credentials.
        """
        return Cluster(kubeconfig.context(self.context), self._namespace(config, manifests))

    def lines(self, config: KlioConfig, manifests: Manifests) -> Iterator[tuple[str, str]]:
        """Yield what to tell people of it; no cluster is asked. Raises UsageError for an unknown context."""
        try:
            found = kubeconfig.context(self.context)
        except (CloudError, EngineError) as error:
            yield "cluster", f"not known: {error.what}"
            return
        yield "cluster", found.name
        yield "namespace", self._namespace(config, manifests) or found.namespace

    def _namespace(self, config: KlioConfig | None, manifests: Manifests | None) -> str | None:
        written = manifests.namespace if manifests else None
        return self.namespace or written or (config.pipeline_options.gke_namespace if config else None)
