"""Whole histories, run on a throw-away database: nothing in the good ones, in the broken one exactly what was planted."""

from __future__ import annotations

import re
import shutil
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from checker.audit import audit
from checker.model.report import Report
from checker.workplace import Request
from tests.scratch import FIXTURES, whole

FAMILIES = ("migrations", "schema")
NOT_LOOKED = ("unavailable", "error")


def run(folder: Path, base: str | None = None) -> Report:
    as_of = datetime(2026, 11, 21, tzinfo=UTC)
    return audit(Request(folder, only=FAMILIES, profile="agent", base=base, as_of=as_of, contain=False)).report


def found(report: Report) -> list[tuple[str, str, str]]:
    return sorted((one.rule, one.where.path, one.title) for one in report.findings)


def unseen(report: Report) -> list[str]:
    return [f"{one.rule}: {one.reason}" for one in report.results if one.outcome.value in NOT_LOOKED]


@pytest.mark.parametrize("base", [None, "HEAD~1"])
def test_nothing_is_found_in_the_clean_backend(base: str | None, tmp_path: Path) -> None:
    report = run(whole("clean", tmp_path / "clean"), base)
    assert (found(report), unseen(report)) == ([], [])
    examined = {one.rule: one.examined for one in report.results}
    assert examined["migration-roundtrip"] == 4
    assert examined["schema-drift"] > 100
    assert examined["database-schema"] > 60


def test_what_was_planted_is_found_with_its_lock_and_its_lost_rows(tmp_path: Path) -> None:
    report = run(whole("broken", tmp_path / "broken"))
    expect = tomllib.loads((FIXTURES / "repos" / "broken" / "expect.toml").read_text("utf-8"))
    planted = sorted((one["run"], one["path"]) for one in expect["finding"] if one.get("run"))
    assert [(rule, path) for rule, path, _ in found(report)] == planted
    assert unseen(report) == []
    evidence = {one.rule: one.evidence for one in report.findings}
    assert "takes ShareLock on orders" in evidence["migration-locks"]
    assert re.search(r"over 6 rows; the first was '.+', is None after up and down", evidence["migration-rows"])
    assert evidence["migration-roundtrip"] == "index ix_order_items_tenant_id_sku is left"
    assert "contains null values" in evidence["migration-meets-rows"]


def test_nothing_is_found_in_good_migrations(tmp_path: Path) -> None:
    """The control, and fifteen more: defaults, concurrent indexes, two-step constraints, enumerations, triggers, policies."""
    folder = tmp_path / "good"
    shutil.copytree(FIXTURES / "repos" / "good-migrations" / "repo", folder)
    report = run(folder)
    assert (found(report), unseen(report)) == ([], [])
    examined = {one.rule: one.examined for one in report.results}
    assert examined["migration-applies"] == 16
    assert examined["migration-rows"] >= 14  # those that say they are irreversible are not walked back over rows
    assert examined["migration-locks"] >= 8
    assert examined["migration-verify-holds"] == 16


def test_every_planted_defect_has_its_fixture() -> None:
    """d01 to d50; each case holds the finding by its rule, place and evidence."""
    cases = [case.parent for case in (FIXTURES / "rules").glob("*/*/expect.toml")]
    numbers: dict[int, list[Path]] = {}
    for case in cases:
        if told := re.match(r"(?:fail|unavailable)-d(\d\d)-", case.name):
            numbers.setdefault(int(told[1]), []).append(case)
    assert sorted(numbers) == list(range(1, 51))
    for case in (one for several in numbers.values() for one in several if one.name.startswith("fail-")):
        assert tomllib.loads((case / "expect.toml").read_text("utf-8"))["finding"], case
