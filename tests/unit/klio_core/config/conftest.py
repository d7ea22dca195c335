from collections.abc import Callable

import pytest

from klio_core.config import InvalidConfig, parse

MINIMAL = "job_name: j\njob_config:\n"


@pytest.fixture
def complaint() -> Callable[..., str]:
    """The whole text of the error that a configuration ends in, from its second line on."""

    def told(text: str, **given: object) -> str:
        with pytest.raises(InvalidConfig) as caught:
            parse(text, **given)  # type: ignore[arg-type]
        first, _, rest = str(caught.value).partition("\n")
        assert first.startswith("klio-job.yaml cannot be used: ")
        return rest

    return told


@pytest.fixture
def job_complaint(complaint: Callable[..., str]) -> Callable[..., str]:
    """The same for a few lines of job_config, the first of which is line 3."""

    def told(lines: str, **given: object) -> str:
        body = "".join(f"  {line}\n" for line in lines.splitlines())
        return complaint(f"pipeline_options: {{streaming: {given.pop('streaming', 'true')}}}\n{MINIMAL}{body}", **given)

    return told
