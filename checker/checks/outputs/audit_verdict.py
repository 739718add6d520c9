"""The verdict that an audit ends with: one score in its range and one recommendation, neither against the criteria."""

from __future__ import annotations

import re

_SCORE = re.compile(r"(?i)\bscore\b\W{0,6}(\d+(?:\.\d+)?)(?:\s*/\s*(\d+))?|\b(\d{1,3}(?:\.\d+)?)\s*/\s*(10|100)\b")
_ADVICE = re.compile(r"(?i)\b(accept|rework|escalate)(?:d|ed)?\b")
_ADVISES = re.compile(r"(?i)\b(?:recommend\w*|verdict|advice)\b([^.;\n]*)")
_OR = re.compile(r"(?i)\b(?:accept|rework|escalate)(?:,? or |\s*[|/]\s*)(?:accept|rework|escalate)\b.*")
_NOT_THIS = re.compile(
    r"(?i)\b(?:no|not|nor|never|than|then|after|before|until|once|if|when|unless|without|instead of|nothing to|need(?:s|ed)? to)\b"
    r"(?: \w+){0,2}? (?:accept|rework|escalate)(?:d|ed)?\b"
)
_FAILED = re.compile(r"(?i)[:=|(—–-]\s*(?:fail(?:ed|s)?|false|no)\b|❌|✘|✗|\[ \]|^fail(?:ed|s)?\b")


def audit_problem(text: str, criteria: tuple[str, ...]) -> str:
    """What is wrong with the end of an audit whose whole text and criteria are given; empty where nothing is."""
    shares = [share for found in _SCORE.finditer(text) if (share := _share(found)) is not None]
    if not (shares and _ADVICE.search(text)):
        return "ends an audit without a score and one of accept, rework, escalate"
    if beyond := [found.group() for found in _SCORE.finditer(text) if (_share(found) or 0) > 1]:
        return f"gives an audit the score {beyond[0]!r}, which is beyond its range"
    advice = _advice(text)
    if len(advice) > 1:
        return f"recommends {' and '.join(advice)} at once, not one of them"
    failed = [item for item in criteria if _FAILED.search(item)]
    if advice == ["accept"] and failed and (len(failed) == len(criteria) or max(shares) < 1 / 2):
        return f"recommends accept at {max(shares):.0%} with the failed criterion {failed[0].strip()[:60]!r}"
    return ""


def _share(found: re.Match[str]) -> float | None:
    """A score as a share of its range: of 1, 10 or 100 where it gives no range, and of 10 only where it is no date."""
    called, of, bare, range_ = found.groups()
    if called is None:
        return None if range_ == "10" and float(bare) > 10 else float(bare) / float(range_)
    ranges = (1, 10, 100)
    top = float(of) if of else next((one for one in ranges if float(called) <= one), 100)
    return float(called) / top if top else None


def _advice(text: str) -> list[str]:
    told = [found.group(1) for found in _ADVISES.finditer(text)] or [found.group() for found in _OR.finditer(text)]
    words = (one.lower() for line in told for one in _ADVICE.findall(_NOT_THIS.sub("", line)))
    return list(dict.fromkeys(words))
