"""The separator as one command: `make separator`, or `python serve.py --help`.

The local cloud, the jobs and the web front, each a process of its own, with one log; Ctrl-C ends all of them.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from klio_core.errors import KlioError, UsageError
from serving import model, parts
from serving.log import Log
from serving.parts import Asked
from serving.together import Together

_NEXT = """
  The separator is at {url}

  Open it, and drop a song there. Or, in another terminal:

    curl -F file=@song.mp3 {url}/v1/songs
    curl {url}/v1/songs
    klio job status --project {project} -j {separate}

  What is uploaded is kept in {project}/.klio. Ctrl-C stops everything; what is not done yet goes on next time.
"""
_OVERRIDE = "set a key of a job's file: separate:job_config.shifts=1"


def main(arguments: list[str]) -> int:
    """Run until Ctrl-C or SIGTERM. Answers the exit status: 0 where that is how it ended."""
    log = Log(sys.stdout)
    chosen = _parser().parse_args(arguments)
    asked = Asked(chosen.host, chosen.port, chosen.workers, chosen.project.resolve())
    try:
        _serve(asked, chosen.model, chosen.override, log)
    except KlioError as error:
        log.say(f"Error: {error}")
        return error.exit_code
    log.say("All is stopped.")
    return 0


def _serve(asked: Asked, name: str, overrides: Sequence[str], log: Log) -> None:
    if not parts.is_free(asked.host, asked.port):
        todo = f"end what listens there, or choose another one: make separator PORT={asked.port + 1}"
        raise UsageError(f"port {asked.port} is taken", where=asked.host, todo=todo)
    separate = parts.HERE / "separate"
    of_model = model.prepared(separate, asked.project / ".klio" / "small-model", name, log)
    state, cloud = parts.cloud(asked)
    jobs = parts.jobs(asked, [*(f"separate:{one}" for one in of_model), *overrides], model.KEPT)
    together = Together([cloud, jobs, [parts.web(asked, state)]], log, 2 * parts.DRAIN_S + 5)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: together.stop())

    def tell() -> None:
        log.say(_NEXT.format(url=asked.url, project=asked.project, separate=separate))
        if name == model.SMALL:
            log.say(model.NONSENSE)

    together.run(tell)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The separator on this machine: cloud, jobs, web front.")
    parser.add_argument("--host", default="127.0.0.1", help="the address of the page; 0.0.0.0 is for all who reach it")
    parser.add_argument("--port", type=int, default=8080, help="its port (%(default)s)")
    parser.add_argument("--model", default="htdemucs", help="a model of Demucs, or small: random numbers, to try it")
    parser.add_argument("--workers", type=int, default=2, help="processes that make stems (%(default)s)")
    parser.add_argument("-O", "--override", action="append", default=[], metavar="JOB:KEY=VALUE", help=_OVERRIDE)
    parser.add_argument("--project", type=Path, default=parts.HERE, help="where everything is kept, below .klio")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
