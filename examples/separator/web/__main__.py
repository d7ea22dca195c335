"""`python -m web`: start the front, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from klio_core.errors import KlioError
from web.front import Front
from web.serve import Server
from web.settings import FILE, Settings, read


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path), default=FILE, show_default="web.yaml", help="The settings.")
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=int, help="The port to listen on.")
@click.option("-O", "--override", multiple=True, metavar="KEY=VALUE", help="Any other setting.")
def main(config: Path, host: str | None, port: int | None, override: tuple[str, ...]) -> None:
    """Serve the page and the REST interface of the separator."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    said = {"host": host, "port": port}
    try:
        settings = read(config, overrides=[*override, *(f"{k}={v}" for k, v in said.items() if v is not None)])
        server = Server(Front(settings))
    except KlioError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    click.echo(f"The separator is at http://{_shown(settings)} . Ctrl-C stops it.")
    server.run()
    sys.exit(0 if server.started else 1)


def _shown(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


if __name__ == "__main__":
    main()
