"""What nodes of a graph are called on the screen: as short as is certain."""

from __future__ import annotations

import os
from pathlib import Path

from klio_core.errors import UsageError
from klio_core.graph import Graph, Kind, Node
from klio_core.names import parse_resource


class Labels:
    """Topics by their name where all are of one project, files relative to the directory that holds all jobs."""

    def __init__(self, graph: Graph) -> None:
        places = [job.directory.absolute() for job in graph.jobs.values()]
        self._base = Path(os.path.commonpath(places)) if len(places) > 1 else None
        topics = [_topic(node) for node in graph.nodes if node.kind is Kind.EVENTS]
        self._one_project = len({topic[0] for topic in topics if topic}) == 1

    def __call__(self, node: Node) -> str:
        """Answer what to call a node."""
        topic = _topic(node)
        if topic is not None:
            return topic[1] if self._one_project else "/".join(topic)
        if self._base is not None and Path(node.name).is_relative_to(self._base):
            return str(Path(node.name).relative_to(self._base))
        return node.name


def _topic(node: Node) -> tuple[str, str] | None:
    try:
        found = parse_resource(node.name)
    except UsageError:
        return None
    return found.project, found.name
