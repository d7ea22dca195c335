import pytest

from klio_core.config.compose import MAX_DEPTH, compose
from klio_core.config.nodes import Mapping, Scalar, Sequence
from klio_core.config.problems import InvalidConfig, Place
from klio_core.config.values import Values
from tests.steps import calls_in


def values(text: str) -> object:
    root = compose(text, "f")
    assert root is not None
    return Values.of(root).data


def complaint(text: str) -> str:
    with pytest.raises(InvalidConfig) as caught:
        compose(text, "f")
    return "\n".join(map(str, caught.value.problems))


def test_every_node_knows_its_line() -> None:
    root = compose("a:\n  - 1\n  - b: x\n", "f")
    assert isinstance(root, Mapping)
    ((key, items),) = root.entries
    assert (key.text, key.place) == ("a", Place("f", 1))
    assert isinstance(items, Sequence)
    assert [item.place for item in items.items] == [Place("f", 2), Place("f", 3)]


def test_quotes_make_a_scalar_text() -> None:
    root = compose("[5, '5', \"5\", !!str 5]", "f")
    assert isinstance(root, Sequence)
    assert [isinstance(item, Scalar) and item.plain for item in root.items] == [True, False, False, False]


def test_aliases_stand_for_what_they_name() -> None:
    assert values("a: &x {b: 1}\nc: *x\n") == {"a": {"b": 1}, "c": {"b": 1}}


def test_merged_keys_give_way_to_those_written_and_to_those_merged_first() -> None:
    text = "one: &one {a: 1, b: 1}\ntwo: &two {b: 2, c: 2}\nthree:\n  <<: [*one, *two]\n  a: 3\n"
    assert values(text)["three"] == {"a": 3, "b": 1, "c": 2}  # type: ignore[index]


def test_nothing_composes_to_nothing() -> None:
    assert compose("# only a comment\n", "f") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "a: 1\nb:\n\tc: 2\n",
            "f:3: a tab in the indentation\n  expected: spaces\n  to do: replace each tab by two spaces",
        ),
        (
            "a: !!python/object/apply:os.system [x]\n",
            (
                "f:1: a YAML tag\n  expected: no tags\n  got: !!python/object/apply:os.system\n"
                "  to do: delete the tag: a configuration holds text, numbers, true, false, lists and mappings"
            ),
        ),
        (
            "a: 1\n---\nb: 2\n",
            "f:2: a second document\n  expected: one\n  to do: delete the line '---' and what follows it",
        ),
        ("a: &a [*a]\n", "f:1: the alias *a stands inside the value that it names"),
        (
            "a: 1\nb: *c\n",
            (
                "f:2: the alias *c names nothing\n"
                "  to do: put &c before the value that is meant, above this line; a leading * needs quotes"
            ),
        ),
        (
            "? [a, b]\n: c\n",
            "f:1: a key that is not a word\n  expected: a word before the colon\n  to do: quote it",
        ),
        ("a: 1\n<<: 5\n", "f:2: << merges mappings only\n  expected: an alias of a mapping"),
        (
            "x: &x {}\na:\n  <<: *x\n  <<: *x\n",
            "f:4: the key << is there twice\n  to do: merge several at once: <<: [*first, *second]",
        ),
        (
            "a: 1\nb: \x07\n",
            (
                "f:2: a character that YAML does not allow\n  expected: printable text\n  got: U+0007\n"
                "  to do: delete it"
            ),
        ),
        (
            "a: \ud800",
            (
                "f:1: a character that YAML does not allow\n  expected: printable text\n  got: U+D800\n"
                "  to do: delete it"
            ),
        ),
    ],
)
def test_what_is_refused_says_its_line_and_what_to_do(text: str, told: str) -> None:
    assert complaint(text) == told


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1\nb: 2\n", 2), ('a: 1\nb: "x\nc: 3\n', 2), ("a: b: c\n", 1), ("a: 1\n  b: 2\n", 2), ("a: @x\n", 1)],
)
def test_what_is_not_yaml_is_told_with_the_line_to_look_at(text: str, line: int) -> None:
    assert complaint(text).startswith(f"f:{line}: this is not YAML\n  got: ")


def bomb() -> str:
    levels = [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(20)]
    return "\n".join(["a: &a [x, x, x, x, x, x, x, x, x]", *levels])


def merge_bomb() -> str:
    entries = ", ".join(f"k{n}: 1" for n in range(3000))
    return f"x: &a {{{entries}}}\ny:\n" + "  - <<: *a\n" * 5000


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (bomb(), "too many values"),
        (merge_bomb(), "too many values"),
        ("[" * 60_000, "nested too deep"),
        ("\n".join(" " * n + "a:" for n in range(300)), "nested too deep"),
        ("- x\n" * 200_000, "too many values"),
        ("a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 20 + "*a" + "]" * 20, "nested too deep"),
        ("a: 1\n" * 2_000_000, "the file is too large for a configuration"),
    ],
    ids=["aliases", "merges", "brackets", "levels", "items", "deep alias", "10 MB"],
)
def test_bombs_are_refused_before_they_go_off(text: str, what: str) -> None:
    told = []
    assert calls_in(lambda: told.append(complaint(text))) < 3_000_000
    assert what in told[0].splitlines()[0]


def test_the_deepest_nesting_allowed_is_read() -> None:
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert compose(deepest, "f") is not None
    assert "nested too deep" in complaint(f"[{deepest}]")
