"""The call tree of a run, by pyinstrument: sampled a thousand times a second, drawn from the author's code on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from klio_exec.profile.extras import needed

_INTERVAL_S = 0.001


class Tree:
    """What code of this thread was seen at. Enter it to look."""

    def __init__(self) -> None:
        pyinstrument = needed("pyinstrument")
        self._profiler: Any = pyinstrument.Profiler(interval=_INTERVAL_S)

    @property
    def look(self) -> AbstractContextManager[object]:
        """What looks while it is entered."""
        looking: AbstractContextManager[object] = self._profiler
        return looking

    def text(self, job_dir: Path, *, coloured: bool) -> str:
        """Answer the tree below the functions of the job's own directory, as text."""
        console = needed("pyinstrument.renderers.console")

        class WithoutTitle(console.ConsoleRenderer):  # type: ignore[name-defined]  # it comes with an extra
            def render_preamble(self, _session: Any) -> str:
                return ""

        renderer = WithoutTitle(unicode=True, color=coloured)
        renderer.processors.insert(0, lambda root, **_: _from_the_author_on(root, f"{job_dir.resolve()}/"))
        text: str = renderer.render(self._profiler.last_session)
        return "\n".join(line.rstrip() for line in text.strip().splitlines())

    def write(self, html: Path | None, speedscope: Path | None) -> None:
        """Write the whole tree, klio and Beam in it, as a page and as a file for speedscope."""
        renderers = needed("pyinstrument.renderers")
        session = self._profiler.last_session
        if html:
            html.write_text(renderers.HTMLRenderer().render(session), encoding="utf-8")
        if speedscope:
            speedscope.write_text(renderers.SpeedscopeRenderer().render(session), encoding="utf-8")


def _from_the_author_on(root: Any, directory: str) -> Any:
    """Answer a tree whose branches are the outermost frames of a directory."""
    found: list[Any] = []
    waiting = [root] if root else []
    while waiting:
        frame = waiting.pop()
        if _is_below(frame.file_path, directory):
            found.append(frame)
        else:
            waiting += frame.children
    if not found:
        return None
    pyinstrument = needed("pyinstrument.frame")
    whole = pyinstrument.Frame("the job's code\x00\x000", context=root.context)
    for frame in found:
        whole.time += frame.time
        whole.add_child(frame)
    return whole


def _is_below(path: str | None, directory: str) -> bool:
    # A virtual environment may lie in the job's directory; what is installed there is not the author's.
    return path is not None and path.startswith(directory) and "site-packages" not in path
