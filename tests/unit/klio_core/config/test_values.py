from klio_core.config.compose import compose
from klio_core.config.problems import Place
from klio_core.config.values import Values


def values(text: str) -> Values:
    root = compose(text, "f")
    assert root is not None
    return Values.of(root)


def test_keys_and_values_are_typed() -> None:
    assert values("{a: [1, x, '1'], 2: true, '3': null}").data == {"a": [1, "x", "1"], 2: True, "3": None}


def test_a_path_is_where_its_key_was_written() -> None:
    places = values("a:\n  b:\n\n    - x\n    - y\n").places
    assert [places[path] for path in [("a",), ("a", "b"), ("a", "b", 1)]] == [
        Place("f", 1),
        Place("f", 2),
        Place("f", 5),
    ]


def test_what_was_not_written_is_where_its_parent_is() -> None:
    read = values("a:\n  b: {c: 1}\n")
    assert read.place(("a", "b", "missing", 0), Place("f")) == Place("f", 2)


def test_a_key_that_is_there_twice_names_both_lines() -> None:
    (problem,) = values("a:\n  b: 1\n  c: 2\n  b: 3\n").problems
    assert str(problem) == "f:4: a.b: the key is there twice\n  got: also at f:2\n  to do: keep one"


def test_keys_that_mean_the_same_are_the_same_key() -> None:
    assert len(values("{1: a, 1.0: b}").problems) == 1
    assert values("{1: a, '1': b}").problems == []
    assert values("{true: a, True: b}").problems[0].path == "true"
