"""Packs that hurt whoever opens them, and packs that are merely odd."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from checker.collect.files import Root
from checker.collect.outputs.packs import packs
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.runs import Pack, RunReports

NAME = "run-1-attach.zip"


def read(folder: Path, data: bytes) -> Pack:
    (folder / NAME).write_bytes(data)
    (pack,) = packs(Root(folder), Artefacts((Artefact(NAME, Kind.PACK),)), RunReports((), (), False)).found
    return pack


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "a/../../b", "C:/windows/x", "..\\..\\x"])
def test_a_name_that_leads_out_is_a_trap(tmp_path: Path, name: str) -> None:
    (trap,) = read(tmp_path, zipped((name, b"x"))).traps
    assert trap.grave
    assert "outside the folder" in trap.reason
    assert not (tmp_path.parent / "b").exists()


def test_a_link_is_a_trap(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("report.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert [trap.reason for trap in read(tmp_path, zipped((link, b"/etc/passwd"))).traps] == ["is a symbolic link"]


def test_a_bomb_is_named_and_not_opened(tmp_path: Path) -> None:
    pack = read(tmp_path, zipped(("logs/test.log", b"0" * 3_000_000), ("ok.md", b"fine")))
    assert "times its size" in pack.traps[0].reason
    assert [(one.name, one.not_read) for one in pack.members] == [("logs/test.log", "not opened"), ("ok.md", "")]


def test_an_encrypted_member_is_a_trap(tmp_path: Path) -> None:
    data = bytearray(zipped(("secret.log", b"hidden")))
    at = data.index(b"PK\x01\x02") + 8
    data[at : at + 2] = struct.pack("<H", 1)
    pack = read(tmp_path, bytes(data))
    assert "encrypted" in pack.traps[0].reason
    assert pack.members[0].text is None


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_a_trap(tmp_path: Path) -> None:
    assert "2 times" in read(tmp_path, zipped(("a.md", b"one"), ("a.md", b"two"))).traps[0].reason


def test_an_archive_inside_is_no_grave_trap(tmp_path: Path) -> None:
    assert [trap.grave for trap in read(tmp_path, zipped(("more.zip", zipped(("a", b"b"))))).traps] == [False]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not a zip", zipped(("a.md", b"text" * 100))[:-30]])
def test_what_is_no_zip_says_so(tmp_path: Path, data: bytes) -> None:
    assert "does not open as a zip" in read(tmp_path, data).broken


def test_a_member_whose_content_is_damaged_says_so(tmp_path: Path) -> None:
    data = bytearray(zipped(("a.md", bytes(range(256)) * 20)))
    data[60:90] = b"\xff" * 30
    pack = read(tmp_path, bytes(data))
    assert pack.broken or "cannot be read" in pack.members[0].not_read


def test_plain_files_are_read(tmp_path: Path) -> None:
    pack = read(tmp_path, zipped(("run-1.md", "Grüße".encode("utf-16")), ("logs/", b"")))
    assert (pack.traps, [(one.name, one.text) for one in pack.members]) == ((), [("run-1.md", "Grüße")])
