"""Path globs: what they name, and that no pattern makes a run hang."""

from __future__ import annotations

import pytest

from checker.model.globs import covers


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("specs", "specs"),
        ("specs", "specs/a/b.yaml"),
        ("specs/", "specs/a.yaml"),
        ("/specs", "specs/a.yaml"),
        ("./specs", "specs/a.yaml"),
        ("specs/**", "specs/a/b.yaml"),
        ("**", "a/b/c"),
        ("**", "."),
        (".", "a/b/c"),
        (".", "."),
        ("**/b", "b"),
        ("**/b", "a/a/b/c"),
        ("a/**/b", "a/b"),
        ("a/**/b", "a/x/y/b"),
        ("a/**/x/**/b", "a/x/1/x/2/b"),
        ("*.py", "x.py"),
        ("*a*b*", "xaxbx"),
        ("*ab", "abab"),
        ("a?c", "abc"),
        ("[ab]", "[ab]"),
        ("a b\n", "a b\n"),
    ],
)
def test_covered(pattern: str, path: str) -> None:
    assert covers(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("specs", "spec"),
        ("specs", "specs2/a"),
        ("specs", "a/specs"),
        ("*.py", "a/x.py"),
        ("*/x.py", "a/b/x.py"),
        ("a/**/b", "a/xb"),
        ("a/*", "a"),
        ("a/**/*", "a"),
        ("a?c", "a/c"),
        ("SPECS", "specs"),
        ("[ab]", "a"),
        ("", "a"),
        ("a.b", "axb"),
        ("a", "a\n"),
        ("../a", "a"),
    ],
)
def test_not_covered(pattern: str, path: str) -> None:
    assert not covers(pattern, path)


def test_no_pattern_tries_everything() -> None:
    """Would not end if each star were tried at each place."""
    assert not covers("/".join(["**", "a"] * 40) + "/c", "/".join(["a"] * 2000))
    assert not covers("*a" * 100 + "c", "a" * 255)
    assert covers("/".join(["**"] * 500), "/".join(["a"] * 2000))
