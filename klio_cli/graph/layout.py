"""Places for the nodes of a graph, in columns from left to right, so that no two overlap and few lines cross.

Sugiyama's way: columns by the longest path, long edges bent at points of their own, the order within a column by the
mean of the neighbours, then heights as near to the neighbours as the distances allow. K. Sugiyama, S. Tagawa,
M. Toda, "Methods for Visual Understanding of Hierarchical System Structures", IEEE SMC 11 (1981).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from klio_core.graph.order import depths, walk

Spot = Hashable
Point = tuple[float, float]
Span = tuple[float, float, float]

_SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Layout:
    """The centre of each node, and the spans through which each edge goes, from its tail to its head.

    A span is level: left and right side of a column, and a height. Between spans an edge crosses a gap.
    """

    places: Mapping[Spot, Point]
    ways: Mapping[tuple[Spot, Spot], Sequence[Span]]
    width: float
    height: float


def layout(
    sizes: Mapping[Spot, tuple[float, float]],
    edges: Sequence[tuple[Spot, Spot]],
    gap_x: float = 56.0,
    gap_y: float = 18.0,
) -> Layout:
    """Answer places for nodes of these sizes (width, height); edges of a circle may lead back to the left."""
    after = {spot: [head for tail, head in edges if tail == spot] for spot in sizes}
    cut = {(circle[-1], circle[0]) for circle in walk(after)[1]}
    column_of = _late(depths(after), after, cut)
    chains = {edge: _chain(edge, column_of, back=edge in cut) for edge in edges}
    columns = _columns(column_of, chains)
    neighbours = _neighbours(chains)
    for sweep in range(_SWEEPS):
        _sort(columns if sweep % 2 == 0 else columns[::-1], neighbours)
    high = {spot: sizes[spot][1] if spot in sizes else 2.0 for column in columns for spot in column}
    y = _heights(columns, neighbours, high, gap_y)
    sides = _sides(columns, sizes, gap_x)
    top = min((y[spot] - high[spot] / 2 for spot in y), default=0.0)
    bottom = max((y[spot] + high[spot] / 2 for spot in y), default=0.0)
    spans = {spot: (*sides[number], y[spot] - top) for number, column in enumerate(columns) for spot in column}
    places = {spot: ((spans[spot][0] + spans[spot][1]) / 2, spans[spot][2]) for spot in sizes}
    ways = {edge: [spans[spot] for spot in chain] for edge, chain in chains.items()}
    return Layout(places, ways, sides[-1][1] if sides else 0.0, bottom - top)


def _late(depth: Mapping[Spot, int], after: Mapping[Spot, list[Spot]], cut: set[tuple[Spot, Spot]]) -> dict[Spot, int]:
    """Move what nothing leads to right before what it leads to."""
    fed = {head for tail, heads in after.items() for head in heads if (tail, head) not in cut}
    moved = dict(depth)
    for spot, heads in after.items():
        if spot not in fed and heads:
            moved[spot] = max(moved[spot], min(depth[head] for head in heads) - 1)
    return moved


def _chain(edge: tuple[Spot, Spot], column_of: Mapping[Spot, int], *, back: bool) -> list[Spot]:
    """Answer the edge's ends with a point of its own in each column between them."""
    tail, head = edge
    first, last = column_of[tail], column_of[head]
    step = -1 if back and last < first else 1
    return [tail, *((edge, number) for number in range(first + step, last, step)), head]


def _columns(column_of: Mapping[Spot, int], chains: Mapping[tuple[Spot, Spot], list[Spot]]) -> list[list[Spot]]:
    columns: list[list[Spot]] = [[] for _ in range(max(column_of.values(), default=-1) + 1)]
    for spot, number in column_of.items():
        columns[number].append(spot)
    for chain in chains.values():
        for bend in chain[1:-1]:
            columns[bend[1]].append(bend)  # type: ignore[index]
    return columns


def _neighbours(chains: Mapping[tuple[Spot, Spot], list[Spot]]) -> dict[Spot, list[Spot]]:
    found: dict[Spot, list[Spot]] = {}
    for chain in chains.values():
        for one, other in pairwise(chain):
            found.setdefault(one, []).append(other)
            found.setdefault(other, []).append(one)
    return found


def _sort(columns: Sequence[list[Spot]], neighbours: Mapping[Spot, list[Spot]]) -> None:
    """Order each column by the mean position of what it is joined to in the column before."""
    for before, column in pairwise(columns):
        at = {spot: number / max(1, len(before)) for number, spot in enumerate(before)}
        own = {spot: number / max(1, len(column)) for number, spot in enumerate(column)}
        column.sort(key=lambda spot: _mean(spot, neighbours, at, own))


def _mean(
    spot: Spot, neighbours: Mapping[Spot, list[Spot]], at: Mapping[Spot, float], own: Mapping[Spot, float]
) -> float:
    joined = [at[other] for other in neighbours.get(spot, ()) if other in at]
    return fmean(joined) if joined else own[spot]


def _heights(
    columns: Sequence[list[Spot]], neighbours: Mapping[Spot, list[Spot]], high: Mapping[Spot, float], gap: float
) -> dict[Spot, float]:
    y = {spot: 0.0 for column in columns for spot in column}
    for column in columns:
        _place(column, dict.fromkeys(column, 0.0), high, gap, y)
    for sweep in range(_SWEEPS):
        for column in columns if sweep % 2 else reversed(columns):
            wanted = {s: fmean([y[other] for other in neighbours.get(s, ())] or [y[s]]) for s in column}
            _place(column, wanted, high, gap, y)
    return y


def _place(
    column: Sequence[Spot], wanted: Mapping[Spot, float], high: Mapping[Spot, float], gap: float, y: dict[Spot, float]
) -> None:
    """Set the heights of a column as near to the wanted ones (least squares) as order and distance allow.

    Measured from where each would stand if all were pushed together, the heights must not fall: isotonic regression,
    by pooling adjacent violators (R. E. Barlow et al., 1972).
    """
    offsets = [0.0]
    for above, below in pairwise(column):
        offsets.append(offsets[-1] + (high[above] + high[below]) / 2 + gap)
    pools: list[tuple[float, int]] = []
    for spot, offset in zip(column, offsets, strict=False):
        pool = (wanted[spot] - offset, 1)
        while pools and pools[-1][0] > pool[0]:
            value, count = pools.pop()
            pool = ((value * count + pool[0] * pool[1]) / (count + pool[1]), count + pool[1])
        pools.append(pool)
    levels = [value for value, count in pools for _ in range(count)]
    for spot, offset, level in zip(column, offsets, levels, strict=False):
        y[spot] = offset + level


def _sides(
    columns: Sequence[list[Spot]], sizes: Mapping[Spot, tuple[float, float]], gap: float
) -> list[tuple[float, float]]:
    found, left = [], 0.0
    for column in columns:
        wide = max((sizes[spot][0] for spot in column if spot in sizes), default=0.0)
        found.append((left, left + wide))
        left += wide + gap
    return found
