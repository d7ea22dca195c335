"""What is done to a configuration before it is judged: templates, plug-ins, overrides, in that order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from klio_core.config.nodes import Mapping as Tree
from klio_core.config.override import override
from klio_core.config.problems import InvalidConfig, Problem
from klio_core.config.read import read_tree
from klio_core.config.substitute import substitute, templates_of
from klio_core.config.tree import tree_of
from klio_core.config.values import Values

# What errors call data that is in no file.
RAW = "the configuration"
Templates = Mapping[str, str] | Sequence[str]
Plugin = Callable[[dict[str, Any]], dict[str, Any]]


class KlioConfigPreprocessor:
    """The way of every configuration, with a place for plug-ins: `fn(dict) -> dict`, for all jobs of this process."""

    plugins: ClassVar[list[Plugin]] = []

    @classmethod
    def add_plugin_preprocessor(cls, plugin: Plugin) -> None:
        """Call this function with each configuration whose templates are filled in, and go on with what it returns."""
        cls.plugins.append(plugin)

    @classmethod
    def process(
        cls,
        raw_config_data: Mapping[str, Any] | str,
        raw_template_list: Templates | None = None,
        raw_override_list: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Return the data of a text, or of raw data, when all is done to it.

        Raises:
            InvalidConfig: it is no mapping, or a template or an override cannot be used.

        """
        root = raw_tree(raw_config_data)
        values, problems = prepared(root, raw_template_list or (), raw_override_list or ())
        if problems:
            raise InvalidConfig(root.place.source, problems)
        # The root is a mapping.
        return values.data  # type: ignore[return-value]


def raw_tree(raw: Mapping[str, Any] | str, where: str = RAW) -> Tree:
    """Return the tree of a text, or of plain data."""
    return read_tree(raw, where) if isinstance(raw, str) else tree_of(dict(raw), where)


def prepared(root: Tree, templates: Templates, overrides: Sequence[str]) -> tuple[Values, list[Problem]]:
    """Return the values, and what is wrong with the templates, the overrides, and with keys that are there twice."""
    root, unresolved = substitute(root, templates_of(templates))
    root, unapplied = override(_through_plugins(root), overrides)
    values = Values.of(root)
    return values, [*unresolved, *unapplied, *values.problems]


def _through_plugins(root: Tree) -> Tree:
    for plugin in KlioConfigPreprocessor.plugins:
        # What a plug-in has made has no lines any more.
        root = tree_of(plugin(Values.of(root).data), root.place.source)  # type: ignore[arg-type] # a mapping
    return root
