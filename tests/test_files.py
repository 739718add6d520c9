"""Opening files of the audited tree: never one outside it, never one that hangs, and text is what it says it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checker.collect import files
from checker.collect.files import Root, Unreadable, decoded
from checker.model.unavailable import Unavailable
from tests.backend import held_back


@pytest.fixture
def root(tmp_path: Path) -> Root:
    (tmp_path / "tree").mkdir()
    (tmp_path / "secret").write_text("outside")
    return Root(tmp_path / "tree")


class TestInside:
    def test_a_file_is_read(self, root: Root) -> None:
        (root.path / "a.txt").write_bytes(b"x\r\ny")
        assert root.read("a.txt") == b"x\r\ny"
        assert root.head("a.txt", 1) == b"x"
        assert root.exists("a.txt")

    def test_a_link_inside_the_tree_is_followed(self, root: Root) -> None:
        (root.path / "real").mkdir()
        (root.path / "real" / "a").write_text("x")
        (root.path / "link").symlink_to("real/a")
        (root.path / "folder").symlink_to("real")
        assert root.read("link") == b"x"
        assert root.read("folder/a") == b"x"

    def test_the_root_itself_may_be_a_link(self, root: Root, tmp_path: Path) -> None:
        (root.path / "a").write_text("x")
        (tmp_path / "other").symlink_to(root.path)
        assert Root(tmp_path / "other").read("a") == b"x"


class TestOutside:
    @pytest.mark.parametrize("target", ["../secret", "/etc/hostname", "../tree/../secret"])
    def test_a_link_out_is_not_followed(self, root: Root, target: str) -> None:
        (root.path / "a").symlink_to(target)
        with pytest.raises(Unavailable, match=r"^a leads out of the audited tree and is not followed$"):
            root.read("a")
        assert not root.exists("a")

    def test_a_folder_that_links_out_is_not_entered(self, root: Root) -> None:
        (root.path / "up").symlink_to("..")
        with pytest.raises(Unavailable, match="leads out"):
            root.head("up/secret", 10)

    @pytest.mark.parametrize("path", ["../secret", "/etc/hostname", "x/../../secret"])
    def test_a_path_out_is_not_followed(self, root: Root, path: str) -> None:
        with pytest.raises(Unavailable, match="leads out"):
            root.read(path)

    def test_a_neighbour_with_a_longer_name_is_outside(self, root: Root, tmp_path: Path) -> None:
        (tmp_path / "tree2").mkdir()
        (tmp_path / "tree2" / "a").write_text("x")
        with pytest.raises(Unavailable, match="leads out"):
            root.read("../tree2/a")


class TestOdd:
    def test_links_in_a_circle_end(self, root: Root) -> None:
        (root.path / "a").symlink_to("b")
        (root.path / "b").symlink_to("a")
        with pytest.raises(Unavailable):
            root.read("a")
        assert not root.exists("a")

    def test_a_pipe_does_not_hang(self, root: Root) -> None:
        os.mkfifo(root.path / "pipe")
        for look in (root.read, root.text, lambda path: root.head(path, 1)):
            with pytest.raises(Unavailable, match=r"^pipe is not a regular file$"):
                look("pipe")
        assert not root.exists("pipe")

    def test_a_folder_is_no_file(self, root: Root) -> None:
        (root.path / "d").mkdir()
        with pytest.raises(Unavailable, match="not a regular file"):
            root.read("d")

    def test_what_is_gone_says_so(self, root: Root) -> None:
        with pytest.raises(Unavailable, match=r"^gone: No such file or directory"):
            root.read("gone")

    @pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
    def test_what_cannot_be_a_path_is_no_crash(self, root: Root, path: str) -> None:
        with pytest.raises(Unavailable):
            root.read(path)
        assert not root.exists(path)

    def test_a_name_that_is_not_utf8_is_a_name(self, root: Root) -> None:
        name = os.fsdecode(b"\xff.txt")
        (root.path / name).write_text("x")
        assert root.text(name).text == "x"

    @held_back
    def test_an_unreadable_file_says_what_to_do(self, root: Root) -> None:
        (root.path / "a").write_text("x")
        (root.path / "a").chmod(0)
        with pytest.raises(Unavailable, match=r"^a: Permission denied; make it readable and run again$"):
            root.read("a")

    def test_an_oversized_file_is_refused(self, root: Root) -> None:
        with open(root.path / "big", "wb") as file:
            os.truncate(file.fileno(), 3 * 1024 * 1024 + 1)
        with pytest.raises(Unreadable, match=r"^big is larger than 3 MiB"):
            root.read("big", 3 * 1024 * 1024)
        assert root.head("big", 2) == b"\0\0"

    def test_a_file_of_exactly_the_limit_is_read(self, root: Root) -> None:
        (root.path / "a").write_bytes(b"12345")
        assert root.read("a", 5) == b"12345"
        with pytest.raises(Unreadable):
            root.read("a", 4)

    def test_there_is_a_limit_for_those_who_name_none(self, root: Root) -> None:
        with open(root.path / "big", "wb") as file:
            os.truncate(file.fileno(), files.LARGEST_TEXT + 1)
        with pytest.raises(Unreadable):
            root.text("big")


class TestText:
    @pytest.mark.parametrize(
        ("encoding", "mark"),
        [
            ("utf-8", b""),
            ("utf-8-sig", b""),
            ("utf-16", b""),
            ("utf-16-le", b"\xff\xfe"),
            ("utf-16-be", b"\xfe\xff"),
            ("utf-32", b""),
        ],
    )
    def test_a_mark_tells_the_encoding_and_is_not_text(self, encoding: str, mark: bytes) -> None:
        assert decoded("a", mark + "öpenapi\n".encode(encoding)).text == "öpenapi\n"

    def test_what_is_not_text_is_refused_with_its_line(self) -> None:
        with pytest.raises(Unreadable, match=r"^a:3: not utf-8 text \(byte 0xff\)$"):
            decoded("a", b"x\ny\nz\xff")

    @pytest.mark.parametrize("data", [b"\xff\xfea", b"\xff\xfe\x00\xd8", b"\xef\xbb\xbf\xff", b"\xed\xa0\x80"])
    def test_half_a_character_is_refused(self, data: bytes) -> None:
        with pytest.raises(Unreadable):
            decoded("a", data)

    def test_an_empty_file_is_empty_text(self) -> None:
        assert decoded("a", b"").text == ""
