"""Templates: `${KEY}` in a configuration becomes the value given for KEY, in keys and in values.

`$KEY` is the same where no letter, digit or `_` follows, `$$` is a dollar sign, and any other `$` is itself.
Case is kept. A value is never read as YAML again: it is text, save that a word without quotes which is nothing
but one variable means what that word would mean, so `streaming: ${LIVE}` can be false.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Lookup
from collections.abc import Sequence as Listing
from dataclasses import dataclass, field, replace

from klio_core.config.nodes import Mapping, Node, Scalar, Sequence
from klio_core.config.problems import InvalidConfig, Place, Problem
from klio_core.config.suggest import did_you_mean

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>[^{}]*)\}|(?P<bare>[A-Za-z_][A-Za-z0-9_]*)|(?P<open>\{))")


def templates_of(given: Lookup[str, str] | Listing[str]) -> dict[str, str]:
    """Return the values by name; a list holds them as `KEY=value`, where only the first `=` counts.

    Raises:
        InvalidConfig: an entry is not of that form.

    """
    if isinstance(given, Lookup):
        return dict(given)
    pairs = [(entry, *entry.partition("=")) for entry in given]
    wrong = [entry for entry, key, equals, _ in pairs if not equals or not re.fullmatch(_NAME, key.strip())]
    if wrong:
        raise InvalidConfig("the templates", [_malformed(entry) for entry in wrong])
    return {key.strip(): value for _, key, _, value in pairs}


def substitute(root: Mapping, templates: Lookup[str, str]) -> tuple[Mapping, list[Problem]]:
    """Return the tree with its variables replaced, and what is wrong with those that are left."""
    substitution = _Substitution(templates)
    return substitution.mapping(root), substitution.problems


def escape(text: str) -> str:
    """Write a text so that it substitutes to itself."""
    return text.replace("$", "$$")


@dataclass
class _Substitution:
    templates: Lookup[str, str]
    problems: list[Problem] = field(default_factory=list)

    def node(self, node: Node) -> Node:
        match node:
            case Scalar():
                return self.scalar(node)
            case Sequence():
                return Sequence.of(tuple(map(self.node, node.items)), node.place)
            case Mapping():
                return self.mapping(node)

    def mapping(self, node: Mapping) -> Mapping:
        entries = ((self.scalar(key), self.node(value)) for key, value in node.entries)
        return Mapping.of(tuple(entries), node.place)

    def scalar(self, node: Scalar) -> Scalar:
        if "$" not in node.text:
            return node
        whole = _VARIABLE.fullmatch(node.text)
        stays_plain = node.plain and whole is not None and not whole["dollar"]
        text = _VARIABLE.sub(lambda found: self.value(found, node.place), node.text)
        return replace(node, text=text, plain=stays_plain or (node.plain and text == node.text))

    def value(self, found: re.Match[str], place: Place) -> str:
        if found["dollar"]:
            return "$"
        name = found["bare"] or found["braced"] or ""
        if name in self.templates:
            return self.templates[name]
        self.problems.append(self.missing(name, found.group(), place))
        return found.group()

    def missing(self, name: str, written: str, place: Place) -> Problem:
        if not re.fullmatch(_NAME, name):
            todo = "write ${NAME} with a name of letters, digits and _, or $$ for a dollar sign"
            return Problem("not a template variable", place, got=written, todo=todo)
        todo = did_you_mean(name, self.templates) or f"give it: -T {name}=value; a dollar sign itself is $$"
        given = ", ".join(sorted(self.templates)) or "none"
        return Problem(f"no value for the template {written}", place, got=f"values for: {given}", todo=todo)


def _malformed(entry: str) -> Problem:
    place = Place(f"template {entry!r}")
    return Problem("not a template", place, expected="KEY=value, with a KEY of letters, digits, '_', '.', '-'")
