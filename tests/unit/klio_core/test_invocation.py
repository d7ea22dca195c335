from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klio_core.errors import UsageError
from klio_core.invocation import Invocation

texts = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), min_size=1).filter(
    lambda t: t != "--"
)
paths = st.from_regex(r"[A-Za-z0-9_. =-]{1,20}", fullmatch=True).filter(lambda t: t != "--").map(Path)
switches = st.sampled_from([None, True, False])
invocations = st.builds(
    Invocation,
    job_dir=paths,
    config_file=st.none() | paths,
    override=st.lists(texts).map(tuple),
    template=st.lists(texts).map(tuple),
    local=st.booleans(),
    project=st.none() | paths,
    direct_runner=st.booleans(),
    image_tag=st.none() | texts,
    blocking=switches,
    update=switches,
    workers=st.none() | st.integers(1, 999),
    exit_when_idle=st.none() | st.floats(0, 1e6),
    max_failures=st.none() | st.integers(0, 10**9),
    verbose=st.booleans(),
)


limited = st.builds(Invocation, max_messages=st.integers(1)) | st.builds(Invocation, sample=st.integers(1))


@given(invocations | limited)
def test_what_one_program_writes_the_other_reads(invocation):
    assert Invocation.parse(invocation.argv()) == invocation


def test_a_run_of_the_current_directory_needs_no_arguments():
    assert Invocation().argv() == []
    assert Invocation.parse([]).config_path == Path("klio-job.yaml")


def test_the_job_file_is_in_the_jobs_directory():
    assert Invocation(job_dir=Path("a"), config_file=Path("b.yaml")).config_path == Path("a/b.yaml")


def test_what_is_no_option_is_an_error():
    with pytest.raises(UsageError, match="unrecognized arguments: --nope"):
        Invocation.parse(["--nope"])


@pytest.mark.parametrize(("given", "text"), [("-1", "less than none"), ("many", "invalid int value: 'many'")])
def test_a_number_of_failures_that_cannot_be_is_an_error(given, text):
    with pytest.raises(UsageError, match=text):
        Invocation.parse([f"--max-failures={given}"])
