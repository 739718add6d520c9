"""Statements are counted on their way to PostgreSQL, however their bytes are cut."""

from __future__ import annotations

import struct

import pytest

from checker.probe.stage.relay import Statements


def message(letter: bytes, body: bytes = b"") -> bytes:
    return letter + struct.pack("!i", len(body) + 4) + body


SENT = (
    message(b"p", b"secret\0")
    + message(b"Q", b"BEGIN\0")
    + message(b"P", b"\0select 1 where 'Q' = 'E'\0\0\0")
    + message(b"B", b"\0" * 12)
    + message(b"D", b"P\0")
    + message(b"E", b"\0\0\0\0\0")
    + message(b"S")
    + message(b"Q", b"COMMIT\0")
    + message(b"X")
)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 13, 1000])
def test_queries_and_executions_count_wherever_the_bytes_are_cut(size: int) -> None:
    read = Statements()
    for at in range(0, len(SENT), size):
        read.read(SENT[at : at + size])
    assert read.count == 3
