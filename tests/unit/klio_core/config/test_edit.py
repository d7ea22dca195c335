from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klio_core.config.edit import cut, put
from klio_core.config.override import override
from klio_core.config.read import read_tree
from klio_core.config.values import Values
from klio_core.errors import ConfigError

TEXT = """\
# about the job
job_name: j  # its name
pipeline_options:
  streaming: True   # keep
  labels: [a, b]

# about job_config
job_config:
  note: |
    two
    lines
  events:
    inputs:
      # first
      - type: file  # a file
        location: a
      - {type: file, location: b, name: ids}
    outputs:
  # data
  data: {}
"""


def values(text: str) -> Any:
    return Values.of(read_tree(text, "f")).data


@pytest.mark.parametrize(
    ("setting", "before", "after"),
    [
        ("job_name=k", "job_name: j  #", "job_name: k  #"),
        ("pipeline_options.streaming=false", "streaming: True   # keep", "streaming: false   # keep"),
        ("pipeline_options.labels=[x]", "[a, b]", "[x]"),
        ("job_config.note=a: b", "|\n    two\n    lines\n", '"a: b"\n'),
        ("job_config.note=", "|\n    two\n    lines\n", '""\n'),
        ("job_config.events.outputs=[{type: file}]", "outputs:\n", "outputs: [{type: file}]\n"),
        ("job_config.events.inputs[0].location=z z", "location: a\n", "location: z z\n"),
        ("job_config.events.inputs.file0.location='5'", "location: a\n", "location: '5'\n"),
        ("job_config.events.inputs.ids.location=x,y", "location: b,", 'location: "x,y",'),
        ("job_config.events.inputs.0.validate=false", "location: a\n", "location: a\n        validate: false\n"),
        ("job_config.events.inputs[1].validate=false", "name: ids}", "name: ids, validate: false}"),
        ("job_config.data.a.b=1", "data: {}", "data: {a: {b: 1}}"),
        ("job_config.own.deep.key=5", "  data: {}\n", "  data: {}\n  own:\n    deep:\n      key: 5\n"),
        ("job_config.true=no", "  data: {}\n", '  data: {}\n  "true": no\n'),
        ("pipeline_options.labels[1]=c", "[a, b]", "[a, c]"),
    ],
)
def test_a_setting_changes_its_place_and_no_other(setting: str, before: str, after: str) -> None:
    assert put(TEXT, setting, "f") == TEXT.replace(before, after)


def test_a_section_with_nothing_in_it_gets_its_first_key() -> None:
    assert put("job_name: j\njob_config:\n# end\n", "job_config.a.b=1", "f") == (
        "job_name: j\njob_config:\n  a:\n    b: 1\n# end\n"
    )


def test_a_file_without_a_last_newline_is_added_to() -> None:
    assert put("job_name: j", "job_config={}", "f") == "job_name: j\njob_config: {}\n"


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("job_name", "job_name: j  # its name\n", ""),
        ("pipeline_options.streaming", "  streaming: True   # keep\n", ""),
        ("pipeline_options.labels[0]", "[a, b]", "[b]"),
        ("pipeline_options.labels[1]", "[a, b]", "[a]"),
        ("job_config.note", "  note: |\n    two\n    lines\n", ""),
        ("job_config.events.inputs[0].type", "- type: file  # a file\n        location", "- location"),
        ("job_config.events.inputs[0].location", "        location: a\n", ""),
        ("job_config.events.inputs[0]", "      - type: file  # a file\n        location: a\n", ""),
        ("job_config.events.inputs.ids", "      - {type: file, location: b, name: ids}\n", ""),
        ("job_config.events.inputs.ids.name", ", name: ids", ""),
        ("job_config.events.outputs", "    outputs:\n", ""),
        ("job_config.data", "  data: {}\n", ""),
    ],
)
def test_what_is_cut_leaves_the_rest_as_it_is(path: str, before: str, after: str) -> None:
    assert cut(TEXT, path, "f") == TEXT.replace(before, after)


def test_the_only_key_and_the_only_entry_leave_an_empty_section() -> None:
    text = "job_name: j\njob_config:\n  data:\n    inputs:\n      - type: file\n"
    assert cut(text, "job_config.data.inputs[0]", "f").endswith("    inputs: []\n")
    assert cut(text, "job_config.data.inputs", "f").endswith("  data: {}\n")


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("job_name: j\na: &x {b: 1}\njob_config: *x\n", "job_config.b=2"),
        ("a: &x {b: 1}\njob_config:\n  <<: *x\n", "job_config.b=2"),
        ("job_name: j\njob_config: {events: {inputs: []}}\n", "job_config.events.inputs.ids.type=file"),
    ],
)
def test_what_cannot_be_changed_alone_is_left_to_an_editor(text: str, setting: str) -> None:
    with pytest.raises(ConfigError, match="this cannot be changed without touching what is around it"):
        put(text, setting, "f")


def test_a_comment_that_would_become_text_is_left_to_an_editor() -> None:
    text = "job_config:\n  note: |\n    text\n  events:\n    # a comment\n"
    with pytest.raises(ConfigError, match="to do: change it in an editor"):
        cut(text, "job_config.events", "f")


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda: put(TEXT, "job_name", "f"), "not an override"),
        (lambda: put(TEXT, "job_name.x=1", "f"), "holds a single value"),
        (lambda: put(TEXT, "job_config.events.inputs[7].x=1", "f"), "there is no entry 7"),
        (lambda: put("a: [", "a=1", "f"), "not YAML"),
        (lambda: cut(TEXT, "job_config.nope.x", "f"), "there is no such key\n  at: f: job_config.nope"),
        (lambda: cut(TEXT, "a..b", "f"), "not a path"),
    ],
)
def test_mistakes_are_told(act: Callable[[], str], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        act()
    assert told in str(caught.value)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["job_config.note", "job_config.data.x", "pipeline_options.labels[0]", "new"]), st.text(max_size=9)
)
def test_any_value_is_written_so_that_it_is_read_as_the_override_would_be(path: str, value: str) -> None:
    setting = f"{path}={value}"
    tree, problems = override(read_tree(TEXT, "f"), [setting])
    try:
        made = put(TEXT, setting, "f")
    except ConfigError as error:
        assert problems or "editor" in str(error)  # noqa: PT017 - both may be
    else:
        assert values(made) == Values.of(tree).data
        assert "# about the job" in made
