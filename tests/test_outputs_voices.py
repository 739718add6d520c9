"""True outputs as different agents write them: in each, nothing is found but what is really absent."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.child import inside
from tests.scratch import FIXTURES

VOICES = FIXTURES / "voices"
ABSENT = {  # the standard that judges it, and the rules that rightly miss an artefact
    "agent-session": ("backend-agent", set()),
    "claude-like-run-report": ("agent-2", {"attach-pack"}),
    "codex-like-run-report": ("agent-2", {"attach-pack"}),
    "coder-output-yaml": ("backend-coder", set()),
    "developer-handoff": ("backend-developer", {"progress-updates", "truth-proofs"}),
    "engineer-delivery": ("backend-engineer", set()),
}


def test_every_voice_is_heard() -> None:
    assert sorted(path.name for path in VOICES.iterdir()) == sorted(ABSENT)


@pytest.mark.parametrize("name", sorted(ABSENT))
@pytest.mark.parametrize("messy", [False, True], ids=["as written", "UTF-16, CRLF, other hyphens"])
def test_nothing_true_is_flagged(name: str, messy: bool, tmp_path: Path) -> None:
    standard, absent = ABSENT[name]
    shutil.copytree(VOICES / name, tmp_path / "repo")
    if messy:
        for file in (tmp_path / "repo" / one for one in ("docs", "ops", "agent-out", "agent-output")):
            for text in (one for one in file.rglob("*") if one.suffix in (".md", ".yaml", ".jsonl")):
                words = text.read_text("utf-8").replace("WBS-", "WBS\u2011").replace("\n", "\r\n")
                text.write_bytes(words.encode("utf-16"))
    command = ("--standard", standard, "--only", "outputs", "--as-of", "2026-11-21T13:00:00Z", "--format", "json")
    report = inside("audit", str(tmp_path / "repo"), *command).json
    found = {one["rule"]: one["title"] for one in report["findings"]}
    assert set(found) == absent, found
    assert {one["outcome"] for one in report["results"]} <= {"passed", "failed", "not_applicable"}
    assert not [one for one in report["claims"] if one["state"] == "contradicted"]
    kinds = {"passed", "failed"}
    assert sum(one["outcome"] in kinds for one in report["results"]) >= 3
