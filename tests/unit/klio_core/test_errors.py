import inspect
import pickle
import re

import pytest

from klio_core import errors
from klio_core.errors import DataNotFound, KlioError

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, KlioError)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_stands_in_the_tree_on_the_page(kind):
    assert re.search(rf"\b{kind.__name__}\b", errors.__doc__ or "")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_has_its_own_reason_and_an_exit_status(kind):
    assert kind.reason == kind.__dict__["reason"]
    assert kind.exit_code in {1, 2, 3, 4, 5, 6}


def test_an_error_says_what_where_expected_got_and_what_to_do():
    error = DataNotFound("there is no such file", where="a/b", expected="a file", got="nothing", todo="look again")
    assert str(error) == "there is no such file\n  at: a/b\n  expected: a file\n  got: nothing\n  to do: look again"


def test_what_is_not_known_is_not_said():
    assert str(KlioError("it failed", got="nothing")) == "it failed\n  got: nothing"


def test_an_error_crosses_processes_whole():
    error = pickle.loads(pickle.dumps(DataNotFound("gone", where="here", todo="look")))
    assert (type(error), str(error)) == (DataNotFound, "gone\n  at: here\n  to do: look")
