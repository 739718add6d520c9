"""The checker passes its own audit: this repository is ready under `common`, with no waiver."""

from __future__ import annotations

from pathlib import Path

from checker.audit import audit
from checker.workplace import Request

ROOT = Path(__file__).resolve().parent.parent


def test_this_repository_is_ready_without_a_waiver() -> None:
    report = audit(Request(ROOT, standards=("common",), contain=False)).report
    assert report.status == "ready", [
        (one.rule, one.where, one.title) for one in report.findings if one.severity.rank < 2
    ]
    assert report.waivers == ()
    assert report.examined > 100
