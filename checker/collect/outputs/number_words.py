"""The only place that reads counts that are written as words."""

from __future__ import annotations

import re

_UNITS = dict(zip("one two three four five six seven eight nine".split(), range(1, 10), strict=True))
_TEENS = dict(
    zip(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(),
        range(10, 20),
        strict=True,
    )
)
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_UNIT, _TEEN, _TEN = ("|".join(one) for one in (_UNITS, _TEENS, _TENS))
_BELOW = rf"(?:(?P<tens>{_TEN})(?:[- ](?P<unit>{_UNIT}))?|(?P<teen>{_TEEN})|(?P<single>{_UNIT}))"
_NUMBER = re.compile(
    rf"(?i)\b(?:(?P<hundreds>{_UNIT}|a) hundred(?:(?: and)?[ -]{_BELOW})?"
    rf"|(?P<tens2>{_TEN})(?:[- ](?P<unit2>{_UNIT}))?|(?P<teen2>{_TEEN}))\b(?![- ]?(?:th|fold))"
)


def in_digits(line: str) -> str:
    """A line with the numbers from ten upward in digits; smaller ones are seldom counts of a run ("the two tests I added")."""
    return _NUMBER.sub(_digits, line)


def _digits(found: re.Match[str]) -> str:
    said = {name: word.lower() for name, word in found.groupdict().items() if word}
    hundreds = {"a": 1, **_UNITS}[said["hundreds"]] * 100 if "hundreds" in said else 0
    rest = sum(_TENS[said[name]] for name in ("tens", "tens2") if name in said)
    rest += sum(_UNITS[said[name]] for name in ("unit", "unit2", "single") if name in said)
    return str(hundreds + rest + sum(_TEENS[said[name]] for name in ("teen", "teen2") if name in said))
