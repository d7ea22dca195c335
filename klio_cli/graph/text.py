"""A graph on the terminal: the stages in one line, then each job with what it reads and writes, then the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from klio_cli.graph.labels import Labels
from klio_core.graph import Graph, Job, Kind, Node, Problem, Weight

Style = Callable[[str, str], str]

_MARKS = {Weight.ERROR: ("✗", "red"), Weight.WARNING: ("!", "yellow"), Weight.NOTE: ("·", "blue")}


def drawing(graph: Graph, style: Style) -> str:
    """Answer the jobs, those that come first at the top. `style` colours a text."""
    labels = Labels(graph)
    width = max((len(labels(node)) for node in graph.nodes if node.kind is not Kind.JOB), default=0)
    blocks = [_stages(graph, style)]
    blocks += ["\n".join(_block(graph, graph.jobs[name], labels, width, style)) for name in graph.order]
    return "\n\n".join(blocks)


def findings(problems: Sequence[Problem], style: Style) -> str:
    """Answer what was found, each with what to do, and a last line that counts."""
    lines = []
    for problem in problems:
        mark, colour = _MARKS[problem.weight]
        lines.append(f"{style(mark, colour)} {problem.what}")
        if problem.todo:
            lines.append(f"    to do: {problem.todo}")
    counts = [(weight, sum(one.weight is weight for one in problems)) for weight in Weight]
    said = ", ".join(f"{number} {weight}{'s' * (number > 1)}" for weight, number in counts if number)
    return "\n".join([*lines, "", said or "nothing found"]).lstrip("\n")


def _stages(graph: Graph, style: Style) -> str:
    stages: dict[int, list[str]] = {}
    for name in graph.order:
        stages.setdefault(graph.depth[name], []).append(style(name, "cyan"))
    return " → ".join(", ".join(names) for names in stages.values())


def _block(graph: Graph, job: Job, labels: Labels, width: int, style: Style) -> Iterator[str]:
    mode = "streaming" if job.config.pipeline_options.streaming else "batch"
    yield f"{style(job.name, 'cyan')}  {mode}"
    for arrow, nodes in (("←", (*job.reads, *job.takes)), ("→", (*job.writes, *job.makes))):
        for node in nodes:
            yield f"  {arrow} {node.kind:<6}  {labels(node):<{width}}  {_others(graph, node, arrow)}".rstrip()
    for entry in job.dependencies:
        wanted = ", ".join(labels(node) for node in job.made_by(entry))
        yield f"  ? asks    {wanted:<{width}}  of {entry.job_name}"


def _others(graph: Graph, node: Node, arrow: str) -> str:
    """Who is at the other end; where that is nobody here, what it means."""
    names = ", ".join(graph.makers(node) if arrow == "←" else graph.readers(node))
    if names:
        return f"{'from' if arrow == '←' else 'to'} {names}"
    if node.kind is Kind.EVENTS:
        return "entry" if arrow == "←" else "end"
    return "no job here makes it" if arrow == "←" else ""
