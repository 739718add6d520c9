"""The order that standards demand, on a whole backend: prove, write the report and the hand-off, then pass the gates."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from checker.cli import root as command
from checker.proofs import gates, keys
from tests.scratch import FIXTURES, commit, whole, zipped

SLOW = ("tests/integration", "tests/property", "tests/migration")
USERS = """
[[app.users]]
name = "admin of acme"
tenant = "acme"
login = "POST /v1/sessions"
body = { tenant = "acme", email = "adam@acme.example", password = "for-tests-only" }
"""
RUN = "run-20261121T110000Z"
PACK = f"docs/orchestrator/from-agents/AGENT-2/{RUN}-attach.zip"
REPORT = """# Run report

## Plan vs Done vs Pending
- Plan: WBS-3.1 the smallest order
- Done: the constant
- Pending: nothing

## Context Snapshot
- NT-2.1 "Orders are placed by signed-in customers"
- TD-0101 "Orders live in their own schema"
- WBS-3.1 the smallest order

## Plan of Action
- APIs: none
- Models: Order, whose smallest count gets a name
- Tests: unit, contract

## Access smoke tests
- write test file: exit 0
- docker build: n/a, no image
- dev DB read-only: n/a, SQLite
- CI backend workflow: passed

## Execution Log
Named the smallest order in src/domain.py.

## Proof-of-Work Dossier
- Unit and contract tests: `pytest` exited 0: {passed} passed
- Integration tests: n/a, there are none in this backend
- Coverage: {coverage:.0f}%
- Acceptance: the suite passes

The tests suffice because nothing reads the constant yet.

## Baton Handoff
`POST /v1/orders` with a bearer token:

```json
{{"sku": "A-1", "count": 2}}
```

Risk: none known.

## Checklist
- [x] Attach pack: {pack}
"""
TASK = {"id": "WBS-3.1", "owner": "AGENT-2", "title": "The smallest order", "exit_criteria": ["the suite passes"]}
BLUEPRINTS = FIXTURES / "repos" / "agent-run-good" / "history" / "01-base-start" / "docs" / "blueprints"
STEPS = ("G5.1 Foundation", "G5.2 Services", "G5.3 Orders module", "G5.4 Routes", "G5.5 Polish")
CHECKPOINT = """## CHECKPOINT: {step}

**Project:** Orders

### Built
- The smallest order

### Key Decisions
- A constant, because it is simple

### Files Created
- `src/domain.py`

### Test It
`curl http://localhost:8000/v1/health`

**Options:** A) Approve | B) Changes | C) Pause | D) Skip

**DECISION:** Approve

"""
TRUTH = {
    "gates": {gate: {"status": "approved", "approved_at": "2026-10-01T09:00:00Z"} for gate in ("G1", "G2", "G3")},
    "progress_updates": [{"gate": step.partition(" ")[0], "text": f"{step} is done"} for step in STEPS],
}
VERIFIED = "$ ruff check src/ && mypy src/ && pytest && alembic check\nexit code: 0\n"
DELIVERED = {"endpoints": {"total": 18}, "database": {"tables": 7, "migrations": 4}}
HANDOFF = {
    "handoff": {"agent": "Backend Developer", "status": "complete", "phase": "development"},
    "verification": {"all_passed": True, "build": 0, "test": 0, "lint": 0},
    "self_healing_log": {"attempts": [{"attempt": 1, "status": "success"}], "final_status": "success"},
    "api": {"base_url": "/v1", "auth_method": "JWT Bearer"},
    "next_agent": "QA Engineer",
}


class Backend:
    """The clean backend under the two standards, with an agent's key and CI's in its policy, and an honest change."""

    def __init__(self, folder: Path) -> None:
        self.root = whole("clean", folder / "repo")
        self.keys = {name: folder / f"{name}.pem" for name in ("local", "ci-rerun")}
        shutil.copytree(BLUEPRINTS, self.root / "docs" / "blueprints", dirs_exist_ok=True)
        for name in SLOW:
            shutil.rmtree(self.root / name)
        told = (self.root / "checker.toml").read_text("utf-8")
        _, found, rest = told.partition("\n")
        entries = "".join(
            f'\n[[proofs.keys]]\nid = "{role}"\nowner = "{role}"\nrole = "{role}"\npublic = "{keys.create(file)}"\n'
            for role, file in self.keys.items()
        )
        standards = 'standards = ["agent-2", "backend-developer"]'
        (self.root / "checker.toml").write_text(standards + found + rest + entries + USERS, "utf-8")
        self.base = commit(self.root, "policy")

    def work(self) -> None:
        """Take the lock, then change a little: the change under judgement."""
        lock = {
            "owner": "AGENT-2",
            "task_id": "WBS-3.1",
            "scope_paths": ["src/**", "tests/**", "docs/**", "handoff.json"],
        }
        lock |= {"start_time": "2026-11-21T08:00:00Z", "status": "locked"}
        self.write("ops/locks/agent-2.lock", json.dumps(lock) + "\n")
        self.write("ops/queue.jsonl", json.dumps(TASK | {"status": "doing"}) + "\n")
        commit(self.root, "take the lock")
        text = (self.root / "src" / "domain.py").read_text("utf-8")
        self.write("src/domain.py", text + "\nSMALLEST_ORDER = 1\n")
        commit(self.root, "work")

    def hand_over(self, passed: int, coverage: float) -> None:
        """The report, its pack, the checkpoints and the hand-off, written after the proofs and from them."""
        report = REPORT.format(passed=passed, coverage=coverage, pack=PACK)
        self.write(f"docs/runs/2026-11-21/AGENT-2/{RUN}.md", report)
        self.write(f"{PACK}.d/{RUN}.md", report)
        self.write(
            f"{PACK}.d/pytest.log",
            f"collected {passed} items\n\nTOTAL 100 7 {coverage:.0f}%\n==== {passed} passed in 2.31s ====\n",
        )
        self.write(f"{PACK}.d/verification.log", VERIFIED)
        self.write(".truth/truth.json", json.dumps(TRUTH, indent=2) + "\n")
        self.write(
            f"{PACK}.d/links.md",
            "PR: https://github.com/acme/orders/pull/7\nCI: https://github.com/acme/orders/actions/runs/12\n",
        )
        zipped(self.root)
        self.write("docs/checkpoints.md", "# Checkpoints\n\n" + "".join(CHECKPOINT.format(step=one) for one in STEPS))
        told = {**HANDOFF, "deliverables": {**DELIVERED, "test_coverage": f"{coverage:.0f}%"}}
        self.write("handoff.json", json.dumps(told, indent=2) + "\n")
        self.write("ops/queue.jsonl", json.dumps(TASK | {"status": "review", "notes": "a constant"}) + "\n")
        (self.root / "ops/locks/agent-2.lock").unlink()

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, "utf-8")

    def run(self, *words: str, key: str) -> Result:
        return CliRunner().invoke(command, [*words, "--base", self.base], env={keys.VARIABLE: str(self.keys[key])})


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Backend:
    made = Backend(tmp_path_factory.mktemp("honest"))
    made.work()
    return made


def told(done: Result) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def proved(backend: Backend, key: str, *kinds: str) -> dict[str, dict[str, Any]]:
    made = {kind: told(backend.run("prove", kind, str(backend.root), "--format", "json", key=key)) for kind in kinds}
    assert {kind: one["result"] for kind, one in made.items()} == dict.fromkeys(kinds, "PASSED"), made
    return made


def test_prove_then_report_then_the_gates_pass(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    made = proved(backend, "local", "build_output", "lint_output", "test_output")
    backend.hand_over(made["test_output"]["counts"]["passed"], 93)
    done = told(backend.run("gate", "handoff", str(backend.root), "--format", "json", key="local"))
    assert done["decision"] == "pass", "\n".join(done["reasons"])
    assert (done["audit"]["profile"], done["audit"]["status"]) == ("agent", "ready")
    assert [one["trust"] for one in done["proofs"]] == ["captured"] * 3
    commit(backend.root, "report and hand-off")
    of_merge = gates.load().gates["merge"]
    assert of_merge.audit == "gate"
    proved(backend, "ci-rerun", *of_merge.proofs)
    quick = of_merge.model_copy(update={"audit": "agent"})  # the gate's own profile fuzzes for minutes
    known = gates.load()
    monkeypatch.setattr(gates, "load", lambda: known.model_copy(update={"gates": {**known.gates, "merge": quick}}))
    done = told(backend.run("gate", "merge", str(backend.root), "--format", "json", key="ci-rerun"))
    assert done["decision"] == "pass", "\n".join(done["reasons"])
    assert {one["trust"] for one in done["proofs"]} == {"rerun"}
    backend.write("src/domain.py", "SMALLEST_ORDER = 2\n")
    done = told(backend.run("gate", "handoff", str(backend.root), "--format", "json", "--fail-fast", key="local"))
    assert [one["state"] for one in done["proofs"]] == ["stale"] * 3
    assert (done["decision"], done["audit"]) == ("block", {})
    assert any("the audit was not run" in note for note in done["notes"])
