"""`python -m web`: start the front, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path
from types import FrameType

import click

from klio_core.errors import KlioError
from web.front import Front
from web.serve import Server
from web.settings import FILE, read

_STATUS = {signal.SIGTERM: 0, signal.SIGINT: 130}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path), default=FILE, show_default="web.yaml", help="The settings.")
@click.option("--host", help="The address to listen on.")
@click.option("--port", help="The port to listen on; 0 is any that is free.")
@click.option("-O", "--override", multiple=True, metavar="KEY=VALUE", help="Any other setting of web.yaml.")
def main(config: Path, host: str | None, port: str | None, override: tuple[str, ...]) -> None:
    """Serve the page and the REST interface of the separator, until Ctrl-C or SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    said = {"host": host, "port": port}
    try:
        settings = read(config, overrides=[*override, *(f"{k}={v}" for k, v in said.items() if v is not None)])
        server = Server(Front(settings))
    except KlioError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    for number in _STATUS:
        signal.signal(number, _end)  # uvicorn ends its work first, and then raises the signal again
    try:
        server.run()
    except SystemExit:
        if server.started:
            raise
    sys.exit(0 if server.started else 1)


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(_STATUS[signal.Signals(number)])


if __name__ == "__main__":
    main()
