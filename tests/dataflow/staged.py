"""What a worker finds in a staged pipeline.pb: its transforms and coders, and the code, unpickled as a worker does.

As a program, in the directory of a job: unpickles the DoFn of the class NAME out of the file PATH, lets it work on one
ELEMENT, and prints the elements that come out, as a worker would that has nothing but the job's image.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from apache_beam.internal import pickler
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2 as api
from apache_beam.utils import proto_utils

from klio_core.message import Message


class Staged:
    """A pipeline as it was staged."""

    def __init__(self, raw: bytes) -> None:
        self.pipeline = api.Pipeline.FromString(raw)
        self._parts = self.pipeline.components

    @property
    def names(self) -> list[str]:
        """The steps that hold others, or code."""
        return sorted(one.unique_name for one in self._parts.transforms.values() if one.unique_name)

    def urns(self) -> Counter[str]:
        """How many steps of each kind there are."""
        return Counter(one.spec.urn for one in self._parts.transforms.values() if one.spec.urn)

    def payload(self, urn: str, kind: Any) -> Any:
        """What the one step of a kind is told."""
        (one,) = [one for one in self._parts.transforms.values() if one.spec.urn == urn]
        return proto_utils.parse_Bytes(one.spec.payload, kind)

    @property
    def coders(self) -> set[str]:
        """The kinds of coders in use; those without a public name are Python's own."""
        return {one.spec.urn for one in self._parts.coders.values()}

    @property
    def environment(self) -> api.Environment:
        """Where the code runs."""
        (used,) = {one.environment_id for one in self._parts.transforms.values() if one.environment_id}
        return self._parts.environments[used]

    def code(self) -> dict[str, Any]:
        """The DoFns, unpickled, by the names of their classes."""
        found = {}
        for one in self._parts.transforms.values():
            if one.spec.urn == common_urns.primitives.PAR_DO.urn:
                told = proto_utils.parse_Bytes(one.spec.payload, api.ParDoPayload)
                fn = pickler.loads(told.do_fn.payload)[0]
                found[type(fn).__name__] = fn
        return found


def work_on_one(path: Path, name: str, element: str) -> list[str]:
    """Answer the elements that come out of a DoFn for one that goes in."""
    fn = Staged(path.read_bytes()).code()[name]
    fn.setup()
    fn.start_bundle()
    out = [Message.decode(raw).element.decode() for raw in fn.process(Message.of(element.encode()).encode())]
    fn.finish_bundle()
    return out


if __name__ == "__main__":
    sys.stdout.write("\n".join(work_on_one(Path(sys.argv[1]), *sys.argv[2:])))
