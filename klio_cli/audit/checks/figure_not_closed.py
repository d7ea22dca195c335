from __future__ import annotations

import ast
from collections.abc import Iterator

from klio_cli.audit.elements import Code
from klio_cli.audit.job import Job
from klio_core.finding import Check, Finding, Grade

CHECK = Check(
    "figure-not-closed",
    Grade.FAULT,
    "a pyplot figure that is drawn for each element and never closed",
    why="pyplot keeps every figure until it is closed, so memory grows with each element; and it is not made for "
    "threads, of which a worker has several",
    mend="draw on matplotlib.figure.Figure(), which nobody keeps; or call pyplot.close(figure) in a finally",
)

_PYPLOT = "matplotlib.pyplot."
_DRAWS = {
    "axes", "bar", "barh", "contour", "contourf", "figure", "fill_between", "gca", "gcf", "hist", "imshow", "matshow",
    "pcolormesh", "plot", "scatter", "specgram", "stem", "subplot", "subplot_mosaic", "subplots",
}  # fmt: skip


def find(job: Job) -> Iterator[Finding]:
    """Yield the first drawing call of each function that closes nothing, nor calls or is called by one that does."""
    code = job.per_element.code
    around = {one: {one, *job.per_element.called(one)} for one in code}
    closing = {one for one in code if any(name == _PYPLOT + "close" for _, name in one.calls)}
    for one in code:
        near = around[one] | {other for other in code if one in around[other]}
        drawn = next(_drawn(one), None)
        if drawn is not None and not near & closing:
            yield CHECK.found(f"{one.name}() calls {ast.unparse(drawn.func)}", one.module.file, drawn.lineno)


def _drawn(code: Code) -> Iterator[ast.Call]:
    for call, name in code.calls:
        drawn = name.startswith(_PYPLOT) and name.removeprefix(_PYPLOT) in _DRAWS and not _is_drawn_again(call)
        if drawn or (name.startswith("librosa.display.") and not _is_given(call, "ax")):
            yield call


def _is_drawn_again(call: ast.Call) -> bool:
    """Whether it names its figure, which is then one and the same for all elements."""
    named = getattr(call.func, "attr", "") == "figure" and any(isinstance(one, ast.Constant) for one in call.args)
    return named or _is_given(call, "num")


def _is_given(call: ast.Call, name: str) -> bool:
    return any(word.arg == name for word in call.keywords)
