"""`.gitignore` without git: the same answer as git's own, line by line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from checker.collect.ignored import is_ignored, rules
from checker.collect.inventory import _walked
from tests.scratch_git import Repo

NAMES = ["a", "b", "c.py", "d.txt", "build", "src", "x y", "é", "#c", "!c.py", "b*"]
LINES = """a|b/|*.py|!c.py|/a|build/|*|!*/|!*.py|/*|!/src|!/src/|src/*|**/b|a/**|a/**/c.py|!a/|!b|[ab]|?|x\\ y|x y  |#c|\\#c||d.*
!d.txt|/src/*|!/src/a|**|src/**/|*/a|é|b/c.py|!b/c.py|a/b/|!|[|[!a]|[a-c]|[]a]|x\\|[[:alpha:]]|[z-a]|[a-|*.[pt]*|a[/]b|/|//|!/|**/|/**
a/**/**/c.py|**b|*/*/c.py|  a|\\!c.py|b\\*|[^a]|[!]a]|[a\\]]|[a-]|[-a]|[[:nope:]]|*a*|**/**""".replace("\n", "|").split(
    "|"
)


def grown(top: Path, dice: random.Random) -> None:
    """A random tree with random `.gitignore` files in some of its folders."""
    folders = [top]
    for _ in range(6):
        folder = dice.choice(folders) / dice.choice(["a", "b", "build", "src"])
        folder.mkdir(exist_ok=True)
        folders.append(folder)
    for _ in range(14):
        file = dice.choice(folders) / dice.choice(NAMES)
        if not file.exists():
            file.write_text("x")
    for folder in {top, dice.choice(folders), dice.choice(folders)}:
        end = dice.choice(["\n", "\r\n"])
        (folder / ".gitignore").write_bytes(
            end.join(dice.choice(LINES) for _ in range(dice.randint(1, 4))).encode() + b"\n"
        )


@pytest.mark.parametrize("seed", range(40))
def test_the_walk_lists_what_git_lists(seed: int, tmp_path: Path) -> None:
    grown(tmp_path, random.Random(seed))
    walked = sorted(_walked(tmp_path))
    repo = Repo(tmp_path)
    listed = repo.git("ls-files", "--others", "--exclude-standard", "-z").split("\0")
    lines = {str(file.relative_to(tmp_path)): file.read_bytes() for file in tmp_path.rglob(".gitignore")}
    assert walked == sorted(filter(None, listed)), lines


def ignored(lines: bytes, path: str, is_folder: bool = False) -> bool:
    return is_ignored(path, is_folder, [("", rules(lines))])


def test_a_byte_order_mark_is_no_pattern() -> None:
    assert ignored(b"\xef\xbb\xbfa\n", "a")


def test_bytes_that_are_not_utf8_match_themselves() -> None:
    assert ignored(b"\xff\n", "\udcff")
    assert not ignored(b"?\n", "é"), "two bytes, as git counts"


def test_folders_only() -> None:
    assert ignored(b"a/", "a", is_folder=True)
    assert not ignored(b"a/", "a")


def test_the_innermost_file_decides() -> None:
    above = [("", rules(b"*.log")), ("x/", rules(b"!keep.log"))]
    assert not is_ignored("x/keep.log", False, above)
    assert is_ignored("x/other.log", False, above)


def test_no_pattern_tries_everything() -> None:
    """Would not end if each star were tried at each place."""
    assert not ignored(b"*a" * 50 + b"c", "a" * 255)
    assert not ignored(b"/".join([b"**", b"a"] * 40) + b"/c", "/".join(["a"] * 1500))
