"""The folders under commands/ are the groups, the files in them the commands; each is imported when it is needed."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import click

from klio_cli import examples


class Folder(click.Group):
    """A group whose commands are the modules of a package.

    Each module, and each package for a group within, names its click command `command`; `a_b` is the command a-b.
    """

    def __init__(self, *args: Any, package: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.package = package

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Answer the names of the modules, sorted."""
        path = importlib.import_module(self.package).__path__
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(path))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of that name; None where there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        found: click.Command = importlib.import_module(f"{self.package}.{cmd_name.replace('-', '_')}").command
        found.epilog = examples.of(f"{ctx.command_path} {cmd_name}")
        return found
