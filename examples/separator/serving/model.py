"""The model that the workers load: whether it is there, before anything waits for it."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from klio_core.errors import ConfigError
from serving.log import Log

SMALL = "small"
NONSENSE = """\
###########################################################################
#  MODEL=small: A MODEL OF RANDOM NUMBERS. WHAT IT MAKES IS NOT STEMS BUT #
#  NONSENSE THAT HAS THEIR LENGTH: to try everything but how it sounds.   #
###########################################################################"""
_PUBLISHED = ("https://huggingface.co", "https://dl.fbaipublicfiles.com")
_REACH_S = 4.0
# Nothing answers there: what is on this machine is loaded, and nothing is fetched.
_OFFLINE = {"HF_HUB_OFFLINE": "1", "https_proxy": "http://127.0.0.1:9", "no_proxy": ""}
KEPT = {"HF_HUB_OFFLINE": "1"}
"""What workers are told once the model is on this machine: not to ask whether there is a newer one."""


def prepared(separate: Path, directory: Path, model: str, log: Log) -> list[str]:
    """Answer the overrides by which the job in `separate` uses a model, which is on this machine from now on.

    `small` is made, with random numbers, in `directory`. Raises ConfigError for one that is nowhere to be had.
    """
    if model == SMALL:
        if not list(directory.glob("small-*.th")):
            _python(separate, "small_model.py", str(directory))
        return [f"job_config.model={SMALL}", f"job_config.repo={directory}"]
    if not _loads(separate, model):
        _fetch(separate, model, log)
    return [f"job_config.model={model}"]


def _loads(separate: Path, model: str) -> bool:
    return _python(separate, "weights.py", model, **_OFFLINE).returncode == 0


def _fetch(separate: Path, model: str, log: Log) -> None:
    if not any(map(_answers, _PUBLISHED)):
        raise _nowhere(model, "neither of the two places where it is published answers: " + ", ".join(_PUBLISHED))
    log.say(f"{model} is fetched, once for this machine; that takes a minute, or several …")
    done = _python(separate, "weights.py", model)
    if done.returncode:
        raise _nowhere(model, done.stderr.decode(errors="replace").strip()[-600:])


def _python(separate: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command: Sequence[str] = [sys.executable, *arguments]
    given = {**os.environ, **environment}
    return subprocess.run(command, cwd=separate, env=given, stdin=subprocess.DEVNULL, capture_output=True, check=False)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=_REACH_S).close()  # noqa: S310 - one of ours, above
    except urllib.error.HTTPError:
        return True  # somebody is there
    except OSError:
        return False
    return True


def _nowhere(model: str, got: str) -> ConfigError:
    return ConfigError(
        f"the model {model} is not on this machine, and cannot be fetched",
        got=got,
        todo="start it once with a network, and it is kept; without one, `make separator MODEL=small` shows everything"
        " but the sound, with a model of random numbers",
    )
