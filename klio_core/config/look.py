"""One value of a configuration, by its path."""

from __future__ import annotations

from klio_core.config.dump import dump
from klio_core.config.nodes import Mapping, Node
from klio_core.config.override import below, locate
from klio_core.config.problems import dotted
from klio_core.config.read import read_tree
from klio_core.config.schema.job import KlioConfig
from klio_core.config.substitute import substitute
from klio_core.config.suggest import did_you_mean
from klio_core.config.values import Values
from klio_core.errors import ConfigError


def value_at(config: KlioConfig, path: str) -> object:
    """Return what the effective configuration says at a path, as plain data.

    Raises:
        ConfigError: it says nothing there, or it is no path.

    """
    source = "the effective configuration"
    node: Node
    node, _ = substitute(read_tree(dump(config), source), {})
    steps = locate(node, path)
    for depth, step in enumerate(steps):
        inner = below(node, step)
        if inner is None:
            known = [key.text for key, _ in node.entries] if isinstance(node, Mapping) else []
            todo = did_you_mean(str(step), known)
            raise ConfigError("there is no such key, or it is not set", where=dotted(steps[: depth + 1]), todo=todo)
        node = inner
    return Values.of(node).data
