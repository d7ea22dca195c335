from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from klio_cli import app
from klio_cli.version import klio_version

HELP = """\
Usage: klio [OPTIONS] COMMAND [ARGS]...

  Process audio, or any large media, by reference.

  A job is a directory: klio-job.yaml says where events and data come from and
  go to, transforms.py holds your code.

  klio job create hello          make a job
  klio job run --local           run it on this machine, with nothing but Python
  klio message publish a --local send it an element

Options:
  --version   Show klio's version.
  -h, --help  Show this message and exit.

Commands:
  config   What a job file may hold.
  dlq      See why messages could not be worked on, and send them again.
  graph    Several jobs that feed each other.
  image    Build, push and list the images of jobs.
  job      Create, test and run jobs.
  local    The local cloud: Pub/Sub and object storage on this machine.
  message  Send elements to a job, and watch what comes out.
  top      Watch a job that runs on this machine.
"""


def test_help_is_a_map_of_the_commands(klio):
    screen = klio("--help")

    assert (screen.status, screen.out, screen.err) == (0, HELP, "")


@pytest.mark.parametrize(
    ("group", "commands"),
    [
        ("config", "schema"),
        ("dlq", "list purge replay show"),
        ("graph", "run show"),
        ("job", "audit config create delete deploy list logs profile run status stop test verify"),
        ("job profile", "collect-profiling-data cpu lines memory memory-lines timeit"),
        ("message", "explain publish tail"),
        ("local", "cp down env ls reset status up"),
    ],
)
def test_the_tree_of_files_is_the_tree_of_commands(klio, group, commands):
    listed = klio(*group.split(), "--help").out.split("Commands:\n")[1].splitlines()

    assert [line.split()[0] for line in listed] == commands.split()


def every_command(group: click.Command, path: tuple[str, ...] = ()):
    if not isinstance(group, click.Group):
        yield path, group
        return
    context = click.Context(group)
    for name in group.list_commands(context):
        yield from every_command(group.get_command(context, name), (*path, name))


@pytest.mark.parametrize(("path", "command"), [pytest.param(*c, id=" ".join(c[0])) for c in every_command(app.klio)])
def test_every_command_and_option_has_a_help_of_its_own(path, command):
    assert command.help
    assert [p.name for p in command.params if isinstance(p, click.Option) and not p.help] == []


def test_help_loads_nothing_heavy():
    heavy = ("rich", "pydantic", "google", "yaml", "apache_beam", "grpc", "docker")
    code = f"""
import sys
from klio_cli.app import main
main(["--help"])
print(sorted(m for m in sys.modules if m.split(".")[0] in {heavy!r}), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == (HELP, "[]\n")


def test_a_job_is_verified_without_loading_beam_or_a_client(klio, tmp_path: Path):
    klio("job", "create", "hello", "--output", tmp_path / "j")
    heavy = {"apache_beam", "grpc", "google", "klio", "klio_exec", "rich"}
    code = f"""
import sys
from klio_cli.app import main
main(["job", "verify", "--offline", "-j", {str(tmp_path / "j")!r}])
print(sorted({{m.split(".")[0] for m in sys.modules}} & {heavy!r}))
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_version(klio):
    assert klio("--version").out == f"klio {klio_version()}\n"


def test_an_unknown_command_is_a_usage_error(klio):
    screen = klio("jbo")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.splitlines()[-1].startswith("Error: No such command 'jbo'.")


def test_python_m_runs_it_too():
    done = subprocess.run([sys.executable, "-m", "klio_cli.app", "job", "create", "No"], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: not a name for a job\n"
        "  expected: a-z, 0-9 and hyphens, a letter first, no hyphen last, at most 63 characters\n"
        "  got: 'No'\n"
    )


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path):
    command = f"{sys.executable} -m klio_cli.app job create a --output {tmp_path / 'a'} | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)

    assert done.stderr == ""


def test_a_bug_shows_its_traceback_and_where_to_report(klio, tmp_path: Path):
    (tmp_path / ".klio" / "local.json").mkdir(parents=True)  # nothing of ours makes a directory of it

    screen = klio("local", "status", "--project", tmp_path)

    assert screen.status == 1
    assert screen.err.startswith("Traceback (most recent call last):\n")
    assert screen.err.splitlines()[-2:] == [
        f"IsADirectoryError: [Errno 21] Is a directory: '{tmp_path}/.klio/local.json'",
        "This is a bug in klio. Please report it with the lines above and the output of `klio --version`.",
    ]
