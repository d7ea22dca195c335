"""Overrides: `a.b[0].c=value` on the command line, over what the file says.

The value is read as YAML reads a word (`false`, `5`), is text in quotes (`"5"`), or a list or mapping in brackets
(`[a, b]`); after the first `=` everything belongs to it. An entry of a list is addressed by index, by its `name`,
or, if it has no name, by its type and number among such (`pubsub0`, `file1`). A name that is not there yet
begins a new entry if its `type` is overridden too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence as Listing
from dataclasses import dataclass

from klio_core.config.compose import MAX_DEPTH, compose
from klio_core.config.nodes import Mapping, Node, Scalar, Sequence
from klio_core.config.problems import InvalidConfig, KeyPath, Place, Problem, dotted
from klio_core.config.suggest import did_you_mean

_KEY = r"[^.\[\]=]+(?:\[[0-9]{1,6}\])*"
_PATH = re.compile(rf"{_KEY}(?:\.{_KEY})*")
_STEP = re.compile(r"\[([0-9]+)\]|([^.\[\]]+)")
_EXAMPLE = "path=value, such as pipeline_options.streaming=false"
_LISTS = frozenset(("job_config", section, side) for section in ("events", "data") for side in ("inputs", "outputs"))


@dataclass(frozen=True)
class _Override:
    path: KeyPath
    value: Node
    place: Place


def override(root: Mapping, given: Listing[str]) -> tuple[Mapping, list[Problem]]:
    """Return the tree with the overrides applied in order, and what is wrong with those that were not."""
    problems: list[Problem] = []
    overrides: list[_Override] = []
    for text in given:
        try:
            overrides.append(_parsed(text))
        except InvalidConfig as error:
            problems += error.problems
    # A new entry begins with its type, whichever of its keys was written first.
    for one in sorted(overrides, key=lambda one: one.path[-1] != "type"):
        try:
            root = _put_in_mapping(root, one, 0)
        except InvalidConfig as error:
            problems += error.problems
    return root, problems


def locate(root: Mapping, path: str) -> KeyPath:
    """Return the keys, and the numbers of entries, that lead to what a path such as `a.b[0].c` means.

    What is not there yet keeps the name that it has in the path.

    Raises:
        InvalidConfig: it is no path, or a list has no such entry.

    """
    place = Place(f"path {path!r}")
    one = _Override(_steps(path, place, "not a path", "a path, such as job_config.events"), Scalar("", place), place)
    node: Node | None = root
    found: list[object] = []
    for depth, step in enumerate(one.path):
        found.append(_index(node, one, depth) if isinstance(node, Sequence) else step)
        node = below(node, found[-1])
    return tuple(found)


def below(node: Node | None, step: object) -> Node | None:
    """Return what a mapping holds under a key, or a list at a number; None where there is nothing."""
    match node, step:
        case Mapping(), str():
            return node.get(step)
        case Sequence(), int() if step < len(node.items):
            return node.items[step]
    return None


def _parsed(text: str) -> _Override:
    place = Place(f"override {text!r}" if len(text) <= 100 else f"override {text[:100]!r}...")
    path, equals, value = text.partition("=")
    if not equals:
        raise _wrong("not an override", place, (), _EXAMPLE)
    return _Override(_steps(path, place), _value(value, place), place)


def _steps(path: str, place: Place, what: str = "not an override", example: str = _EXAMPLE) -> KeyPath:
    if not _PATH.fullmatch(path.strip()):
        raise _wrong(what, place, (), example)
    steps = tuple(int(index) if index else key.strip() for index, key in _STEP.findall(path.strip()))
    if len(steps) > MAX_DEPTH:
        raise _wrong("nested too deep", place, (), f"at most {MAX_DEPTH} levels")
    return steps


def _value(text: str, place: Place) -> Node:
    # `key=` says "the empty text"; `key=null` says "nothing".
    if text[:1] not in ("'", '"', "[", "{"):
        return Scalar(text, place, plain=bool(text))
    try:
        node = compose(text, place.source)
    except InvalidConfig as error:
        todo = "close the quotes and brackets, or put the whole value in quotes"
        raise _wrong(f"the value cannot be read: {error.problems[0].what}", place, (), todo=todo) from None
    return _moved(node, place) if node else Scalar("", place)


def _moved(node: Node, place: Place) -> Node:
    """Say of a value that it comes from the override, not from a line."""
    match node:
        case Scalar():
            return Scalar(node.text, place, node.plain)
        case Sequence():
            return Sequence.of(tuple(_moved(item, place) for item in node.items), place)
        case Mapping():
            pairs = ((Scalar(key.text, place, key.plain), _moved(value, place)) for key, value in node.entries)
            return Mapping.of(tuple(pairs), place)


def _put(node: Node | None, one: _Override, depth: int) -> Node:
    """Return a copy of a node in which the rest of the override's path, from `depth` on, holds its value."""
    if depth == len(one.path):
        return one.value
    if node is None or (isinstance(node, Scalar) and node.plain and not node.text):
        return _put(_new(one, depth), one, depth)
    match node:
        case Mapping():
            return _put_in_mapping(node, one, depth)
        case Sequence():
            return _put_in_list(node, one, depth)
    raise _wrong(f"{dotted(one.path[:depth])} holds a single value", one.place, one.path, got=repr(node.text))


def _new(one: _Override, depth: int) -> Node:
    if one.path[:depth] in _LISTS:
        return Sequence.of((), one.place)
    return Mapping.of((), one.place)


def _put_in_mapping(node: Mapping, one: _Override, depth: int) -> Mapping:
    step = one.path[depth]
    if isinstance(step, int):
        raise _wrong(f"{dotted(one.path[:depth])} is not a list", one.place, one.path, got="a mapping")
    # What is overridden says so in errors; the keys around it keep the lines of the file.
    key = Scalar(str(step), one.place, plain=False)
    return node.put(key, _put(node.get(key.text), one, depth + 1))


def _put_in_list(node: Sequence, one: _Override, depth: int) -> Sequence:
    index = _index(node, one, depth)
    items = list(node.items)
    if index == len(items):
        name = (Scalar("name", one.place), Scalar(str(one.path[depth]), one.place, plain=False))
        items.append(Mapping.of((name,), one.place))
    items[index] = _put(items[index], one, depth + 1)
    return Sequence.of(tuple(items), node.place)


def _index(node: Sequence, one: _Override, depth: int) -> int:
    step, names = one.path[depth], _handles(node)
    index = names.index(step) if step in names else int(str(step)) if str(step).isdecimal() else None
    if index is not None and index < len(names):
        return index
    begins_an_entry = one.path[:depth] in _LISTS and one.path[depth + 1 :] == ("type",)
    if index is None and begins_an_entry:
        return len(names)
    known = ", ".join(f"{name} or [{number}]" if name else f"[{number}]" for number, name in enumerate(names))
    todo = did_you_mean(str(step), filter(None, names))
    if todo is None and one.path[:depth] in _LISTS:
        todo = f"to add an entry, override {dotted(one.path[: depth + 1])}.type too"
    what = f"there is no entry {step} in {dotted(one.path[:depth])}"
    raise _wrong(what, one.place, one.path, known or "a list with entries", todo=todo)


def _handles(node: Sequence) -> list[str]:
    """Return what each entry of a list is called, "" where it cannot be called anything."""
    counts: Counter[str] = Counter()
    handles = []
    for item in node.items:
        name, kind = (_word(item, "name"), _word(item, "type").lower())
        handles.append(name or (f"{kind}{counts[kind]}" if kind else ""))
        counts[kind] += not name
    return handles


def _word(node: Node, key: str) -> str:
    value = node.get(key) if isinstance(node, Mapping) else None
    return value.text if isinstance(value, Scalar) else ""


def _wrong(
    what: str,
    place: Place,
    path: KeyPath,
    expected: str | None = None,
    *,
    got: str | None = None,
    todo: str | None = None,
) -> InvalidConfig:
    return InvalidConfig(place.source, [Problem(what, place, dotted(path), expected, got, todo)])
