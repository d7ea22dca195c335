"""Jobs as a graph: what flows between them, in which order they stand, and what is wrong."""

from klio_core.graph.model import Edge, Graph, Job, Kind, Node
from klio_core.graph.problems import Problem, Weight, problems_of

__all__ = ["Edge", "Graph", "Job", "Kind", "Node", "Problem", "Weight", "problems_of"]
