"""Where in a YAML text the value at a path is, by the marks of PyYAML's parser; what to put there instead.

For texts and paths of a common form. What raises LookupError or ValueError here, or gives another configuration than
was meant (a value that an alias stands for, a merged key), is for the caller to find and refuse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from klio_core.config.problems import KeyPath

_STEP = "  "


@dataclass(frozen=True)
class _Entry:
    """What the text holds at a path: a value, its key if it has one, and its number among those around it."""

    around: yaml.CollectionNode
    number: int
    key: yaml.Node | None
    value: yaml.Node

    @property
    def start(self) -> int:
        return _start(self.key or self.value)

    @property
    def next_start(self) -> int:
        following = self.around.value[self.number + 1]
        return _start(following[0] if self.key else following)


def _entry(text: str, path: KeyPath) -> _Entry:
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    found = None
    for step in path:
        if isinstance(node, yaml.SequenceNode):
            number = int(str(step))
            found = _Entry(node, number, None, node.value[number])
        else:
            keys = [key.value for key, _ in node.value]
            found = _Entry(node, keys.index(step), *node.value[keys.index(step)])
        node = found.value
    if found is None:
        raise LookupError(path)
    return found


def replace(text: str, path: KeyPath, value: str) -> str:
    """Return the text with another value at a path."""
    entry = _entry(text, path)
    start, end = _start(entry.value), _end(entry.value)
    if entry.key is not None and _is_block(entry.value):
        start = text.index(":", _mark(entry.key.end_mark)) + 1
    gap = " " if start == end or text[start - 1] == ":" else ""
    # A text over several lines ends after its last line.
    tail = "\n" if text[start:end].endswith("\n") else ""
    return text[:start] + gap + value + tail + text[end:]


def add(text: str, path: KeyPath, keys: list[str], value: str) -> str:
    """Return the text with a new key, and those that lead to it from there, in the mapping at a path."""
    if not path:
        return _after(text, yaml.compose(text, Loader=yaml.SafeLoader), keys, value)
    entry = _entry(text, path)
    if isinstance(entry.value, yaml.MappingNode):
        return _after(text, entry.value, keys, value)
    if entry.key is None or not isinstance(entry.value, yaml.ScalarNode):
        raise LookupError(path)
    start, end = _start(entry.value), _end(entry.value)
    block = _block(keys, value, entry.key.start_mark.column + len(_STEP))
    return text[:start].rstrip(" ") + "\n" + block.rstrip("\n") + text[end:]


def _after(text: str, mapping: Any, keys: list[str], value: str) -> str:
    """Put new keys behind the last that a mapping holds."""
    flow = ": {".join(keys) + f": {value}" + "}" * (len(keys) - 1)
    if not mapping.value:
        inside = _start(mapping) + 1
        return text[:inside] + flow + text[inside:]
    end = _end(mapping.value[-1][1])
    if mapping.flow_style:
        return f"{text[:end]}, {flow}{text[end:]}"
    end = _line_end(text, end)
    gap = "" if text[:end].endswith("\n") else "\n"
    return text[:end] + gap + _block(keys, value, mapping.value[0][0].start_mark.column) + text[end:]


def _block(keys: list[str], value: str, indent: int) -> str:
    lines = [f"{' ' * indent}{_STEP * depth}{key}:" for depth, key in enumerate(keys)]
    return "\n".join(lines) + f" {value}\n"


def remove(text: str, path: KeyPath) -> str:
    """Return the text without what is at a path."""
    entry = _entry(text, path)
    if len(entry.around.value) == 1:
        return replace(text, path[:-1], "{}" if entry.key else "[]")
    end, is_last = _end(entry.value), entry.number + 1 == len(entry.around.value)
    if entry.around.flow_style:
        if not is_last:
            return text[: entry.start] + text[entry.next_start :]
        before = entry.around.value[entry.number - 1]
        return text[: _end(before[1] if entry.key else before)] + text[end:]
    start = entry.start if entry.key else text.rindex("-", 0, entry.start)
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip():
        # The first key of an entry stands behind its dash, and so will the next.
        return text[:start] + text[entry.next_start :]
    return text[:line] + text[_line_end(text, end) :]


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and not node.flow_style


def _mark(mark: Any) -> int:
    index: int = mark.index
    return index


def _start(node: yaml.Node) -> int:
    return _mark(node.start_mark)


def _end(node: yaml.Node) -> int:
    # The parser lets a block end where the next begins, behind the comments between them.
    if _is_block(node) and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return _mark(node.end_mark)


def _line_end(text: str, at: int) -> int:
    if text[:at].endswith("\n"):
        return at
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1
