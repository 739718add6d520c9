"""Recorded decisions about changes of the schema: who said yes to what, and where it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from checker.model.migrations import Revision
from checker.model.outputs.persons import is_machine, persons

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
    return different(name for name in names if name and not _NOBODY.match(name) and not is_machine(name))


def different(names: Iterable[str]) -> frozenset[str]:
    """One name for each person: "Ada" is "Ada Lovelace" where both have signed."""
    found: list[str] = []
    for group in persons(sorted(set(names), key=lambda name: (-len(name.split()), name))):
        name = min(group)
        words = name.split()
        if len(words) > 1 or not any(words[0] in other.split() for other in found):
            found.append(name)
    return frozenset(found)
