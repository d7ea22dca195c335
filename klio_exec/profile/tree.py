"""The call tree of a run: sampled from another thread, put together and drawn by pyinstrument.

pyinstrument's own way to sample is called at each call and return of a function, and makes code that calls small
functions several times slower. A thread that looks a hundred times a second is hardly felt.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from klio_exec.profile.extras import needed

_UNSEEN = "the job's code took too little time to be seen; -n 100 works on each element a hundred times"
_NO_STEM = "\x00\x000"  # pyinstrument takes off what is below its own start; no frame is called so


class Tree:
    """What code of the thread that makes it was seen at, whenever another one says `look`."""

    def __init__(self) -> None:
        needed("pyinstrument")
        self._thread = threading.get_ident()
        self._seen: dict[tuple[CodeType, ...], float] = defaultdict(float)
        self._looks = 0
        self._began = time.time()
        self._before = time.perf_counter()

    def look(self) -> None:
        """See where the thread is. The time since the last look is taken to have gone there."""
        now = time.perf_counter()
        stack = []
        frame = _frame_of(self._thread)
        while frame is not None:
            stack.append(frame.f_code)
            frame = frame.f_back
        self._seen[tuple(stack)] += now - self._before
        self._looks += 1
        self._before = now

    def begin(self) -> None:
        """Forget the time that has gone by without a look."""
        self._before = time.perf_counter()

    def text(self, job_dir: Path, *, coloured: bool) -> str:
        """Answer the tree below the functions of the job's own directory, as text."""
        console = needed("pyinstrument.renderers.console")

        class WithoutTitle(console.ConsoleRenderer):  # type: ignore[name-defined]  # it comes with an extra
            def render_preamble(self, _session: Any) -> str:
                return ""

        renderer = WithoutTitle(unicode=True, color=coloured)
        renderer.processors.insert(0, lambda root, **_: _from_the_author_on(root, f"{job_dir.resolve()}/"))
        session = self._session()
        if _from_the_author_on(session.root_frame(), f"{job_dir.resolve()}/") is None:
            return _UNSEEN
        text: str = renderer.render(session)
        return "\n".join(line.rstrip() for line in text.strip().splitlines())

    def write(self, html: Path | None, speedscope: Path | None) -> None:
        """Write the whole tree, klio and Beam in it, as a page and as a file for speedscope."""
        renderers = needed("pyinstrument.renderers")
        if html:
            html.write_text(renderers.HTMLRenderer().render(self._session()), encoding="utf-8")
        if speedscope:
            speedscope.write_text(renderers.SpeedscopeRenderer().render(self._session()), encoding="utf-8")

    def _session(self) -> Any:
        session = needed("pyinstrument.session").Session
        duration = sum(self._seen.values())
        return session(
            frame_records=[([*map(_named, reversed(stack))], seconds) for stack, seconds in self._seen.items()],
            start_time=self._began,
            duration=duration,
            min_interval=duration / max(1, self._looks),
            max_interval=duration / max(1, self._looks),
            sample_count=self._looks,
            start_call_stack=[_NO_STEM],
            target_description="klio job profile cpu",
            cpu_time=time.process_time(),
            sys_path=sys.path,
            sys_prefixes=session.current_sys_prefixes(),
        )


def _frame_of(thread: int) -> FrameType | None:
    """Answer where a thread is.

    Before Python 3.12 the garbage collector may run while the interpreter holds its list of threads, and waits for
    ever where what it frees wants that list, too, as a `threading.local` does (python/cpython#106883).
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames().get(thread)  # noqa: SLF001 - it has no other name, and is documented
    finally:
        if collects:
            gc.enable()


def _named(code: CodeType) -> str:
    """Answer a function as pyinstrument names it: its name, its file, its first line."""
    return f"{code.co_qualname}\x00{code.co_filename}\x00{code.co_firstlineno}"


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
