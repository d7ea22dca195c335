"""From a configuration back to YAML that loads to the same configuration."""

from __future__ import annotations

import yaml

from klio_core.config.scalars import WrittenFloat, resolve
from klio_core.config.schema.section import Section, plain_section
from klio_core.config.substitute import escape

_STRING_TAG = "tag:yaml.org,2002:str"


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's signature
        # PyYAML would set lists flush with their key; klio's files indent them.
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True

    def represent_text(self, value: str) -> yaml.ScalarNode:
        # PyYAML quotes what YAML 1.1 would misread; we quote what our own reader would, such as 1e5, and write
        # what cannot be seen as escapes.
        style = '"' if not value.isprintable() else None if isinstance(resolve(value), str) else "'"
        return self.represent_scalar(_STRING_TAG, escape(value), style=style)


_Dumper.add_representer(str, _Dumper.represent_text)
_Dumper.add_representer(WrittenFloat, lambda dumper, value: dumper.represent_float(float(value)))


def dump(config: Section) -> str:
    """Return the whole effective configuration, defaults included, in block style and in klio's order of keys.

    Templates and overrides are applied; a dollar sign is written `$$`, as templates need it.
    """
    return written(plain_section(config))


def written(value: object) -> str:
    """Return a mapping or a list as the same YAML."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf"))
