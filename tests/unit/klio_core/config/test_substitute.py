from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klio_core.config import InvalidConfig, parse
from klio_core.config.nodes import Mapping, Scalar
from klio_core.config.problems import Place
from klio_core.config.substitute import escape, substitute, templates_of
from klio_core.config.values import Values

TEXT = "job_name: j\njob_config:\n"


def own(line: str, *templates: str) -> object:
    return parse(f"{TEXT}  own: {line}\n", templates=templates).job_config.own


@pytest.mark.parametrize(
    ("line", "templates", "value"),
    [
        ("${KEY}", ["KEY=x"], "x"),
        ("$KEY", ["KEY=x"], "x"),
        ("a-${KEY}-${Key}", ["KEY=x", "Key=y"], "a-x-y"),
        ("${A.b-c}", ["A.b-c=x"], "x"),
        ("${KEY}", ["KEY=false"], False),
        ("'${KEY}'", ["KEY=false"], "false"),
        ("${KEY}", ["KEY=5"], 5),
        ("1${KEY}", ["KEY=5"], "15"),
        ("${KEY}", ["KEY="], None),
        ("${KEY}", ["KEY=a=b=c"], "a=b=c"),
        ("${KEY}", ["KEY=two words"], "two words"),
        ("$$5", [], "$5"),
        ("$${KEY}", [], "${KEY}"),
        ("^a$", [], "^a$"),
        ("$5 or 5$", [], "$5 or 5$"),
    ],
)
def test_variables_become_their_values(line: str, templates: list[str], value: object) -> None:
    assert own(line, *templates) == value


@pytest.mark.parametrize(
    "value", ["[1, 2]", "{a: b}", "x\nother: 1", "&a x", "*a", "!!python/none", "${KEY}", "# x", "'"]
)
def test_a_value_is_never_read_as_yaml_again(value: str) -> None:
    assert own("${KEY}", f"KEY={value}") == value
    assert own("<${KEY}>", f"KEY={value}") == f"<{value}>"


def test_keys_are_substituted_too_and_may_then_be_there_twice(complaint: Callable[..., str]) -> None:
    assert parse(f"{TEXT}  a_${{KEY}}: 1\n", templates={"KEY": "b"}).job_config.a_b == 1
    assert complaint(f"{TEXT}  own: 1\n  ${{KEY}}: 2\n", templates={"KEY": "own"}) == (
        "klio-job.yaml:4: job_config.own: the key is there twice\n  got: also at klio-job.yaml:3\n  to do: keep one"
    )


def test_a_variable_without_a_value_says_which_were_given(complaint: Callable[..., str]) -> None:
    assert complaint(f"{TEXT}  own: ${{bucket}}\n", templates=["BUCKET=x", "AREA=y"]) == (
        "klio-job.yaml:3: no value for the template ${bucket}\n"
        "  got: values for: AREA, BUCKET\n"
        "  to do: did you mean BUCKET?"
    )


def test_without_any_values_it_says_how_to_give_one(complaint: Callable[..., str]) -> None:
    assert complaint(f"{TEXT}  own: x$HOME\n") == (
        "klio-job.yaml:3: no value for the template $HOME\n"
        "  got: values for: none\n"
        "  to do: give it: -T HOME=value; a dollar sign itself is $$"
    )


@pytest.mark.parametrize("written", ["${}", "${a b}", "${", "${5}"])
def test_what_is_no_variable_is_told(complaint: Callable[..., str], written: str) -> None:
    told = complaint(f"{TEXT}  own: 'x {written}'\n")
    assert told.startswith("klio-job.yaml:3: not a template variable\n  got: ${")


def test_a_variable_without_a_value_is_told_once_and_not_as_a_wrong_value_too(complaint: Callable[..., str]) -> None:
    told = complaint(f"{TEXT}  blocking: ${{LIVE}}\n  max_attempts: 0\n", templates={"KEY": "x"})
    assert [line for line in told.splitlines() if not line.startswith("  ")] == [
        "klio-job.yaml:3: no value for the template ${LIVE}",
        "klio-job.yaml:4: job_config.max_attempts: not a value for this key",
    ]


@pytest.mark.parametrize("entry", ["KEY", "=x", "a b=x", "5=x"])
def test_a_template_that_is_no_pair_is_told(entry: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        templates_of([entry])
    assert str(caught.value) == (
        "the templates cannot be used: 1 problem\n"
        f"template {entry!r}: not a template\n"
        "  expected: KEY=value, with a KEY of letters, digits, '_', '.', '-'"
    )


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_an_escaped_text_substitutes_to_itself(text: str) -> None:
    place = Place("f", 1)
    root = Mapping.of(((Scalar("k", place), Scalar(escape(text), place, plain=False)),), place)
    changed, problems = substitute(root, {})
    assert (Values.of(changed).data, problems) == ({"k": text}, [])
