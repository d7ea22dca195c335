import pytest

from klio.context import UNBOUND, bind, current
from klio.transforms import core
from klio_core.config import parse
from klio_core.errors import JobCodeError


def test_a_job_file_that_is_set_is_the_job_of_this_process_and_decides_nothing():
    config = parse("job_name: mixer\njob_config: {}\n")
    before = current()
    try:
        core.RunConfig.set(config)
        assert core.RunConfig.get() is config
        assert core.KlioContext().config is config
        assert not current().decides
    finally:
        bind(before)


def test_without_one_that_is_said():
    before = bind(UNBOUND)
    try:
        with pytest.raises(JobCodeError, match="no job file was given"):
            core.RunConfig.get()
    finally:
        bind(before)
