import io
from pathlib import Path

import pytest

from klio.data.checksum import CHUNK_BYTES, copy_summed, crc32c_of, crc32c_of_file


@pytest.mark.parametrize(
    ("content", "checksum"),
    [
        (b"", 0x00000000),
        (b"123456789", 0xE3069283),  # the check value of CRC-32C
        (b"\0" * 32, 0x8A9136AA),  # RFC 3720, appendix B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_the_checksums_are_those_of_the_standard(content: bytes, checksum: int):
    import base64

    assert base64.b64decode(crc32c_of(content)) == checksum.to_bytes(4, "big")


def test_a_file_and_a_copy_have_the_checksum_of_their_bytes(tmp_path: Path):
    content = bytes(range(256)) * (2 * CHUNK_BYTES // 256) + b"the end"
    (tmp_path / "file").write_bytes(content)
    copy = io.BytesIO()

    assert crc32c_of_file(tmp_path / "file") == crc32c_of(content)
    assert copy_summed(io.BytesIO(content), copy) == (len(content), crc32c_of(content))
    assert copy.getvalue() == content
