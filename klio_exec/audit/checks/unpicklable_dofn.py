from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from klio_core.errors import JobCodeError
from klio_core.finding import Check, Finding, Grade
from klio_exec.audit.watch import Scene

CHECK = Check(
    "unpicklable-dofn",
    Grade.FAULT,
    "a DoFn that cannot travel to its worker, seen when run() draws the pipeline",
    why="Beam pickles each DoFn with all that it keeps: clients, connections, sockets and generators do not take that",
    mend="make it in setup(), which each worker calls, and not in __init__",
)


class UnpicklableDofn:
    """Lets run() draw the job's pipeline over events that nobody sends."""

    check = CHECK

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def begin(self) -> None:
        """Wait for the end of the tests."""

    def found(self) -> Iterator[Finding]:
        """Yield what cannot be pickled. Raises JobCodeError for whatever else keeps run() from drawing."""
        try:
            self._draw()
        except JobCodeError as error:
            if not str(error.__cause__).startswith("Unable to pickle"):
                raise
            what = (error.got or error.what).splitlines()[0].partition(". User code")[0]
            yield CHECK.found(what, *self._scene.author.named_by(error))

    def _draw(self) -> None:
        from apache_beam import Pipeline

        from klio.context import KlioContext, bind
        from klio_core import mail
        from klio_exec.by_mail import by_mail
        from klio_exec.load import load_run
        from klio_exec.pipeline import build

        with tempfile.TemporaryDirectory() as directory:
            place, config = Path(directory), self._scene.config
            for number in range(len(config.job_config.events.inputs)):
                mail.inputs(place, number).mkdir(parents=True)  # so that the job's own inputs are left alone
            context = KlioContext(by_mail(config, place), raises=True)
            bind(context)
            build(Pipeline(), context, load_run(self._scene.root))
