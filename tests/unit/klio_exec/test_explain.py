from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from klio_core.decision import Facts, Found, Verdict, decide
from klio_core.errors import ConfigError
from klio_core.invocation import Invocation
from klio_core.message import JobRef, Limited, Message, Visit
from klio_exec.explain import explain, row_of

ME = JobRef("mix", "studio")
TOLD = Callable[..., str]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TOLD:
    """What is said of the element `a`; keys of job_config may be changed, files put beside the job."""

    def tell(message: Message | None = None, *files: str, **job_config: Any) -> str:
        (tmp_path / "job").mkdir()
        for name in files:
            (tmp_path / "job" / name).parent.mkdir(exist_ok=True)
            (tmp_path / "job" / name).touch()
        data = {
            "inputs": [{"type": "file", "location": "wav"}, {"type": "file", "location": "beats"}],
            "outputs": [{"type": "file", "location": "out", "file_suffix": ".ogg"}],
        }
        config = {
            "job_name": "mix",
            "pipeline_options": {"project": "studio", "streaming": False},
            "job_config": {"data": data} | job_config,
        }
        (tmp_path / "job" / "klio-job.yaml").write_text(json.dumps(config))
        monkeypatch.chdir(tmp_path)
        return explain(Invocation(Path("job")), (message or Message.of(b"a")).encode())

    return tell


PARENT = {"job_name": "beats", "input_topics": ["projects/studio/topics/beats-in"], "makes": 1}


def test_a_missing_input_is_told_with_its_path_and_who_would_be_asked_for_it(told: TOLD):
    message = Message.of(b"a", recipients=Limited((ME,)))

    assert told(message, "wav/a", dependencies=[PARENT]) == (
        "mix: trigger parents (input missing)\n"
        "  addressed  yes           the message is for studio::mix\n"
        "  ping       no\n"
        "  force      no\n"
        "  output     missing       out/a.ogg: not there\n"
        "  input      missing       wav/a: there\n"
        "                           beats/a: not there\n"
        "  parents    yes           studio::beats makes it\n"
        "  spent      no\n"
        '  row 7      yes  no  .  .  missing  yes  no │ trigger parents "input missing"\n'
        "  would ask studio::beats by projects/studio/topics/beats-in"
    )


def test_a_parent_without_a_topic_is_told_to_be_asked_by_the_graph_only(told: TOLD):
    batch = [{"job_name": "beats", "makes": 1}, {"job_name": "wav", "makes": 0}]
    said = told(Message.of(b"a"), "wav/a", dependencies=batch)
    assert said.startswith("mix: drop (input missing)\n")
    assert "  parents    no            beats makes it, and is asked by `klio graph run` only\n" in said
    assert "wav makes it" not in said


def test_what_the_rules_do_not_ask_for_is_not_looked_at(told: TOLD):
    assert told(None, "out/a.ogg") == (
        "mix: pass on (output exists)\n"
        "  addressed  yes           the message is for anyone\n"
        "  ping       no\n"
        "  force      no\n"
        "  output     found         out/a.ogg: there\n"
        "  input      not asked\n"
        '  row 4      yes  no  no  found  .  .  . │ pass on "output exists"'
    )


def test_a_fact_that_the_job_file_sets_is_told_to_be_set_there(told: TOLD):
    data = {"outputs": [{"type": "file", "location": "out", "force": True}]}

    assert told(None, "out/a", data=data) == (
        "mix: process\n"
        "  addressed  yes           the message is for anyone\n"
        "  ping       no\n"
        "  force      yes           the job file says so, in job_config.data.outputs\n"
        "  output     not asked\n"
        "  input      not declared\n"
        "  row 9      yes  no  .  .  .  .  . │ process"
    )


def test_a_message_for_others_is_told_to_be_for_them(told: TOLD):
    assert told(Message.of(b"a", recipients=Limited((JobRef("beats", "studio"),)))) == (
        "mix: drop (not addressed to us)\n"
        "  addressed  no            the message is for studio::beats\n"
        '  row 1      no  .  .  .  .  .  . │ drop "not addressed to us"'
    )


def test_a_bad_element_is_told_as_the_dead_letter_that_it_would_be(told: TOLD):
    lines = told(Message.of(b"../a")).splitlines()

    assert lines[0] == "mix: dead letter (bad-element)"
    assert lines[1] == '  the element holds ".." where a name should stand between slashes'


def test_a_message_that_came_too_often_is_told_as_a_loop(told: TOLD):
    from datetime import UTC, datetime

    message = Message.of(b"a")
    for _ in range(3):
        message = message.with_visit(Visit(datetime.now(UTC), ME))

    lines = told(message, "wav/a", dependencies=[PARENT]).splitlines()

    assert lines[0] == "mix: dead letter (trigger-loop)"
    assert "  spent      yes           asked at most 3 times" in lines
    assert lines[-1] == '  row 6      yes  no  .  .  missing  yes  yes │ dead letter "trigger-loop"'


def test_nothing_is_written(told: TOLD, tmp_path: Path):
    told(None, "wav/a", dependencies=[PARENT])

    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "job",
        "job/klio-job.yaml",
        "job/wav",
        "job/wav/a",
    ]


def test_a_bad_job_file_is_an_error(told: TOLD):
    with pytest.raises(ConfigError):
        told(None, dependencis=[PARENT], max_triggers="many")


ALL = [
    Facts(*flags[:3], output=output, input=input_, parents=flags[3], spent=flags[4])
    for *flags, output, input_ in product(*[[True, False]] * 5, Found, Found)
]


def test_every_verdict_of_the_rules_has_the_row_that_says_it():
    verdicts = [(facts, answer) for facts in ALL if isinstance(answer := decide(facts), Verdict)]

    for facts, verdict in verdicts:
        said = row_of(facts)[1].partition(" │ ")[2]
        assert said == (f'{verdict.action} "{verdict.reason}"' if verdict.reason else str(verdict.action))
    assert {row_of(facts)[0] for facts, _ in verdicts} == {1, 2, 4, 6, 7, 8, 9}
