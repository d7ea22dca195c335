"""The `klio` command: the map of its commands, and the one place where an error becomes text and an exit status."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import FrameType
from typing import NoReturn

import click

from klio_cli.folder import Folder
from klio_cli.terminal import Terminal
from klio_core.errors import KlioError

INTERRUPTED = 130
TERMINATED = 143
BUG = 1


class Terminated(BaseException):
    """Somebody sent SIGTERM: what is open is closed on the way out, as after Ctrl-C."""


def main(argv: Sequence[str] | None = None, terminal: Terminal | None = None) -> int:
    """Run one command and answer its exit status; it prints to `terminal` and nowhere else.

    Statuses are those of klio_core.errors, 130 after Ctrl-C, 143 after SIGTERM, else what the command answered.
    """
    terminal = terminal or Terminal()
    argv = sys.argv[1:] if argv is None else argv
    # click prints its help to sys.stdout
    with redirect_stdout(terminal.stdout), redirect_stderr(terminal.stderr), _closing_on_sigterm():
        return _status_of(argv, terminal)


def _status_of(argv: Sequence[str], terminal: Terminal) -> int:
    try:
        return int(klio.main(list(argv), prog_name="klio", standalone_mode=False, obj=terminal) or 0)
    except KlioError as error:
        terminal.error(str(error))
        return error.exit_code
    except click.ClickException as error:
        error.show(file=terminal.stderr)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Terminated:
        return TERMINATED
    except BrokenPipeError:
        terminal.abandon_stdout()
        return BUG
    except Exception:  # noqa: BLE001 - the last door: whatever comes here is our bug, and is shown whole
        terminal.bug()
        return BUG


@contextmanager
def _closing_on_sigterm() -> Iterator[None]:
    def terminate(_number: int, _frame: FrameType | None) -> NoReturn:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _print_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click calls it so
    if wanted:
        from klio_cli.version import klio_version

        click.echo(f"klio {klio_version()}")
        context.exit()


@click.group(cls=Folder, package="klio_cli.commands", context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Show klio's version."
)
def klio() -> None:
    """Process audio, or any large media, by reference.

    A job is a directory: klio-job.yaml says where events and data come from and go to, transforms.py holds your code.

    \b
    klio job create hello          make a job
    klio job run --local           run it on this machine, with nothing but Python
    klio message publish a --local send it an element
    """  # noqa: D301 - \b tells click not to wrap


if __name__ == "__main__":
    sys.exit(main())
