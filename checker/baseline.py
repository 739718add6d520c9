"""Debt that is known already: findings of an earlier report, set apart so that only new ones fail the run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from checker.engine import Verdict
from checker.model.finding import Finding
from checker.model.rule import Severity
from checker.toml_source import ConfigurationError

LARGEST = 200 * 1024 * 1024


@dataclass(frozen=True)
class Split:
    """The verdicts with known findings taken out, and those findings."""

    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Baseline:
    """What an earlier report held, open or baselined: by fingerprint, how grave and in how many more places.

    It never grows by itself: a finding that became graver, or spread, is new.
    """

    known: Mapping[str, tuple[Severity, int]]
    notes: tuple[str, ...] = ()

    def split(self, verdicts: Sequence[Verdict]) -> Split:
        """Set known findings apart. A finding of a rule that cannot be waived is never set apart."""
        if not self.known and not self.notes:
            return Split(tuple(verdicts), (), ())
        found = [one for verdict in verdicts if verdict.bound.rule.waivable for one in verdict.findings]
        old = {id(finding): finding for finding in found if self._holds(finding)}
        gone = len(self.known) - len({finding.fingerprint for finding in old.values()})
        notes = [f"baseline: {len(old)} known findings set apart, {gone} of it are gone"]
        return Split(
            tuple(
                replace(verdict, findings=tuple(one for one in verdict.findings if id(one) not in old))
                for verdict in verdicts
            ),
            tuple(sorted(old.values(), key=lambda finding: finding.order)),
            (*self.notes, *notes),
        )

    def _holds(self, finding: Finding) -> bool:
        severity, places = self.known.get(finding.fingerprint, (None, 0))
        return severity is not None and finding.severity.rank >= severity.rank and len(finding.also) <= places


NONE = Baseline({})


def parse(name: str, text: str, notes: tuple[str, ...] = ()) -> Baseline:
    """Read a report as a baseline; ConfigurationError when it is not one of ours."""
    try:
        report: Any = json.loads(text)
        held = [*report["findings"], *report.get("baselined", [])]
        known = {str(one["fingerprint"]): (Severity(one["severity"]), len(one.get("also", ()))) for one in held}
        return Baseline(known, notes)
    except (ValueError, KeyError, TypeError, RecursionError):
        message = "not a report of this tool; make one with: checker audit --format json --output json:FILE"
        raise ConfigurationError(name, None, message) from None


def read(file: Path) -> str:
    """The text of a baseline; ConfigurationError when it cannot be read."""
    try:
        if file.stat().st_size > LARGEST:
            raise ConfigurationError(str(file), None, f"larger than {LARGEST // 1024 // 1024} MiB")
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as refused:
        reason = refused.strerror if isinstance(refused, OSError) else "not UTF-8 text"
        raise ConfigurationError(str(file), None, f"baseline cannot be read: {reason}") from None
