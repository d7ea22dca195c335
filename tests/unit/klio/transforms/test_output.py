import os

from klio.transforms.output import KEPT, Output


def test_what_is_printed_is_told_once():
    output = Output()
    os.write(output.writer, b"hello\n")
    assert output.taken() == "hello"
    assert output.taken() == ""
    os.close(output.writer)
    output.close()


def test_of_very_much_the_end_is_kept_and_nobody_waits():
    output = Output()
    for _ in range(1000):
        os.write(output.writer, b"x" * 10_000)
        output.read()
    os.write(output.writer, "the end: \u00e9\n".encode())
    said = output.taken()
    cut, _, text = said.partition("\n")
    assert cut == f"({10_000_000 + 12 - KEPT} bytes before this are left out)"
    assert text.endswith("the end: \u00e9")
    assert len(text) <= KEPT
    os.close(output.writer)
    output.close()


def test_bytes_that_are_no_text_are_no_failure():
    output = Output()
    os.write(output.writer, b"\xff\xfe")
    assert output.taken() == "\ufffd\ufffd"
    os.close(output.writer)
    output.close()
