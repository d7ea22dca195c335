import pytest

from klio_core.config import parse
from klio_core.config.look import value_at
from klio_core.errors import ConfigError

CONFIG = parse(
    "job_name: j\n"
    "pipeline_options: {streaming: false}\n"
    "job_config:\n"
    "  price: 5 $$\n"
    "  depth: {a: [1.10, true]}\n"
    "  events: {inputs: [{type: file, name: ids, location: x}]}\n"
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("job_name", "j"),
        ("pipeline_options.num_workers", 2),
        ("pipeline_options.streaming", False),
        ("job_config.price", "5 $"),
        ("job_config.depth", {"a": [1.1, True]}),
        ("job_config.depth.a[1]", True),
        ("job_config.depth.a.0", 1.1),
        ("job_config.events.inputs.ids.location", "x"),
        ("job_config.events.outputs", []),
    ],
)
def test_a_value_is_found_by_its_path(path: str, value: object) -> None:
    assert value_at(CONFIG, path) == value


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("job_nme", "there is no such key, or it is not set\n  at: job_nme\n  to do: did you mean job_name?"),
        ("pipeline_options.project", "there is no such key, or it is not set\n  at: pipeline_options.project"),
    ],
)
def test_what_is_not_there_is_told(path: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        value_at(CONFIG, path)
    assert str(caught.value).startswith(told)
