"""From YAML text to nodes: PyYAML's parser, without its types, its tags and its trust.

Refused, each with its line: text that is no YAML, tabs as indentation, a second document, tags (such as
`!!python/object`), keys that are no words, aliases that are unknown, contain themselves or multiply beyond
MAX_NODES, and nesting beyond MAX_DEPTH. Anchors, aliases and `<<` merge keys work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from klio_core.config.nodes import Mapping, Node, Scalar, Sequence
from klio_core.config.problems import InvalidConfig, Place, Problem, shown

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_NODES = 100_000

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_YAML_TAGS = "tag:yaml.org,2002:"
_MERGE = "<<"


def compose(text: str, source: str) -> Node | None:
    """Return the one document of a text as nodes, None if there is nothing in it.

    Raises:
        InvalidConfig: the text is too large, no YAML, or YAML of the kinds refused above.

    """
    _refuse_what_no_parser_reads(text, source)
    composer = _Composer(source)
    for event in _events(text, source):
        composer.take(event)
    return composer.root


def _refuse_what_no_parser_reads(text: str, source: str) -> None:
    size = len(text.encode(errors="replace"))
    if size > MAX_BYTES:
        limit = f"at most {MAX_BYTES:,} bytes"
        raise _wrong("the file is too large for a configuration", Place(source), limit, f"{size:,} bytes")
    bad = _UNPRINTABLE.search(text)
    if bad:
        place = Place(source, text.count("\n", 0, bad.start()) + 1)
        got = f"U+{ord(bad.group()):04X}"
        raise _wrong("a character that YAML does not allow", place, "printable text", got, "delete it")


def _events(text: str, source: str) -> Iterator[Any]:
    # libyaml reads ten times faster; where PyYAML was built without it, its own parser understands the same.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        raise _syntax(error, text, source) from error


def _syntax(error: yaml.MarkedYAMLError, text: str, source: str) -> InvalidConfig:
    number, line = _line_meant(error, text.splitlines())
    place = Place(source, number)
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return _wrong("a tab in the indentation", place, "spaces", todo="replace each tab by two spaces")
    todo = "look at the indentation, the colons and the quotes of this line and the one before it"
    return _wrong("this is not YAML", place, got=f"{shown(line.strip())} ({error.problem})", todo=todo)


def _line_meant(error: yaml.MarkedYAMLError, lines: list[str]) -> tuple[int, str]:
    """Return the line to look at; at the end of the text, the one where what did not end began."""
    marks = [mark.line for mark in (error.problem_mark, error.context_mark) if mark is not None]
    written = (number for number in marks if number < len(lines) and lines[number].strip())
    number = next(written, 0)
    return number + 1, lines[number] if lines else ""


@dataclass
class _Open:
    """A list or a mapping whose end has not been read yet."""

    place: Place
    is_mapping: bool
    anchor: str | None
    nodes: list[Node] = field(default_factory=list)

    def close(self) -> Node:
        if not self.is_mapping:
            return Sequence.of(tuple(self.nodes), self.place)
        pairs = list(zip(map(_key, self.nodes[::2]), self.nodes[1::2], strict=True))
        return Mapping.of(_merged(pairs), self.place)


class _Composer:
    """Takes a parser's events, and holds the tree that they have made so far."""

    def __init__(self, source: str) -> None:
        self.root: Node | None = None
        self._source = source
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._documents = 0
        # An alias counts with all that it stands for.
        self._nodes = 0

    def take(self, event: yaml.Event) -> None:
        # The parser marks every event; only its types do not say so.
        place = Place(self._source, event.start_mark.line + 1)  # type: ignore[union-attr]
        match event:
            case yaml.ScalarEvent():
                _refuse_tag(event.tag, place)
                plain = event.implicit[0] and event.tag is None
                self._add(self._counted(Scalar(event.value, place, plain), place), event.anchor)
            case yaml.AliasEvent():
                self._add(self._counted(self._known(event.anchor, place), place), None)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                _refuse_tag(event.tag, place)
                self._begin(_Open(place, isinstance(event, yaml.MappingStartEvent), event.anchor))
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                done = self._open.pop()
                self._add(done.close(), done.anchor)
            case yaml.DocumentStartEvent():
                self._begin_document(place)

    def _begin(self, node: _Open) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _wrong("nested too deep", node.place, f"at most {MAX_DEPTH} levels")
        self._open.append(node)

    def _begin_document(self, place: Place) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _wrong("a second document", place, "one", todo="delete the line '---' and what follows it")

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if self._open:
            self._open[-1].nodes.append(node)
        else:
            self.root = node

    def _counted(self, node: Node, place: Place) -> Node:
        self._nodes += node.size
        if self._nodes > MAX_NODES:
            todo = "aliases (*name) that hold other aliases multiply: write the values out"
            raise _wrong("too many values", place, f"at most {MAX_NODES:,}", todo=todo)
        if len(self._open) + node.depth > MAX_DEPTH + 1:
            raise _wrong("nested too deep", place, f"at most {MAX_DEPTH} levels")
        return node

    def _known(self, anchor: str | None, place: Place) -> Node:
        if any(node.anchor == anchor for node in self._open):
            raise _wrong(f"the alias *{anchor} stands inside the value that it names", place)
        if anchor not in self._anchors:
            todo = f"put &{anchor} before the value that is meant, above this line; a leading * needs quotes"
            raise _wrong(f"the alias *{anchor} names nothing", place, todo=todo)
        return self._anchors[anchor]


def _key(node: Node) -> Scalar:
    if not isinstance(node, Scalar):
        raise _wrong("a key that is not a word", node.place, "a word before the colon", todo="quote it")
    return node


def _merged(pairs: list[tuple[Scalar, Node]]) -> tuple[tuple[Scalar, Node], ...]:
    """Bring in what `<<` points to; keys written here win, then the first that was merged."""
    entries = [(key, value) for key, value in pairs if not _is_merge(key)]
    seen = {key.text for key, _ in entries}
    merges = [(key, value) for key, value in pairs if _is_merge(key)]
    if len(merges) > 1:
        todo = "merge several at once: <<: [*first, *second]"
        raise _wrong("the key << is there twice", merges[1][0].place, todo=todo)
    for mapping in (source for _, value in merges for source in _merge_sources(value)):
        entries += [(key, value) for key, value in mapping.entries if key.text not in seen]
        seen |= {key.text for key, _ in mapping.entries}
    return tuple(entries)


def _is_merge(key: Scalar) -> bool:
    return key.plain and key.text == _MERGE


def _merge_sources(value: Node) -> Iterator[Mapping]:
    for node in value.items if isinstance(value, Sequence) else (value,):
        if not isinstance(node, Mapping):
            raise _wrong("<< merges mappings only", node.place, "an alias of a mapping")
        yield node


def _refuse_tag(tag: str | None, place: Place) -> None:
    if tag not in (None, f"{_YAML_TAGS}str"):
        todo = "delete the tag: a configuration holds text, numbers, true, false, lists and mappings"
        got = str(tag).replace(_YAML_TAGS, "!!")
        raise _wrong("a YAML tag", place, "no tags", got, todo)


def _wrong(
    what: str, place: Place, expected: str | None = None, got: str | None = None, todo: str | None = None
) -> InvalidConfig:
    return InvalidConfig(place.source, [Problem(what, place, "", expected, got, todo)])
