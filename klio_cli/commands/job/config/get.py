from __future__ import annotations

import json
from typing import Any

import click

from klio_cli import job_dir, options
from klio_cli.terminal import Terminal


@click.command()
@click.argument("path")
@options.job
@click.option("--json", "as_json", is_flag=True, help="As JSON, not as YAML.")
@click.pass_obj
def command(terminal: Terminal, /, path: str, *, as_json: bool, **chosen: Any) -> None:
    """Print one value of the effective configuration.

    PATH is written as in an override: job_config.events.inputs[0].topic. Text is printed as it is, without quotes.
    """
    from klio_core.config.look import value_at

    value = value_at(job_dir.load(options.invocation(chosen)), path)
    terminal.say(json.dumps(value, indent=2, ensure_ascii=False) if as_json else _as_yaml(value))


def _as_yaml(value: object) -> str:
    from klio_core.config.dump import written

    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        return written(value).rstrip("\n")
    return json.dumps(value)
