from __future__ import annotations

from pathlib import Path

from tests.cli.job.config.conftest import JOB


def test_keys_are_set_and_all_else_stays(klio, job_dir: Path):
    Path("klio-job.yaml").chmod(0o640)
    screen = klio("job", "config", "set", "job_config.bitrate=256", "pipeline_options.streaming=true", "-T", "WHO=anna")

    assert (screen.status, screen.out, screen.err) == (0, "Changed klio-job.yaml\n", "")
    assert Path("klio-job.yaml").read_text() == (JOB.replace("192", "256") + "pipeline_options:\n  streaming: true\n")
    assert Path("klio-job.yaml").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in job_dir.iterdir()] == ["klio-job.yaml"]


def test_what_could_not_be_used_is_not_written(klio, job_dir: Path):
    screen = klio("job", "config", "set", "job_config.bitrate=1", "job_config.max_attempts=0", "-T", "WHO=anna")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err == (
        "Error: klio-job.yaml, as changed cannot be used: 1 problem\n"
        "klio-job.yaml, as changed:10: job_config.max_attempts: not a value for this key\n"
        "  expected: at least 1\n"
        "  got: 0\n"
    )
    assert Path("klio-job.yaml").read_text() == JOB


def test_what_is_so_already_is_not_written(klio, job_dir: Path):
    before = Path("klio-job.yaml").stat()
    screen = klio("job", "config", "set", "job_config.bitrate=192", "-T", "WHO=anna")

    assert (screen.status, screen.out) == (0, "klio-job.yaml is so already\n")
    assert Path("klio-job.yaml").stat().st_ino == before.st_ino


def test_another_file_of_another_directory_is_set(klio, tmp_path: Path):
    (tmp_path / "other.yaml").write_text("job_name: j\r\njob_config: {}\r\n")
    screen = klio("job", "config", "set", "-j", tmp_path, "-c", "other.yaml", "job_name=k")

    assert (screen.status, screen.out) == (0, f"Changed {tmp_path / 'other.yaml'}\n")
    assert (tmp_path / "other.yaml").read_bytes() == b"job_name: k\r\njob_config: {}\r\n"


def test_a_byte_order_mark_stays(klio, job_dir: Path):
    Path("klio-job.yaml").write_bytes(b"\xef\xbb\xbfjob_name: j\njob_config: {}\n")

    assert klio("job", "config", "set", "job_name=k").status == 0
    assert Path("klio-job.yaml").read_bytes() == b"\xef\xbb\xbfjob_name: k\njob_config: {}\n"


def test_a_link_to_a_job_file_stays_a_link(klio, job_dir: Path):
    Path("link.yaml").symlink_to("klio-job.yaml")
    assert klio("job", "config", "set", "-c", "link.yaml", "job_config.bitrate=1", "-T", "WHO=a").status == 0

    assert Path("link.yaml").is_symlink()
    assert "bitrate: 1\n" in Path("klio-job.yaml").read_text()


def test_a_directory_without_a_job_file_is_told(klio, tmp_path: Path):
    screen = klio("job", "config", "set", "-j", tmp_path, "job_name=k")

    assert (screen.status, screen.out) == (2, "")
    assert screen.err.startswith("Error: there is no klio-job.yaml\n")
