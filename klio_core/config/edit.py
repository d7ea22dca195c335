"""Changes in the text of a klio-job.yaml, which leave every other character of it as it is, comments included.

What comes out is read again and compared with what was to come out, so that a text which is written in a way not
foreseen here is refused, and never spoilt.

A loader that keeps comments, ruamel.yaml, was measured against this and is not used: it writes the whole file anew. Of
45 forms in which a job file may be written, splicing keeps all, and a round trip through ruamel.yaml at its most
careful keeps 28: it writes `True` as `true`, joins lines, sets all lists by one indentation, and takes the comments out
of a list in brackets. tests/unit/klio_core/config/test_edit_forms.py holds both figures.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from klio_core.config.compose import compose
from klio_core.config.nodes import Mapping, Node, Scalar, Sequence
from klio_core.config.override import below, locate, override
from klio_core.config.problems import InvalidConfig, KeyPath, dotted
from klio_core.config.read import read_tree
from klio_core.config.scalars import resolve
from klio_core.config.splice import add, remove, replace
from klio_core.config.values import Values
from klio_core.errors import ConfigError


def put(text: str, setting: str, source: str) -> str:
    """Return the text in which `a.b[0].c=value` holds, the value read as an override's.

    Raises:
        ConfigError: the text is no configuration, it is no setting, or it is one to be made by hand.

    """
    root = read_tree(text, source)
    wanted, problems = override(root, [setting])
    if problems:
        raise InvalidConfig(source, problems)
    path, _, value = setting.partition("=")
    steps = locate(root, path)
    known = _known(root, steps)
    if known == len(steps):
        return _checked(lambda: replace(text, steps, _written(value)), wanted, source, steps)
    rest = [_word(step) for step in steps[known:]]
    return _checked(lambda: _lines_of(text, add(text, steps[:known], rest, _written(value))), wanted, source, steps)


def cut(text: str, path: str, source: str) -> str:
    """Return the text without the key, or the entry of a list, at a path. Raises as `put`, also if it is not there."""
    root = read_tree(text, source)
    steps = locate(root, path)
    known = _known(root, steps)
    if known < len(steps):
        raise ConfigError("there is no such key", where=f"{source}: {dotted(steps[: known + 1])}")
    return _checked(lambda: remove(text, steps), _without(root, steps), source, steps)


def _checked(make: Callable[[], str], wanted: Node, source: str, path: KeyPath) -> str:
    try:
        made = make()
        if Values.of(read_tree(made, source)).data == Values.of(wanted).data:
            return made
    except (InvalidConfig, LookupError, ValueError, yaml.YAMLError):
        pass  # a form not foreseen: an alias, a merged key, a key over several lines
    what = "this cannot be changed without touching what is around it"
    raise ConfigError(what, where=f"{source}: {dotted(path)}", todo="change it in an editor")


def _lines_of(text: str, made: str) -> str:
    """End new lines as all lines of the text end."""
    of_windows = text.count("\n") == text.count("\r\n") > 0
    return re.sub(r"(?<!\r)\n", "\r\n", made) if of_windows else made


def _known(root: Node, path: KeyPath) -> int:
    """Return how many steps of a path lead to something that is there."""
    node: Node | None = root
    for depth, step in enumerate(path):
        node = below(node, step)
        if node is None:
            return depth
    return len(path)


def _without(node: Node | None, path: KeyPath) -> Node:
    match node:
        case Sequence():
            items = [item for number, item in enumerate(node.items) if path != (number,)]
            if path[1:]:
                items[int(str(path[0]))] = _without(below(node, path[0]), path[1:])
            return Sequence.of(tuple(items), node.place)
        case Mapping():
            entries = [(key, value) for key, value in node.entries if path != (key.text,)]
            here = [key.text == path[0] for key, _ in entries]
            kept = [(k, _without(v, path[1:]) if at else v) for (k, v), at in zip(entries, here, strict=True)]
            return Mapping.of(tuple(kept), node.place)
    raise LookupError(path)


def _written(value: str) -> str:
    """Write a value as an override has it: brackets and quotes as they are, a word plain where that says the same."""
    if value[:1] in ("'", '"', "[", "{"):
        return value
    return value if _is_plain(value) else _quoted(value)


def _word(step: object) -> str:
    text = str(step)
    return text if _is_plain(text) and isinstance(resolve(text), str) else _quoted(text)


def _is_plain(text: str) -> bool:
    try:
        node = compose(f"[{text}]", "")
    except InvalidConfig:
        return False
    items = node.items if isinstance(node, Sequence) else ()
    return [(item.text, item.plain) for item in items if isinstance(item, Scalar)] == [(text, True)]


def _quoted(text: str) -> str:
    made: str = yaml.dump(text, Dumper=yaml.SafeDumper, default_style='"', width=float("inf"), allow_unicode=True)
    return made.rstrip("\n")
