"""What is wrong with a graph of jobs, what is worth a thought, and where it begins and ends."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from klio_core.config import Dependency
from klio_core.graph.model import Graph, Job, Kind, Node


class Weight(enum.StrEnum):
    """How much a problem weighs."""

    ERROR = "error"  # elements do not come through
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding, and what to do about it; `at` are the jobs it is about."""

    weight: Weight
    what: str
    todo: str = ""
    at: tuple[str, ...] = ()


def problems_of(graph: Graph) -> list[Problem]:
    """Answer everything that was found, what weighs most first."""
    found = [problem for rule in _RULES for problem in rule(graph)]
    return sorted(found, key=lambda problem: list(Weight).index(problem.weight))


def _circles(graph: Graph) -> Iterator[Problem]:
    for circle in graph.circles:
        way = " → ".join([*circle, circle[0]])
        yield Problem(
            Weight.ERROR,
            f"{way}: each waits for the one before",
            "let one of them read something that none of the others makes",
            tuple(circle),
        )


def _clashes(graph: Graph) -> Iterator[Problem]:
    for node in graph.nodes:
        makers = graph.makers(node)
        if node.kind is Kind.DATA and len(makers) > 1:
            yield Problem(
                Weight.ERROR,
                f"{' and '.join(makers)} write {node.name}: whoever comes first does the other's work",
                "give one of them another location or file_suffix",
                tuple(makers),
            )


def _parents(graph: Graph) -> Iterator[Problem]:
    for name in graph.order:
        child = graph.jobs[name]
        for entry in child.dependencies:
            parent = graph.jobs.get(entry.job_name)
            if parent is None:
                yield Problem(
                    Weight.WARNING,
                    f"{name} asks {entry.job_name} for what is missing, and that job is not here",
                    "name its directory too, unless it runs elsewhere",
                    (name,),
                )
            else:
                yield from _parent(child, parent, entry)


def _parent(child: Job, parent: Job, entry: Dependency) -> Iterator[Problem]:
    asked, at = f"{child.name} asks {parent.name}", (child.name, parent.name)
    project = entry.gcp_project or child.project
    if project != parent.project:
        what = f"{asked} as a job of project {project or '(none)'}, but it is of {parent.project or '(none)'}"
        todo = "write its pipeline_options.project as gcp_project of the dependency: else it drops what it is asked"
        yield Problem(Weight.ERROR, what, todo, at)
    topic = next(iter(entry.input_topics), None)
    if topic and Node(Kind.EVENTS, topic) not in parent.reads:
        reads = ", ".join(node.name for node in parent.reads) or "nothing"
        yield Problem(
            Weight.ERROR,
            f"{asked} by {topic}, which it does not read",
            f"write what it reads ({reads}) as the dependency's input_topics",
            at,
        )
    for wanted in child.made_by(entry):
        if wanted not in parent.makes:
            makes = ", ".join(node.name for node in parent.makes) or "nothing"
            what = f"{asked} for {wanted.name}, but it makes {makes}"
            todo = "location and file_suffix of both must be the same, and `makes` must name that input"
            yield Problem(Weight.ERROR, what, todo, at)


def _ends(graph: Graph) -> Iterator[Problem]:
    for node in graph.nodes:
        if node.kind is Kind.JOB:
            continue
        makers, readers = graph.makers(node), graph.readers(node)
        if not makers:
            yield Problem(Weight.NOTE, _begins(node, readers), at=tuple(readers))
        elif not readers and node.kind is Kind.EVENTS:
            yield _unread(graph, node, makers)


def _begins(node: Node, readers: list[str]) -> str:
    jobs = " and ".join(readers)
    if node.kind is Kind.EVENTS:
        return f"entry: {jobs} reads {node.name}, to which no job here writes"
    return f"{jobs} reads {node.name}, which no job here makes"


def _unread(graph: Graph, node: Node, makers: list[str]) -> Problem:
    what = f"{' and '.join(makers)} writes {node.name}, which no job here reads"
    if any(graph.below[maker] for maker in makers):
        return Problem(Weight.WARNING, what, "is the name the one that the next job reads?", tuple(makers))
    return Problem(Weight.NOTE, f"end: {what}", at=tuple(makers))


_RULES: tuple[Callable[[Graph], Iterator[Problem]], ...] = (_circles, _clashes, _parents, _ends)
