from klio_core.config.suggest import did_you_mean, nearest

KNOWN = ["DirectRunner", "DataflowRunner", "events", "data"]


def test_the_nearest_name_is_found_whatever_its_case() -> None:
    assert nearest("directrunnr", KNOWN) == "DirectRunner"
    assert did_you_mean("evnets", KNOWN) == "did you mean events?"


def test_what_is_like_nothing_gets_no_suggestion() -> None:
    assert nearest("quux", KNOWN) is None
    assert did_you_mean("quux", KNOWN) is None


def test_closeness_is_as_strict_as_asked_for() -> None:
    assert nearest("date", KNOWN, 0.6) == "data"
    assert nearest("date", KNOWN, 0.83) is None
