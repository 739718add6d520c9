"""The only place that reads a `.gitignore`, for trees that have no git to ask."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_LINES = 10_000
_TRAILING_BLANKS = re.compile(r"(?<!\\) +$")
_CLASS = re.compile(r"\[([!^]?)(\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]", re.DOTALL)
_MEMBER = re.compile(r"\[:(\w+):\]|\\(.)|(.)", re.DOTALL)
_NAMED = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r" \t-\r",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "graph": "!-~",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9a-fA-F",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a `.gitignore`. `whole`: it is held against the path below its folder, not against the last name."""

    pattern: re.Pattern[str]
    takes_back: bool
    folders_only: bool
    whole: bool


def rules(data: bytes) -> tuple[Rule, ...]:
    """The lines of a `.gitignore` that can match anything, in order; as git, byte for byte (gitignore(5))."""
    lines = data.removeprefix(codecs.BOM_UTF8).decode("latin-1").split("\n")[:MOST_LINES]
    return tuple(rule for line in lines if (rule := _rule(line.removesuffix("\r"))) is not None)


def is_ignored(path: str, is_folder: bool, above: Sequence[tuple[str, tuple[Rule, ...]]]) -> bool:
    """Whether a path is left out, whose folders are not. `above`: each folder on the way (`""`, `a/`) and its rules.

    The innermost file with an opinion decides, and in it the last line.
    """
    for folder, lines in reversed(above):
        below = os.fsencode(path[len(folder) :]).decode("latin-1")
        name = below.rpartition("/")[2]
        for rule in reversed(lines):
            if (is_folder or not rule.folders_only) and rule.pattern.fullmatch(below if rule.whole else name):
                return not rule.takes_back
    return False


def _rule(line: str) -> Rule | None:
    line = _TRAILING_BLANKS.sub("", line)
    takes_back = line.startswith("!")
    text = line.removeprefix("!")
    folders_only = text.endswith("/")
    text = text.removesuffix("/")
    if not text or line.startswith("#"):
        return None
    try:
        pattern = re.compile(_path(text.removeprefix("/").split("/")) if "/" in text else _name(text), re.DOTALL)
    except (re.error, ValueError):
        return None  # what git cannot read matches nothing
    return Rule(pattern, takes_back, folders_only, "/" in text)


def _path(names: list[str]) -> str:
    """`**` stands for any folders, at the end for anything below. All but the last stretch is taken where it first fits."""
    stretches: list[list[str]] = [[]]
    for name in names:
        if name == "**":
            stretches.append([])
        else:
            stretches[-1].append(_name(name))
    first, *middle = ["".join(f"{name}/" for name in stretch) for stretch in stretches]
    last = middle.pop() if middle else None
    anywhere = "".join(f"(?>(?:[^/]+/)*?{stretch})" for stretch in middle if stretch)
    if last is None:
        return first.removesuffix("/")
    return f"{first}{anywhere}(?:[^/]+/)*{last.removesuffix('/')}" if last else f"{first}{anywhere}.+"


def _name(text: str) -> str:
    """One name, a star taken where the rest first fits, so that no pattern tries everything."""
    runs, position = [""], 0
    while position < len(text):
        char = text[position]
        found = _CLASS.match(text, position) if char == "[" else None
        if (char == "[" and found is None) or (char == "\\" and position + 1 == len(text)):
            raise ValueError(text)
        if char == "*":
            runs.append("")
        elif found is not None:
            runs[-1] += _class(found)
        elif char == "\\":
            runs[-1] += re.escape(text[position + 1])
        else:
            runs[-1] += "[^/]" if char == "?" else re.escape(char)
        position = found.end() if found else position + 1 + (char == "\\")
    first, *rest = runs
    stars = "".join(f"(?>[^/]*?{run})" for run in rest[:-1] if run)
    return f"(?=[^/]){first}{stars}" + (f"[^/]*{rest[-1]}" if rest else "")


def _class(found: re.Match[str]) -> str:
    members = "".join(_members(found.group(2)))
    return f"(?!/)[{'^' if found.group(1) else ''}{members}]"


def _members(text: str) -> Iterator[str]:
    """The inside of a bracket expression; a dash between two members is a range, as it is in `re`."""
    for found in _MEMBER.finditer(text):
        named, escaped, char = found.groups()
        if named:
            yield _NAMED.get(named, "")
        elif escaped or char != "-":
            yield re.escape(escaped or char)
        else:
            yield "-" if 0 < found.start() < len(text) - 1 else r"\-"
