"""A bad observation under its rule, in the shape that reviewers and agents read."""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from checker.model.base import Frozen
from checker.model.rule import Confidence, Family, Severity


class Where(Frozen):
    """A file relative to the audited root, and the lines `a-b` or `a` in it as it stands."""

    path: str
    lines: str | None = Field(default=None, pattern=r"^[1-9][0-9]*(-[1-9][0-9]*)?$")

    @model_serializer(mode="wrap")
    def _leave_out_unknown_lines(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in dump(self).items() if value is not None}

    @property
    def first(self) -> int | None:
        return int(self.lines.split("-")[0]) if self.lines else None

    @property
    def last(self) -> int | None:
        return int(self.lines.split("-")[-1]) if self.lines else None


class Finding(Frozen):
    """One defect. `subject` is its stable name; only rule, path, subject and ordinal enter the fingerprint."""

    rule: str
    clauses: tuple[str, ...]
    type: str = "evidence"
    category: Family
    severity: Severity
    confidence: Confidence
    title: str
    where: Where
    evidence: str
    recommendation: str
    fingerprint: str
    subject: str
    also: tuple[Where, ...] = ()

    @property
    def order(self) -> tuple[int, str, int, str, str]:
        """Gravest first, then by place; never by the order in which things ran."""
        return self.severity.rank, self.where.path, self.where.first or 0, self.rule, self.fingerprint


def fingerprint(rule: str, path: str, subject: str, ordinal: int) -> str:
    """16 hex digits that stay the same when lines move, words change or another standard asks."""
    return hashlib.sha256("\0".join((rule, path, subject, str(ordinal))).encode("utf-8", "surrogatepass")).hexdigest()[
        :16
    ]
