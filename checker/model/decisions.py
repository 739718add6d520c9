"""Recorded decisions about changes of the schema: who said yes to what, and where it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from checker.model.migrations import Revision

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
