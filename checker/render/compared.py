"""The only place that compares two reports: what is new, what is gone, what stayed, by fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checker.model.finding import Finding
from checker.model.report import Report


@dataclass(frozen=True)
class Comparison:
    """The findings of either side alone, and how many both have; open ones, baselined ones and those from before a change alike."""

    new: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    stayed: int
    remarks: tuple[str, ...] = ()


def compare(after: Report, before: Report) -> Comparison:
    """`remarks` say what makes the two unlike, so that a finding may come or go without anybody touching the code."""
    old = {one.fingerprint: one for one in (*before.findings, *before.baselined, *before.before)}
    new = {one.fingerprint: one for one in (*after.findings, *after.baselined, *after.before)}
    return Comparison(
        new=tuple(one for mark, one in new.items() if mark not in old),
        gone=tuple(one for mark, one in old.items() if mark not in new),
        stayed=sum(mark in old for mark in new),
        remarks=tuple(_remarks(after, before)),
    )


def _remarks(after: Report, before: Report) -> Sequence[str]:
    pairs = {
        "profile": (before.profile, after.profile),
        "standards": tuple(", ".join(one.name for one in report.standards) for report in (before, after)),
        "audited folder": (before.subject.path, after.subject.path),
        "version": (before.version, after.version),
    }
    said = [f"{name} {old or 'none'} became {new or 'none'}" for name, (old, new) in pairs.items() if old != new]
    if before.rules_sha256 != after.rules_sha256:
        said.append("the rules themselves changed between the two")
    return said
