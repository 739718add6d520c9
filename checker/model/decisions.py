"""Recorded decisions about changes of the schema: who said yes to what, and where it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from checker.model.migrations import Operation, Revision
from checker.model.outputs.persons import is_machine, is_role, persons

_SIGNED = re.compile(
    r"(?im)^[\s\-*#>\"'{|]*(?:approved[ _-]?by|approver|approval|key[ _-]?[12](?:[ _]\w+)?|owner[ _]key|second[ _]key"
    r"|signed[ _-]?(?:off[ _-]?)?by|decided[ _-]?by|decision[ _-]?makers?)"
    r"[\"'*|]*\s*[:=|]\s*[\"']?(?P<line>(?P<who>[^\s\"',;|(][^\"',;|(\n]*)[^\n]*)"
)
_NOBODY = re.compile(
    r"(?i)^(?:tbd|todo|tba|none|n/?a|nobody|no ?one|somebody|someone|-+|\?+|<.*|\{.*|\[.*|your .*|to be .*"
    r"|yes|ok|true|false|given)$"
)
_REFUSED = re.compile(  # how it begins, or anywhere in it
    r"(?i)^(?:no|not|never|open|missing|needed|needs|required?|requires|requested|outstanding|waiting)\b"
    r"|\b(?:refus\w+|reject\w+|den(?:y|ied)|declin\w+|disapprov\w+|unapproved|withdrawn|revoked|pending|await\w*"
    r"|not (?:yet|approv\w*|sign\w*|decid\w*|given|granted)|do not)\b"
)
_UNDECIDED = re.compile(
    r"(?im)^[\s\-*#>\"'{|]*(?:status|decision|verdict|outcome|state)[\"'*|]*\s*(?:[:=|]\s*|\n+\s*)[\"'*_]*"
    r"(?:proposed|draft|rejected|refused|denied|declined|withdrawn|revoked|superseded|deprecated|pending|open|not )"
)


@dataclass(frozen=True, slots=True)
class Decision:
    """A file in which decisions are recorded."""

    path: str
    text: str

    @property
    def signers(self) -> frozenset[str]:
        """Who signed; nobody where the file's own status says that it was refused, or is not decided."""
        return frozenset() if _UNDECIDED.search(self.text) else signers(self.text)

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
    """The different persons that a text signs with, each by one name; refusals, placeholders and programs are left out."""
    found = (one for one in _SIGNED.finditer(text) if not _REFUSED.search(one["line"]))
    names = {one["who"].strip(" .*_`").casefold() for one in found}
    return different(
        name for name in names if name and not _NOBODY.match(name) and not is_machine(name) and not is_role(name)
    )


def different(names: Iterable[str]) -> frozenset[str]:
    """One name for each person: "Ada" is "Ada Lovelace" where both have signed."""
    found: list[str] = []
    for group in persons(sorted(set(names), key=lambda name: (-len(name.split()), name))):
        name = min(group)
        words = name.split()
        if len(words) > 1 or not any(words[0] in other.split() for other in found):
            found.append(name)
    return frozenset(found)
