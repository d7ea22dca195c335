"""A graph as an SVG picture: jobs as boxes, events as pills, data as cylinders, left to right as things flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from klio_cli.graph.labels import Labels
from klio_cli.graph.layout import Layout, Point, Spot, layout
from klio_core.graph import Edge, Graph, Kind, Node, Problem, Weight

_LETTER = 7.4  # the width of one letter of 12 px: 0.6 em in most fonts of one width, and a little more
_HIGH = {Kind.JOB: 40.0, Kind.EVENTS: 28.0, Kind.DATA: 38.0}
_MARGIN = 24.0
Sizes = dict[Spot, tuple[float, float]]
_STYLE = """\
text { font: 12px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #111827; text-anchor: middle }
.job { fill: #dbeafe; stroke: #1d4ed8; stroke-width: 1.5 } .job + text { font-weight: bold }
.events { fill: #fef9c3; stroke: #a16207 }
.data { fill: #dcfce7; stroke: #15803d }
.edge { fill: none; stroke: #64748b; stroke-width: 1.3; marker-end: url(#head) }
.asks { fill: none; stroke: #64748b; stroke-width: 1.1; stroke-dasharray: 4 3; marker-start: url(#head) }
.wrong { stroke: #dc2626; stroke-width: 2.5 }
text.legend { font-weight: normal; fill: #64748b; text-anchor: start }"""
_HEAD = (
    '<marker id="head" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto-start-reverse"><path d="M0 0.5 L8 4 L0 7.5 z" fill="#64748b"/></marker>'
)


def svg(graph: Graph, problems: Sequence[Problem]) -> str:
    """Answer the picture as a file of its own; jobs with an error have a red border.

    A broken arrow leads from a job to the one that it asks for what is missing.
    """
    labels = Labels(graph)
    sizes: Sizes = {node: _size(node, labels(node)) for node in graph.nodes}
    asks = tuple(dict.fromkeys(_asks(graph)))
    drawn = layout(sizes, [(edge.tail, edge.head) for edge in (*graph.edges, *asks)])
    wrong = {name for problem in problems if problem.weight is Weight.ERROR for name in problem.at}
    width, height = drawn.width + 2 * _MARGIN, drawn.height + 3 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
        f"<title>{escape(', '.join(graph.order))}</title>",
        f"<style>{_STYLE}</style><defs>{_HEAD}</defs>",
        '<rect width="100%" height="100%" fill="white"/>',
        f'<g transform="translate({_MARGIN:.0f} {_MARGIN:.0f})">',
        *(_line(edge, drawn, sizes, "edge") for edge in graph.edges),
        *(_line(edge, drawn, sizes, "asks") for edge in asks),
        *(
            part
            for node in graph.nodes
            for part in _node(node, labels(node), drawn, sizes, is_wrong=node.name in wrong)
        ),
        *_legend(drawn.height),
        "</g></svg>",
        "",
    ]
    return "\n".join(parts)


def _size(node: Node, label: str) -> tuple[float, float]:
    return len(label) * _LETTER + 28.0, _HIGH[node.kind]


def _asks(graph: Graph) -> Iterator[Edge]:
    """From the job that is asked to the one that asks, as things flow: the arrow is drawn at its beginning."""
    for job in graph.jobs.values():
        for entry in job.dependencies:
            if parent := graph.jobs.get(entry.job_name):
                yield Edge(parent.node, job.node)


def _line(edge: Edge, drawn: Layout, sizes: Sizes, kind: str) -> str:
    """Level within each column, so that nothing is crossed there; a curve through each gap between columns."""
    spans = drawn.ways[edge.tail, edge.head]
    rightwards = spans[-1][0] >= spans[0][0]
    start = _side(drawn.places[edge.tail], sizes[edge.tail], right=rightwards)
    end = _side(drawn.places[edge.head], sizes[edge.head], right=not rightwards)
    enter, leave = (0, 1) if rightwards else (1, 0)
    way = [f"M{_at(start)} H{spans[0][leave]:.1f}"]
    for before, after in pairwise(spans):
        way.append(_curve((before[leave], before[2]), (after[enter], after[2])))
        way.append(f"H{after[leave]:.1f}")
    way.pop()
    if abs(end[0] - spans[-1][enter]) > 1:  # a line without length would leave the arrow without direction
        way.append(f"H{end[0]:.1f}")
    return f'<path class="{kind}" d="{" ".join(way)}"/>'


def _side(place: Point, size: tuple[float, float], *, right: bool) -> Point:
    return place[0] + size[0] / 2 * (1 if right else -1), place[1]


def _curve(start: Point, end: Point) -> str:
    half = (start[0] + end[0]) / 2
    return f"C{_at((half, start[1]))} {_at((half, end[1]))} {_at(end)}"


def _node(node: Node, label: str, drawn: Layout, sizes: Sizes, *, is_wrong: bool) -> Iterator[str]:
    (x, y), (wide, high) = drawn.places[node], sizes[node]
    kind = f"{node.kind} wrong" if is_wrong and node.kind is Kind.JOB else str(node.kind)
    if node.kind is Kind.DATA:
        yield _cylinder(x, y, wide, high, kind)
    else:
        round_ = 6.0 if node.kind is Kind.JOB else high / 2
        yield (
            f'<rect class="{kind}" x="{x - wide / 2:.1f}" y="{y - high / 2:.1f}" width="{wide:.1f}" '
            f'height="{high:.1f}" rx="{round_:.0f}"/>'
        )
    down = 7.0 if node.kind is Kind.DATA else 4.0
    yield f'<text x="{x:.1f}" y="{y + down:.1f}">{escape(label)}<title>{escape(node.name)}</title></text>'


def _cylinder(x: float, y: float, wide: float, high: float, kind: str) -> str:
    left, right, top, bottom, bow = x - wide / 2, x + wide / 2, y - high / 2 + 5, y + high / 2 - 5, 5.0
    arc = f"A{wide / 2:.1f} {bow:.1f} 0 0"
    return (
        f'<path class="{kind}" d="M{_at((left, top))} {arc} 1 {_at((right, top))} V{bottom:.1f} '
        f'{arc} 1 {_at((left, bottom))} Z M{_at((left, top))} {arc} 0 {_at((right, top))}"/>'
    )


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _legend(height: float) -> Iterator[str]:
    y = height + _MARGIN
    for number, kind in enumerate(Kind):
        x, round_ = number * 90.0, 3 if kind is Kind.JOB else 7
        yield f'<rect class="{kind}" x="{x:.0f}" y="{y:.0f}" width="14" height="14" rx="{round_}"/>'
        yield f'<text class="legend" x="{x + 20:.0f}" y="{y + 11:.0f}">{kind}</text>'
    x = len(Kind) * 90.0
    yield f'<path class="asks" d="M{x:.0f} {y + 7:.0f} H{x + 24:.0f}"/>'
    yield f'<text class="legend" x="{x + 30:.0f}" y="{y + 11:.0f}">asks</text>'
