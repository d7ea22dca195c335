"""Every form of a job file outlives a change of another key; and why ruamel.yaml is not what makes the change."""

from __future__ import annotations

import io
import re

import pytest
from ruamel.yaml import YAML

from klio_core.config.edit import cut, put
from klio_core.errors import ConfigError

HEAD = "job_name: j\njob_config:\n"
BODIES = {
    "comment behind a value": "  a: 1   # keep\n",
    "blank lines": "\n\n  a: 1\n\n\n  b: 2\n",
    "quotes": "  a: 'x'\n  b: \"y\"\n  c: z\n",
    "list below its key": "  a:\n  - x\n  - y\n",
    "list deeper than its key": "  a:\n    - x\n    - y\n",
    "keys in no order": "  z: 1\n  a: 2\n  m: 3\n",
    "anchor": "  a: &x 1\n  b: 2\n",
    "long plain text": f"  a: {'word ' * 60}end\n",
    "long quoted text": f'  a: "{"word " * 60}end"\n',
    "literal text": "  a: |\n    one\n      two\n\n    three\n",
    "literal text with its last lines": "  a: |+\n    one\n\n  b: 2\n",
    "folded text": "  a: >-\n    one\n    two\n",
    "yes, no, on and off": "  a: yes\n  b: no\n  c: on\n  d: off\n",
    "a quoted yes": "  a: 'yes'\n",
    "1_000": "  a: 1_000\n",
    "010": "  a: 010\n",
    "0x1F": "  a: 0x1F\n",
    "1e3, .5, 1.50": "  a: 1e3\n  b: .5\n  c: 1.50\n",
    "1:30": "  a: 1:30\n",
    "date": "  a: 2026-11-21\n",
    "letters of the world": "  a: é ♫ 音\n",
    "comment at the end": "  a: 1\n  # end of section\n# end of file\n",
    "comment in column 0": "  a:\n# odd\n    b: 1\n",
    "quoted key": '  "a b": 1\n',
    "templates": "  a: ${WHO}\n  b: $$x\n",
    # What follows, ruamel.yaml writes in another way.
    "lists of both indentations": "  a:\n  - x\n  b:\n    - y\n",
    "four spaces": "  a:\n      b: 1\n",
    "plain text over lines": "  a: one two\n    three four\n",
    "quoted text over lines": '  a: "one two\n    three four"\n',
    "True": "  a: True\n",
    "null and ~": "  a: null\n  b: ~\n  c:\n",
    "time with a fraction": "  a: 2026-11-21 10:00:00.5 +01:00\n",
    "list in brackets": "  a: [x,y]\n  b: {p: 1,q: 2}\n  c: [ x, y ]\n",
    "list in brackets over lines": "  a: [\n    x,  # one\n    y,\n  ]\n",
    "values in a column": "  a:   1\n  bb:  2\n",
    "escapes": '  a: "\\u00e9\\t"\n',
    "spaces at the end of a line": "  a: 1  \n",
    "comment behind a dash": "  a:\n    - # first\n      x: 1\n    # second\n    - x: 2\n",
    "question mark": "  ? a\n  : 1\n",
    "no newline at the end": "  a: 1",
}
FORMS = {name: HEAD + body for name, body in BODIES.items()} | {
    "schema for editors": f"# yaml-language-server: $schema=x.json\n{HEAD}  a: 1\n",
    "document start": f"---\n{HEAD}  a: 1\n",
    "version of YAML": f"%YAML 1.1\n---\n{HEAD}  a: 1\n",
    "document end": f"{HEAD}  a: 1\n...\n",
    "lines of Windows": f"{HEAD}  a: 1\n  # x\n  b: '2'\n".replace("\n", "\r\n"),
}


def renamed(text: str) -> str:
    return text.replace("job_name: j", "job_name: k", 1)


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_change_elsewhere_leaves_each_form_as_it_is(text: str) -> None:
    assert put(text, "job_name=k", "f") == renamed(text)


@pytest.mark.parametrize("name", sorted(FORMS.keys() - {"no newline at the end", "question mark"}))
def test_a_key_that_is_added_and_cut_again_leaves_nothing_behind(name: str) -> None:
    with_it = put(FORMS[name], "job_config.new=5", "f")

    assert with_it.count("\n") == FORMS[name].count("\n") + 1
    assert cut(with_it, "job_config.new", "f") == FORMS[name]


def test_a_key_behind_a_question_mark_is_left_to_an_editor() -> None:
    with pytest.raises(ConfigError, match="change it in an editor"):
        put(FORMS["question mark"], "job_config.new=5", "f")


def test_new_lines_end_as_the_others_do() -> None:
    made = put(FORMS["lines of Windows"], "pipeline_options.labels=[a]", "f")

    assert made == FORMS["lines of Windows"] + "pipeline_options:\r\n  labels: [a]\r\n"


def test_the_figures_that_speak_against_a_round_trip_by_ruamel_yaml() -> None:
    kept = {name for name, text in FORMS.items() if round_trip(text) == renamed(text)}

    assert (len(FORMS), len(kept)) == (45, 28)
    assert {"True", "lists of both indentations", "list in brackets over lines"}.isdisjoint(kept)


def round_trip(text: str) -> str:
    """What ruamel.yaml writes when job_name is set: told all that can be told of the text's form."""
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 10**9
    yaml.explicit_start = text.startswith("---")
    deeper = re.search(r"^( *)[^\s#-][^\n]*:[ \t]*\r?\n\1 +- ", text, re.MULTILINE)
    yaml.indent(mapping=2, sequence=4 if deeper else 2, offset=2 if deeper else 0)
    data = yaml.load(text)
    data["job_name"] = "k"
    out = io.StringIO()
    yaml.dump(data, out)
    made = out.getvalue()
    return made.replace("\n", "\r\n") if "\r\n" in text else made
