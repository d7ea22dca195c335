"""A graph as Mermaid's flowchart, which many forges and editors draw."""

from __future__ import annotations

from klio_cli.graph.labels import Labels
from klio_core.graph import Graph, Kind

_SHAPES = {Kind.JOB: ('["', '"]'), Kind.EVENTS: ('(["', '"])'), Kind.DATA: ('[("', '")]')}
_ENTITIES = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "*": "#42;", "_": "#95;", "`": "#96;"}
_CLASSES = """\
    classDef job fill:#dbeafe,stroke:#1d4ed8,color:#111827
    classDef events fill:#fef9c3,stroke:#a16207,color:#111827
    classDef data fill:#dcfce7,stroke:#15803d,color:#111827"""


def mermaid(graph: Graph) -> str:
    """Answer the text of a .mmd file: jobs, events and data, arrows in the way things flow, dotted who asks whom."""
    labels = Labels(graph)
    ids = {node: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for node, name in ids.items():
        left, right = _SHAPES[node.kind]
        lines.append(f"    {name}{left}{_quoted(labels(node))}{right}:::{node.kind}")
    lines += [f"    {ids[edge.tail]} --> {ids[edge.head]}" for edge in graph.edges]
    for job in graph.jobs.values():
        parents = [graph.jobs[entry.job_name].node for entry in job.dependencies if entry.job_name in graph.jobs]
        lines += [f"    {ids[job.node]} -. asks .-> {ids[parent]}" for parent in parents]
    return "\n".join([*lines, _CLASSES, ""])


def _quoted(text: str) -> str:
    """Answer a label as Mermaid takes it between quotes: entities for what would end it or be read as markup."""
    return "".join(_ENTITIES.get(character, character) for character in text)
