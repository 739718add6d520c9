"""What a report quotes of the blueprint, and whether it stands there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from functools import cached_property

_ENOUGH = 0.75  # of a quote's words, in their order, so that an omission and a slip of the pen are no invention
_SHORT = 4  # words; a shorter quote is there word for word or not at all
_MOST = 20  # places of one word that are looked at
_DENIALS = frozenset(
    "not no never none nobody nothing without cannot nor t unless except nicht kein keine nie ohne".split()
)
_GAP = re.compile(r"\s*(?:…|\.{3,}|\[[^\]]*\])\s*")


@dataclass(frozen=True, slots=True)
class Quote:
    """Words between quotation marks beside ids, in the line of a report. `looked_in` are the files that these ids point at."""

    path: str
    line: int
    ids: tuple[str, ...]
    text: str
    looked_in: tuple[str, ...]
    found: bool


@dataclass(frozen=True)
class Quotes:
    """Every quote of a context snapshot that could be looked up."""

    found: tuple[Quote, ...]


def words_of(text: str) -> list[str]:
    """A text as it is compared: words alone, in small letters."""
    return re.findall(r"[^\W_]+", text.lower())


def _turned(mine: Sequence[str], window: Sequence[str], held: Sequence[Match]) -> bool:
    """Whether a denial stands on one side alone: a word more or less that is no slip of the pen."""
    if not held:
        return False
    first, last = held[0], held[-1]
    there = window[first.b : last.b + last.size]
    return sum(word in _DENIALS for word in mine) != sum(word in _DENIALS for word in there)


@dataclass(frozen=True)
class Source:
    """A text in which quotes are looked up, as its words."""

    words: tuple[str, ...]

    @cached_property
    def line(self) -> str:
        return f" {' '.join(self.words)} "

    @cached_property
    def places(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for at, word in enumerate(self.words):
            found.setdefault(word, []).append(at)
        return found

    def has(self, quote: str) -> bool:
        """Whether the words of a quote stand here: each stretch between omissions, nearly, and together."""
        parts = [words_of(part) for part in _GAP.split(quote)]
        return all(f" {' '.join(mine)} " in self.line or self._nearly(mine) for mine in parts if mine)

    def _nearly(self, mine: list[str]) -> bool:
        """Whether most words of a stretch stand in their order within about its length; looked for around its rarest words."""
        known = [word for word in mine if word in self.places]
        if len(mine) < _SHORT or len(known) < _ENOUGH * len(mine):
            return False
        width = len(mine) + len(mine) // 2
        rarest = sorted(set(known), key=lambda word: (len(self.places[word]), word))[
            : 1 + len(mine) - round(_ENOUGH * len(mine))
        ]
        for at in (place for word in rarest for place in self.places[word][:_MOST]):
            window = self.words[max(0, at - width) : at + width]
            blocks = SequenceMatcher(None, mine, window, autojunk=False).get_matching_blocks()
            held = [block for block in blocks if block.size]
            if _turned(mine, window, held):
                continue
            spread = held[-1].b + held[-1].size - held[0].b if held else 0
            if sum(block.size for block in held) >= _ENOUGH * len(mine) and spread <= width:
                return True
        return False
