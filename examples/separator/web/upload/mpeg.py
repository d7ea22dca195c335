"""MPEG audio frames: what makes a file an MP3. ISO/IEC 11172-3, 2.4.2.3; for ID3, id3v2.4.0-structure, 3.1."""

from __future__ import annotations

_V1_L3 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_V1_L2 = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_V2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES = (44_100, 48_000, 32_000)
_RATE_DIVISOR = {3: 1, 2: 2, 0: 4}  # by version: MPEG-1, 2 and 2.5
_LAYER_3, _LAYER_2 = 1, 2
_HEADER = 4
_IN_A_ROW = 3
_JUNK = 16 * 1024  # how much of it may stand before the first frame

MOST_KBITS = 384
"""No frame of any layer that is taken has a higher rate, in kbit/s: so long, at least, is what has so many bytes."""


def tag_size(head: bytes) -> int:
    """Answer how many bytes the ID3 tag at the beginning has, with its header; 0 where there is none."""
    if len(head) < 10 or head[:3] != b"ID3" or max(head[6:10]) > 0x7F:
        return 0
    size = sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    footer = 10 if head[5] & 0x10 else 0
    return 10 + size + footer


def first_frame(data: bytes) -> int | None:
    """Answer where the first of several frames in a row begins, None where there are none.

    One frame proves little: its mark is eleven bits, and is in any noise.
    """
    at = data.find(b"\xff", 0, _JUNK)
    while at >= 0:
        if _in_a_row(data, at):
            return at
        at = data.find(b"\xff", at + 1, _JUNK)
    return None


def is_adts(head: bytes) -> bool:
    """Whether this is AAC as it is broadcast (ISO/IEC 13818-7, 6.2): frames like those of MP3, of layer 0."""
    at = 0
    for _ in range(_IN_A_ROW):
        if len(head) < at + 7 or head[at] != 0xFF or head[at + 1] & 0xF6 != 0xF0:
            return False
        length = (head[at + 3] & 3) << 11 | head[at + 4] << 3 | head[at + 5] >> 5
        at += max(length, 7)
    return True


def _in_a_row(data: bytes, at: int) -> bool:
    whole = at == 0
    for number in range(_IN_A_ROW):
        if number and whole and at >= len(data) - _HEADER:
            return True  # all that is there
        length = _frame_size(data[at : at + _HEADER])
        if not length:
            return False
        at += length
    return True


def _frame_size(header: bytes) -> int:
    """Answer how many bytes a frame has, 0 for what is none."""
    if len(header) < _HEADER or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    if version not in _RATE_DIVISOR or layer not in {_LAYER_3, _LAYER_2} or bitrate in {0, 15} or rate == 3:
        return 0
    table = _V2 if version != 3 else _V1_L3 if layer == _LAYER_3 else _V1_L2
    samples = 72 if version != 3 and layer == _LAYER_3 else 144  # an eighth of the frame's
    hertz = _RATES[rate] // _RATE_DIVISOR[version]
    return samples * table[bitrate] * 1000 // hertz + (header[2] >> 1 & 1)
