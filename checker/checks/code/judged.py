"""The one way in which a rule about source says what it found: bad places by symbol, and every other file as good."""

from __future__ import annotations

import re
from collections.abc import Iterable

from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

LONGEST_EVIDENCE = 160
_OPEN, _CLOSE = "([{", ")]}"
_STRING = re.compile(r'"""|\'\'\'|"|\'|`')
_SECRETS = re.compile(r"""(["'])(?:[^"'\\]|\\.){12,}\1""")


def bad(match: Match, message: str, confidence: Confidence | None = None, evidence: str = "") -> Observation:
    """A bad observation about one match, under the name of the function that it stands in."""
    return Observation(
        subject=match.subject,
        ok=False,
        place=match.place,
        message=message,
        evidence=evidence or shortened(match.text),
        confidence=confidence,
    )


def told(code: CodeMatches, found: Iterable[Observation]) -> Iterable[Observation]:
    """The bad observations, and a good one for each file without."""
    seen = list(found)
    yield from seen
    yield from code.clean(frozenset(one.place.path for one in seen))


def shortened(text: str) -> str:
    """Code on one line, short enough to be read in a report."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_EVIDENCE else line[: LONGEST_EVIDENCE - 1] + "…"


def first_line(match: Match) -> str:
    """The line of its function that a match begins on; its own text where it stands in none."""
    if match.function is None:
        return match.text
    lines = match.function.text.splitlines()
    at = match.lines[0] - match.function.lines[0]
    return lines[at].strip() if 0 <= at < len(lines) else match.text


def where(match: Match) -> str:
    """`create_order (src/api.py)`, for a message."""
    return f"{match.symbol} ({match.path})" if match.symbol else match.path


def call_arguments(text: str) -> list[str]:
    """The arguments of a call as written; brackets and strings inside them are theirs."""
    return split_top(text[text.find("(") + 1 : text.rfind(")")]) if "(" in text else []


def split_top(text: str) -> list[str]:
    """Split at the commas that stand in no bracket and in no string."""
    parts: list[str] = []
    depth, start, at = 0, 0, 0
    while at < len(text):
        char = text[at]
        if opened := _STRING.match(text, at):
            at = _after_string(text, at, opened[0])
            continue
        depth += (char in _OPEN) - (char in _CLOSE)
        if char == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
        at += 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _after_string(text: str, at: int, quote: str) -> int:
    at += len(quote)
    while at < len(text) and not text.startswith(quote, at):
        at += 2 if text[at] == "\\" else 1
    return at + len(quote)


def keyword(arguments: Iterable[str], name: str) -> str | None:
    """The value of a keyword argument (`name=…`) or of an object's key (`name: …`)."""
    for one in arguments:
        found = re.match(rf"""["']?{name}["']?\s*[=:]\s*(?!=)""", one)
        if found:
            return one[found.end() :].strip()
    return None


def assigned(name: str, around: str) -> str | None:
    """What a local name was last given in a function's text, on one line; None where it is given nothing there."""
    found = re.findall(rf"(?m)^[ \t]*(?:const|let|var)?\s*{re.escape(name)}\s*(?::[^=\n]+)?=\s*(?![=>])(.+)$", around)
    return found[-1].strip() if found else None


def parameter_type(name: str, parameters: str) -> str | None:
    """The annotation of a parameter as written, empty where it has none; None where there is no such parameter."""
    for one in split_top(parameters.strip().removeprefix("(").removesuffix(")")):
        found = re.match(rf"(?:\*{{0,2}}|\.\.\.){re.escape(name)}\??\s*(?::\s*([^=]+))?(?:=.*)?$", one, re.DOTALL)
        if found:
            return (found[1] or "").strip()
    return None


def without_strings(text: str) -> str:
    """Code whose longer literals are left out, so that evidence never shows one."""
    return _SECRETS.sub(r"\1…\1", text)
