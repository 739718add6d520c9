"""A baseline: known debt is set apart, never more than was known, and never what guards the judgement."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from checker import baseline
from checker.baseline import Baseline
from checker.model.finding import Where
from checker.model.report import Outcome
from checker.model.rule import Severity
from checker.toml_source import ConfigurationError
from tests.findings import bound, finding, verdict

KNOWN = finding()
ENTRY: dict[str, Any] = {"fingerprint": KNOWN.fingerprint, "severity": KNOWN.severity.value, "also": []}


def saved(**words: Any) -> str:
    return json.dumps({"findings": [ENTRY], **words})


class TestSplit:
    def test_known_findings_are_set_apart_and_new_ones_stay(self) -> None:
        new = finding(subject="GET /new")
        split = baseline.parse("b.json", saved()).split([verdict("failed", [KNOWN, new])])
        assert split.findings == (KNOWN,)
        assert split.verdicts[0].findings == (new,)
        assert split.notes == ("baseline: 1 known findings set apart, 0 of it are gone",)

    def test_the_result_stays_failed(self) -> None:
        split = baseline.parse("b.json", saved()).split([verdict("failed", [KNOWN])])
        assert (split.verdicts[0].outcome, split.verdicts[0].findings) == (Outcome.FAILED, ())

    def test_what_is_gone_is_counted(self) -> None:
        split = baseline.parse("b.json", saved()).split([verdict("passed")])
        assert (split.findings, split.notes) == ((), ("baseline: 0 known findings set apart, 1 of it are gone",))

    def test_one_that_was_baselined_stays_known(self) -> None:
        text = saved(findings=[], baselined=[ENTRY])
        assert baseline.parse("b.json", text).known == {KNOWN.fingerprint: (KNOWN.severity, 0)}

    def test_one_that_was_waived_is_not_known(self) -> None:
        text = saved(findings=[], waived=[ENTRY])
        assert baseline.parse("b.json", text).known == {}

    def test_one_that_became_graver_is_new(self) -> None:
        graver = KNOWN.model_copy(update={"severity": Severity.CRITICAL})
        assert KNOWN.severity is not Severity.CRITICAL
        assert baseline.parse("b.json", saved()).split([verdict("failed", [graver])]).findings == ()

    def test_one_that_spread_is_new(self) -> None:
        wider = KNOWN.model_copy(update={"also": (Where(path="other.yaml"),)})
        assert baseline.parse("b.json", saved()).split([verdict("failed", [wider])]).findings == ()

    def test_what_cannot_be_waived_cannot_be_known(self) -> None:
        guarded = verdict("failed", [KNOWN], bound(waivable=False))
        split = baseline.parse("b.json", saved()).split([guarded])
        assert (split.verdicts, split.findings) == ((guarded,), ())

    def test_without_a_baseline_nothing_is_said(self) -> None:
        seen = verdict("failed", [KNOWN])
        split = baseline.NONE.split([seen])
        assert (split.verdicts, split.findings, split.notes) == ((seen,), (), ())

    def test_its_own_notes_are_passed_on(self) -> None:
        assert Baseline({}, ("why",)).split([]).notes[0] == "why"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "3",
        '"x"',
        "{}",
        '{"findings": 3}',
        '{"findings": ["x"]}',
        '{"findings": [{}]}',
        '{"findings": {"a": 1}}',
        "[" * 100_000,
    ],
    ids=lambda text: text[:30],
)
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^b.json: not a report of this tool; make one with: checker audit"):
        baseline.parse("b.json", text)


class TestFile:
    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="baseline cannot be read: No such file or directory"):
            baseline.read(tmp_path / "b.json")

    def test_a_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="baseline cannot be read: Is a directory"):
            baseline.read(tmp_path)

    def test_what_is_not_text_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ConfigurationError, match="not UTF-8 text"):
            baseline.read(tmp_path / "b.json")

    def test_an_oversized_file_is_refused_unread(self, tmp_path: Path) -> None:
        with open(tmp_path / "b.json", "wb") as file:
            os.truncate(file.fileno(), baseline.LARGEST + 1)
        with pytest.raises(ConfigurationError, match="larger than 200 MiB"):
            baseline.read(tmp_path / "b.json")
