from collections.abc import Callable

import pytest

from klio_core.config import KlioConfig, parse

TEXT = """\
job_name: j
pipeline_options: {streaming: false}
job_config:
  A_Key: 1
  nested: {list: [1, 2, 3]}
  events:
    inputs:
      - {type: file, location: one}
      - {type: file, name: second, location: two}
      - {type: file, location: three}
"""


def overridden(*overrides: str) -> KlioConfig:
    return parse(TEXT, overrides=overrides)


def told(complaint: Callable[..., str], *overrides: str) -> str:
    return complaint(TEXT, overrides=overrides)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("false", False),
        ("5", 5),
        ("1.10", 1.1),
        ("null", None),
        ("", ""),
        ('"5"', "5"),
        ("'false'", "false"),
        ("a=b=c", "a=b=c"),
        ("two words", "two words"),
        ("[a, 1]", ["a", 1]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
        ("yes", "yes"),
        ("a: b # c", "a: b # c"),
        ("gs://b/*", "gs://b/*"),
        ("${X}", "${X}"),
        ("&x", "&x"),
    ],
)
def test_values_are_typed_and_belong_to_the_override_as_a_whole(written: str, value: object) -> None:
    assert overridden(f"job_config.own={written}").job_config.own == value


def test_keys_keep_their_case() -> None:
    config = overridden("job_config.A_Key=2", "job_config.a_key=3")
    assert (config.job_config.A_Key, config.job_config.a_key) == (2, 3)


def test_false_is_false() -> None:
    text = "job_name: j\njob_config: {}\n"
    assert parse(text, overrides=["pipeline_options.streaming=false"]).pipeline_options.streaming is False


@pytest.mark.parametrize("path", ["nested.list[1]", "nested.list.1", " nested.list[1] "])
def test_entries_of_a_list_are_addressed_by_index(path: str) -> None:
    assert overridden(f"job_config.{path.strip()}=9").job_config.nested == {"list": [1, 9, 3]}


@pytest.mark.parametrize(("handle", "index"), [("[0]", 0), (".file0", 0), (".second", 1), (".file1", 2), (".2", 2)])
def test_inputs_are_addressed_by_index_name_or_type(handle: str, index: int) -> None:
    patterns = ["one", "two", "three"]
    patterns[index] = "new"
    config = overridden(f"job_config.events.inputs{handle}.location=new")
    assert [each.file_pattern for each in config.job_config.events.inputs] == patterns


def test_missing_sections_are_made_on_the_way() -> None:
    assert overridden("job_config.x.y.z=1").job_config.x == {"y": {"z": 1}}


def test_a_new_input_begins_with_its_type_in_any_order() -> None:
    config = overridden("job_config.data.inputs.gcs0.location=gs://b/x", "job_config.data.inputs.gcs0.type=gcs")
    (made,) = config.job_config.data.inputs
    assert made.as_dict() == {
        "type": "gcs",
        "name": "gcs0",
        "location": "gs://b/x",
        "file_suffix": "",
        "skip_klio_existence_check": False,
        "patience_s": 60.0,
    }


def test_the_last_of_two_overrides_wins() -> None:
    assert overridden("job_config.own=1", "job_config.own=2").job_config.own == 2


def test_a_wrong_value_says_which_override_it_came_from(complaint: Callable[..., str]) -> None:
    assert told(complaint, "job_config.blocking=5") == (
        "override 'job_config.blocking=5': job_config.blocking: not a value for this key\n"
        "  expected: true or false\n"
        "  got: 5"
    )


def test_an_unknown_name_lists_the_entries(complaint: Callable[..., str]) -> None:
    assert told(complaint, "job_config.events.inputs.secnd.location=x") == (
        "override 'job_config.events.inputs.secnd.location=x': job_config.events.inputs.secnd.location: "
        "there is no entry secnd in job_config.events.inputs\n"
        "  expected: file0 or [0], second or [1], file1 or [2]\n"
        "  to do: did you mean second?"
    )


def test_an_unknown_name_that_is_like_no_other_says_how_to_add_it(complaint: Callable[..., str]) -> None:
    assert told(complaint, "job_config.events.inputs.zzz.location=x").splitlines()[-1] == (
        "  to do: to add an entry, override job_config.events.inputs.zzz.type too"
    )


def test_an_index_past_the_end_is_told(complaint: Callable[..., str]) -> None:
    assert told(complaint, "job_config.nested.list[3]=1") == (
        "override 'job_config.nested.list[3]=1': job_config.nested.list[3]: "
        "there is no entry 3 in job_config.nested.list\n"
        "  expected: [0], [1], [2]"
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("job_config", "not an override"),
        ("=5", "not an override"),
        ("a..b=5", "not an override"),
        ("a[x]=5", "not an override"),
        ("job_config[0]=5", "job_config[0]: job_config is not a list"),
        ("job_name.x=5", "job_name.x: job_name holds a single value"),
        ("job_config.own=[1", "the value cannot be read: this is not YAML"),
        ('job_config.own="a" b', "the value cannot be read: this is not YAML"),
    ],
)
def test_what_cannot_be_applied_says_why(complaint: Callable[..., str], text: str, what: str) -> None:
    assert told(complaint, text).splitlines()[0] == f"override {text!r}: {what}"


def test_all_overrides_are_judged_together(complaint: Callable[..., str]) -> None:
    assert told(complaint, "x", "job_config.own[0]=1", "job_config.blocking=no").count("override '") == 3


def test_a_path_into_a_thousand_levels_is_refused(complaint: Callable[..., str]) -> None:
    assert "nested too deep" in told(complaint, "job_config" + ".a" * 1000 + "=1")
