"""From plain Python data to nodes, as if it had been written as YAML and read."""

from __future__ import annotations

from klio_core.config.compose import MAX_DEPTH
from klio_core.config.nodes import Mapping, Node, Scalar, Sequence
from klio_core.config.problems import InvalidConfig, Place, Problem, shown
from klio_core.config.scalars import WrittenFloat, resolve


def tree_of(data: object, source: str) -> Mapping:
    """Return the tree of a mapping.

    Raises:
        InvalidConfig: it is no mapping, is nested too deep, or holds what YAML has no word for.

    """
    root = _node(data, Place(source), 0)
    if not isinstance(root, Mapping):
        raise InvalidConfig(source, [Problem("not a mapping", Place(source), expected="a mapping", got=shown(data))])
    return root


def _node(value: object, place: Place, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise InvalidConfig(place.source, [Problem("nested too deep", place, expected=f"at most {MAX_DEPTH} levels")])
    match value:
        case dict():
            pairs = ((_scalar(key, place), _node(item, place, depth + 1)) for key, item in value.items())
            return Mapping.of(tuple(pairs), place)
        case list() | tuple():
            return Sequence.of(tuple(_node(item, place, depth + 1) for item in value), place)
    return _scalar(value, place)


def _scalar(value: object, place: Place) -> Scalar:
    match value:
        case str():
            return Scalar(value, place, plain=isinstance(resolve(value), str))
        case None | bool():
            return Scalar({None: "null", True: "true", False: "false"}[value], place)
        case WrittenFloat():
            return Scalar(value.written, place)
        case int():
            return Scalar(str(value), place)
        case float():
            return Scalar(_float(value), place)
    expected = "text, numbers, true, false, nothing, lists and mappings"
    got = f"{type(value).__name__}: {shown(value)}"
    raise InvalidConfig(place.source, [Problem("YAML has no word for this", place, expected=expected, got=got)])


def _float(value: float) -> str:
    text = repr(value)
    # Python writes inf and nan; YAML puts a point before them.
    return text.replace("inf", ".inf").replace("nan", ".nan")
