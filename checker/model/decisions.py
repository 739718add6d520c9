"""Recorded decisions about changes of the schema: who said yes to what, and where it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from checker.model.migrations import Operation, Revision

_SIGNED = re.compile(
    r"(?im)^[\s\-*#>\"'{|]*(?:approved[ _-]?by|approver|approval|key[ _-]?[12](?:[ _]\w+)?|owner[ _]key|second[ _]key"
    r"|signed[ _-]?(?:off[ _-]?)?by|decided[ _-]?by|decision[ _-]?makers?)"
    r"[\"'*|]*\s*[:=|]\s*[\"']?(?P<who>[^\s\"',;|(][^\"',;|(\n]*)"
)
_NOBODY = re.compile(r"(?i)^(?:tbd|todo|none|n/?a|pending|nobody|-+|\?+|<.*|\{.*|\[.*|your .*)$")


@dataclass(frozen=True, slots=True)
class Decision:
    """A file in which decisions are recorded."""

    path: str
    text: str

    @property
    def signers(self) -> frozenset[str]:
        return signers(self.text)

    def named(self, tables: frozenset[str]) -> frozenset[str]:
        """Which of some tables, in small letters, it speaks of.

        A word counts as a table's name in quotation marks, before a column, and behind the words that a decision about a
        table has before it: "users" alone may be people.
        """
        words = frozenset(re.findall(r"\w+", self.text.lower()))
        return frozenset(one for one in tables & words if _table(one).search(self.text))

    def covers(self, step: Operation, named: frozenset[str]) -> bool:
        """Whether it may mean a step of the migration that it names: it names no table, or that step's own, and no other column."""
        if step.table is None or not named:
            return True
        if step.table.lower() not in named:
            return False
        columns = {one.lower() for one in re.findall(rf"(?i)\b{re.escape(step.table)}\.(\w+)", self.text)}
        named_so = step.column is None or re.search(rf"(?i)\b{re.escape(step.column)}\b", self.text) is not None
        return not columns or named_so


@cache
def _table(name: str) -> re.Pattern[str]:
    word = re.escape(name)
    before = (
        r"\b(?:table|drop(?:s|ping)?|truncat(?:e|es|ing)|renam(?:e|es|ing)|alter(?:s|ing)?|remov(?:e|es|ing)"
        r"|column\W+\w+\W+(?:of|from|on|in)|migration\W+[\w.-]+\W+(?:of|for|on))\W+(?:the\W+|table\W+)?"
    )
    return re.compile(rf"(?i)[`'\"]{word}[`'\"]|(?<![\w.])`?{word}\.\w|{before}{word}\b|(?<!\w){word} tables?\b")


@dataclass(frozen=True)
class Decisions:
    """Every file with recorded decisions: approvals, ADRs."""

    files: tuple[Decision, ...]

    def about(self, revision: Revision) -> tuple[Decision, ...]:
        """Those that name the revision: its file, or its id as a whole word."""
        stem = revision.name.rsplit(".", 1)[0]
        marks = [stem, *([revision.id] if len(revision.id) >= 4 else [])]
        words = re.compile(r"(?<![\w-])(?:" + "|".join(re.escape(one) for one in marks) + r")(?![\w-])")
        return tuple(one for one in self.files if words.search(one.text) or words.search(one.path))


def signers(text: str) -> frozenset[str]:
    """The different names that a text signs with, placeholders left out."""
    found = (one["who"].strip(" .*_`").casefold() for one in _SIGNED.finditer(text))
    return frozenset(one for one in found if one and not _NOBODY.match(one))
