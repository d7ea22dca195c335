"""The stream of a build, by BuildKit or by the classic builder, read as layers."""

from __future__ import annotations

import re
from typing import Any

from klio_cli.images import buildkit
from klio_cli.images.layers import Layers

_STEP = re.compile(r"Step (?P<number>\d+/\d+) : (?P<what>.*)")
_LAYER = re.compile(r"\[(?P<number>(?:\S+ )?\d+/\d+)\] (?P<what>.*)", re.DOTALL)
_CACHED = " ---> Using cache"


class BuildLog:
    """Tells the layers what each record of a build says."""

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self._step: str | None = None
        self._cached = False

    def take(self, record: dict[str, Any]) -> None:
        """Read one record; what is neither a layer nor a line is left out."""
        if record.get("id") == buildkit.TRACE:
            self._take_status(buildkit.status(record))
        elif "stream" in record:
            self._take_line(str(record["stream"]))

    def end(self) -> None:
        """The build went well: the last step is done."""
        self._finish()

    def _take_line(self, line: str) -> None:
        step = _STEP.match(line)
        if step:
            self._finish()
            self._step = step["number"]
            self._layers.begin(step["number"], f"{step['number']} {step['what'].strip()}")
        elif line.startswith(_CACHED):
            self._cached = True
        elif not line.startswith((" --->", "Successfully", "Removing intermediate")):
            self._layers.say(line)

    def _finish(self) -> None:
        if self._step is not None:
            self._layers.tell(self._step, "cached" if self._cached else "done", done=True)
        self._step, self._cached = None, False

    def _take_status(self, status: Any) -> None:
        for vertex in status.vertexes:
            named = _LAYER.match(vertex.name)
            if named is None:
                continue
            self._layers.begin(vertex.digest, f"{named['number']} {named['what']}")
            if vertex.HasField("completed") and not vertex.error:
                self._layers.tell(vertex.digest, "cached" if vertex.cached else "done", done=True)
        for log in status.logs:
            self._layers.say(log.msg.decode(errors="replace"))
