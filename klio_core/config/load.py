"""From a file, or a text, to a configuration that holds.

read → substitute templates → plug-ins → apply overrides → values → models and rules; each step tells all that is
wrong, and what is wrong is raised once, together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from klio_core.config.judge import judged
from klio_core.config.preprocess import RAW, Templates, prepared
from klio_core.config.problems import Place
from klio_core.config.read import read_text, read_tree
from klio_core.config.schema.job import KlioConfig
from klio_core.config.values import Values


def load(path: Path, *, overrides: Sequence[str] = (), templates: Templates = ()) -> KlioConfig:
    """Return the configuration in a file.

    `overrides` are texts such as `job_config.events.inputs[0].topic=…`, `templates` values for `${KEY}` by KEY, or
    as texts `KEY=value`.

    Raises:
        InvalidConfig: a ConfigError that lists every problem with its file, line and path.

    """
    return parse(read_text(path), str(path), overrides=overrides, templates=templates)


def parse(
    text: str,
    where: str = "klio-job.yaml",
    *,
    overrides: Sequence[str] = (),
    templates: Templates = (),
) -> KlioConfig:
    """Return the configuration in a text; `where` is what errors call it. Otherwise as `load`."""
    root = read_tree(text, where)
    values, problems = prepared(root, templates, overrides)
    return judged(KlioConfig, values, Place(where, root.place.line), problems)


def build(data: Mapping[str, object], where: str = RAW) -> KlioConfig:
    """Return the configuration that plain data describes, as `as_dict` returns it. Raises as `load`."""
    return judged(KlioConfig, Values(dict(data)), Place(where), [])
