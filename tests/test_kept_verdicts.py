"""What rules decided is kept between runs: a second run says the same bytes, and never believes what it has not looked at."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checker import engine, kept
from checker.audit import audit
from checker.collect import COLLECTORS
from checker.collect.code import cache
from checker.collect.detectors import Detectors
from checker.collect.standing import digest
from checker.model.rule import BoundRule
from checker.model.unavailable import GAVE_UP, Unavailable
from checker.probe.git import Git
from checker.workplace import Request
from tests.fake_secrets import fake
from tests.scratch import commit, git

MOMENT = datetime(2026, 11, 21, tzinfo=UTC)
BAD = "def find(session, x: str):\n    return session.execute(f\"SELECT a FROM t WHERE x = '{x}'\")\n"
CONTRACT = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {"/orders": {"get": {"responses": {"200": {"description": "all"}}}}},
}
# One rule at least for each thing that a fact may be made from: source, secrets, contracts, names, locks, proofs, the change.
SOME = (
    "sql-built",
    "secret-in-tree",
    "env-file-tracked",
    "breaking-change",
    "pagination",
    "error-envelope",
    "requirements-pinned",
    "lock-orphan",
    "proof-integrity",
    "config-changed",
    "change-size",
    "suppression-added",
    "waiver-expired",
)
OWN_LOCK = {"owner": "AGENT-2", "task_id": "T-1", "start_time": MOMENT.isoformat(), "status": "locked"}
LOCK = {"task_id": "T-1", "agent": "a", "started_at": "2026-11-20T22:00:00Z", "status": "in_progress"}


def said(
    root: Path,
    home: Path | None,
    moment: datetime = MOMENT,
    only: tuple[str, ...] = SOME,
    standard: str = "backend-coder",
) -> bytes:
    """The whole report of a static audit as bytes, with what is kept where a home is given."""
    environment = {"HOME": str(home)} if home else {}
    asked = Request(root, (standard,), only, as_of=moment, environment=environment, cache=bool(home))
    return json.dumps(audit(asked).report.as_json(), sort_keys=False).encode()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "app").mkdir(parents=True)
    (root / "app" / "a.py").write_text(BAD, "utf-8")
    (root / "app" / "b.py").write_text("import os  # noqa: F401\nB = os.environ['B_NAME']\n", "utf-8")
    (root / "openapi.json").write_text(json.dumps(CONTRACT), "utf-8")
    (root / "requirements.txt").write_text("fastapi==0.121.0\n", "utf-8")
    (root / ".gitignore").write_text("ignored/\n.env\n", "utf-8")
    git(root, "init", "-q", "-b", "main")
    commit(root, "first")
    return root


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rules that were judged, as they are."""
    seen: list[str] = []
    real = engine._look

    def noted(bound: BoundRule, *rest: object) -> object:
        seen.append(bound.id)
        return real(bound, *rest)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(engine, "_look", noted)
    return seen


class TestNothingChanged:
    def test_the_second_run_judges_nothing_and_says_the_same_bytes(
        self, repo: Path, tmp_path: Path, looked: list[str]
    ) -> None:
        cold = said(repo, None, only=())
        assert said(repo, tmp_path / "home", only=()) == cold
        asked = set(looked)
        looked.clear()
        assert said(repo, tmp_path / "home", only=()) == cold
        assert {"sql-built", "secret-in-tree", "pagination"} <= asked
        said(repo, tmp_path / "home", MOMENT + timedelta(hours=1), only=())
        assert set(looked) <= {"waiver-expired", "waiver-self-approved", "waiver-unused"}, (
            "nor when nobody asked the clock"
        )

    def test_another_question_is_another_run(self, repo: Path, tmp_path: Path) -> None:
        said(repo, tmp_path / "home")
        _write(repo, "checker.toml", '[layout]\nopenapi = ["other.json"]\n')
        assert said(repo, tmp_path / "home") == said(repo, None)


def _write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, "utf-8")


def _as_git_would_not_see(root: Path) -> None:
    """Another content of the same size under the same time stamp, in a file that the index calls unchanged for good."""
    file = root / "app" / "a.py"
    before = file.stat()
    git(root, "update-index", "--assume-unchanged", "app/a.py")
    file.write_text(BAD.replace("find", "look"), "utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def _staged_and_taken_back(root: Path) -> None:
    text = (root / "app" / "b.py").read_text("utf-8")
    _write(root, "app/b.py", f'KEY = "{fake("github-pat")}"\n')
    git(root, "add", "app/b.py")
    _write(root, "app/b.py", text)


EDITS: dict[str, Callable[[Path], object]] = {
    "a file edited": lambda root: _write(root, "app/a.py", "\n" + BAD),
    "an edit behind git's back": _as_git_would_not_see,
    "line ends converted": lambda root: (root / "app" / "a.py").write_bytes(BAD.replace("\n", "\r\n").encode()),
    "a file added": lambda root: _write(root, "app/c.py", BAD.replace("find", "other")),
    "an ignored file added": lambda root: _write(root, ".env", "B_NAME=1\n"),
    "a file removed": lambda root: (root / "app" / "a.py").unlink(),
    "a link where the file was": lambda root: (root / "app" / "a.py").symlink_to("b.py"),
    "a file renamed": lambda root: (root / "requirements.txt").rename(root / "renamed.txt"),
    "a secret staged and taken back": _staged_and_taken_back,
    "the contract mended": lambda root: _write(root, "openapi.json", json.dumps({**CONTRACT, "paths": {}})),
    "a commit": lambda root: commit(root, "second"),
    "a branch that names another base": lambda root: git(root, "branch", "develop"),
    "a proof written": lambda root: _write(root, ".checker/proofs/tests.jsonl", "{}\n"),
    "a marker that silences": lambda root: _write(root, "app/b.py", "import os  # nosemgrep\n"),
    "a waiver": lambda root: _write(root, "checker.toml", WAIVER),
}
WAIVER = """[[waivers]]
rule = "sql-built"
paths = ["app/a.py"]
reason = "old"
owner = "a@example.com"
approved_by = "b@example.com"
expires = 2026-12-01
"""


class TestWhatChanged:
    def test_each_change_is_seen_as_a_cold_run_sees_it(self, repo: Path, tmp_path: Path) -> None:
        said(repo, tmp_path / "home")
        for name, edit in EDITS.items():
            edit(repo)
            assert said(repo, tmp_path / "home") == said(repo, None), name

    def test_what_the_edit_cannot_touch_is_not_judged_again(
        self, repo: Path, tmp_path: Path, looked: list[str]
    ) -> None:
        said(repo, tmp_path / "home")
        looked.clear()
        _write(repo, "app/b.py", "B = 2\n")
        said(repo, tmp_path / "home")
        assert {"sql-built", "secret-in-tree"} <= set(looked)
        assert not {"pagination", "error-envelope", "requirements-pinned", "breaking-change"} & set(looked)

    def test_where_git_cannot_be_asked_nothing_is_kept(
        self, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(_: Git) -> list[str]:
            raise Unavailable("git: reading took too long")

        monkeypatch.setattr(Git, "untracked", refused)
        assert said(repo, tmp_path / "home") == said(repo, None)
        assert not list((tmp_path / "home").rglob("verdicts.sqlite"))

    def test_what_an_engine_gave_up_on_is_looked_at_again(
        self, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def slow(*_: object) -> Iterator[object]:
            raise Unavailable(f"app/a.py: {GAVE_UP}")

        with monkeypatch.context() as today:
            today.setattr(Detectors, "tokens", slow)
            assert GAVE_UP.encode() in said(repo, tmp_path / "home")
        assert said(repo, tmp_path / "home") == said(repo, None)

    def test_without_git_each_file_is_looked_at(self, repo: Path, tmp_path: Path) -> None:
        (repo / ".git").rename(tmp_path / "elsewhere")
        said(repo, tmp_path / "home")
        _write(repo, "app/a.py", "\n" + BAD)
        assert said(repo, tmp_path / "home") == said(repo, None)
        _write(repo, "app/c.py", BAD)
        assert said(repo, tmp_path / "home") == said(repo, None), "nobody names the file that came"

    def test_migrations_that_nothing_reads_are_named_each_time(self, repo: Path, tmp_path: Path) -> None:
        _write(repo, "other/migrations/first.sql", "CREATE TABLE t (id int);\n")
        assert b"other/migrations: SQL that was not looked at" in said(repo, None, only=())
        _write(repo, "db/migrations/V1__first.sql", "CREATE TABLE t (id int);\n")
        cold = said(repo, None, only=())
        assert b"layout of migrations that is not known" in cold
        assert [said(repo, tmp_path / "home", only=()) for _ in range(2)] == [cold, cold]

    def test_what_could_not_be_looked_at_is_looked_at_again(
        self, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused() -> object:
            raise Unavailable("git: took too long")

        _write(repo, "ops/locks/agent-2.lock", json.dumps({**OWN_LOCK, "task_id": "T-9"}))
        _write(repo, "ops/queue.jsonl", '{"id": "T-1", "status": "todo", "title": "t"}\n')
        with monkeypatch.context() as today:
            today.setitem(COLLECTORS._loaded, "Queue", refused)
            said(repo, tmp_path / "home", only=("lock-orphan",), standard="agent-2")
        cold = said(repo, None, only=("lock-orphan",), standard="agent-2")
        assert b"is not in the queue" in cold
        assert said(repo, tmp_path / "home", only=("lock-orphan",), standard="agent-2") == cold


class TestTheClock:
    def test_a_clock_that_stood_still_for_a_run_goes_on(self, repo: Path, tmp_path: Path) -> None:
        _write(repo, "ops/locks/agent-2.lock", json.dumps(OWN_LOCK))
        only, late = ("lock-orphan", "sql-built"), MOMENT + timedelta(days=3)
        said(repo, tmp_path / "home", only=only, standard="agent-2")
        _write(repo, "app/b.py", "B = 2\n")
        said(repo, tmp_path / "home", only=only, standard="agent-2")
        cold = said(repo, None, late, only, "agent-2")
        assert b"is left behind" in cold
        assert said(repo, tmp_path / "home", late, only, "agent-2") == cold

    def test_what_asked_the_clock_is_judged_anew(self, repo: Path, tmp_path: Path) -> None:
        _write(repo, ".truth/locks/T-1.lock", json.dumps(LOCK))
        for later in (timedelta(0), timedelta(hours=1), timedelta(days=3)):
            assert said(repo, tmp_path / "home", MOMENT + later) == said(repo, None, MOMENT + later)

    def test_a_waiver_ends_between_two_runs(self, repo: Path, tmp_path: Path) -> None:
        _write(repo, "checker.toml", WAIVER)
        commit(repo, "waived")
        said(repo, tmp_path / "home")
        late = MOMENT + timedelta(days=30)
        assert b'"expired"' in said(repo, tmp_path / "home", late)
        assert said(repo, tmp_path / "home", late) == said(repo, None, late)


def _forged(text: str) -> str:
    """The same run with every finding gone, under a digest that fits: what another build of ours might have left."""
    run = json.loads(text)
    for verdict in run["verdicts"].values():
        verdict.update(outcome="passed", findings=[])
    return json.dumps(run)


class TestAKeptRunIsNotBelieved:
    @pytest.mark.parametrize(
        "damage",
        [
            lambda mark, text: [mark, text[:-9]],
            lambda mark, text: [mark, _forged(text)],
            lambda mark, text: [digest(['{"given": 1}']), '{"given": 1}'],
            lambda mark, text: [1, 2, 3],
            lambda mark, text: "rubbish",
            lambda mark, text: None,
        ],
    )
    def test_damage_is_thrown_away(self, repo: Path, tmp_path: Path, damage: Callable[[str, str], object]) -> None:
        cold = said(repo, tmp_path / "home")
        (file,) = (tmp_path / "home").rglob("verdicts.sqlite")
        with sqlite3.connect(file) as database:
            name, body = database.execute("SELECT id, body FROM looked").fetchone()
            text = json.dumps(damage(*json.loads(body.partition(" ")[2])))
            database.execute("UPDATE looked SET body = ?", (f"{cache._digest(name, text)} {text}",))
        assert said(repo, tmp_path / "home") == cold

    def test_another_build_of_ours_is_foreign(
        self, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked: list[str]
    ) -> None:
        said(repo, tmp_path / "home")
        looked.clear()
        monkeypatch.setattr(kept, "code", lambda: "another")
        said(repo, tmp_path / "home")
        assert "sql-built" in looked

    def test_no_secret_is_kept(self, repo: Path, tmp_path: Path) -> None:
        token = fake("github-pat")
        _write(repo, "app/key.py", f'KEY = "{token}"\nprint(KEY)\n')
        assert b"secret-in-tree" in said(repo, tmp_path / "home")
        assert all(token.encode() not in one.read_bytes() for one in (tmp_path / "home").rglob("*") if one.is_file())

    def test_nothing_is_kept_in_the_audited_tree(self, repo: Path) -> None:
        said(repo, repo)
        assert not list(repo.rglob("verdicts.sqlite"))


def test_a_collector_reaches_the_tree_through_the_folder_alone() -> None:
    """What is read past `Root` is not noted, so it would be kept for ever: these may, and the digests name all they see."""
    whole = {"inventory", "code.reading", "rehearsal", "migration_runs"}
    folder = Path(kept.__file__).parent / "collect"
    named = {COLLECTORS.place(name).partition(":")[0] for name in COLLECTORS}
    reaching = {
        one
        for one in named
        if re.search(r"\broot\.path\b", (folder / (one.replace(".", "/") + ".py")).read_text("utf-8"))
    }
    assert reaching <= whole
