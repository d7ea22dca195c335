"""The order of a graph that may have circles: who stands before whom, how deep, and where it turns back."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def walk(after: Mapping[T, Iterable[T]]) -> tuple[list[T], list[list[T]]]:
    """Answer all nodes, each before those that come after it, and the circles that had to be cut for that.

    A circle is the way from its first node to the last; the cut edge leads from the last back to the first. A graph
    without circles has none; every graph with circles has at least one.
    """
    done: dict[T, None] = {}
    circles: list[list[T]] = []
    for start in after:
        if start in done:
            continue
        way = {start: iter(after[start])}  # the nodes between start and here, in order
        while way:
            here = next(reversed(way))
            follower = next(way[here], None)
            if follower is None:
                way.pop(here)
                done[here] = None
            elif follower in way:
                nodes = list(way)
                circles.append(nodes[nodes.index(follower) :])
            elif follower not in done:
                way[follower] = iter(after.get(follower, ()))
    return list(reversed(done)), circles


def depths(after: Mapping[T, Iterable[T]]) -> dict[T, int]:
    """Answer how many steps each node stands below the first, on the longest way; circles are cut as `walk` does."""
    nodes, circles = walk(after)
    cut = {(circle[-1], circle[0]) for circle in circles}
    found = dict.fromkeys(nodes, 0)
    for node in nodes:
        for follower in after.get(node, ()):
            if (node, follower) not in cut:
                found[follower] = max(found[follower], found[node] + 1)
    return found
