"""The one report that shows every feature of a report, put together by hand for the examples and their tests."""

from __future__ import annotations

from checker.model.finding import Finding, Where, fingerprint
from checker.model.report import (
    Claim,
    Locked,
    LockTimeline,
    ManualQuestion,
    NotAsked,
    Outcome,
    ProofState,
    Report,
    Result,
    StandardRef,
    Subject,
    Suppression,
    WaiverUse,
    score,
)
from checker.model.rule import Confidence, Family, Severity

HOSTILE = 'app/\x1b[31mevil\u202e\n::error title=owned::`@all` <img src=x>|[a](http://x)/{0}##[add-mask]"&.py'


def _timeline() -> LockTimeline:
    strong = ("public.orders", "ShareLock")
    statements = (
        Locked(sql="SELECT 1", locks=(("public.users", "AccessShareLock"),)),
        Locked(sql="CREATE INDEX ix ON orders (email)", locks=(strong,), strong=(strong,)),
        Locked(sql="UPDATE users SET a = 1"),
    )
    return LockTimeline(revision="0003_email.py", path="app/orders/résumé.py", statements=statements)


def finding(
    rule: str,
    path: str,
    lines: str | None = None,
    *,
    severity: Severity = Severity.MAJOR,
    confidence: Confidence = Confidence.HIGH,
    category: Family = Family.API,
    title: str = "GET /orders returns a list without pagination",
    evidence: str = "200 returns an array; parameters: status",
    recommendation: str = "Take a cursor and a limit, and return `next_cursor` with the items.",
    clauses: tuple[str, ...] = ("2.19", "3.13"),
    also: tuple[Where, ...] = (),
    ordinal: int = 0,
) -> Finding:
    """A finding with a fingerprint of its own; what does not matter to a test has a value that does."""
    return Finding(
        rule=rule,
        clauses=clauses,
        category=category,
        severity=severity,
        confidence=confidence,
        title=title,
        where=Where(path=path, lines=lines),
        evidence=evidence,
        recommendation=recommendation,
        fingerprint=fingerprint(rule, path, title, ordinal),
        subject=title,
        also=also,
    )


OPEN = (
    finding(
        "hardcoded-secret",
        "app/settings.py",
        "14",
        severity=Severity.CRITICAL,
        category=Family.SECRETS,
        title="an AWS access key is written in the source",
        evidence='AWS_KEY = "AKIA…(redacted)"',
        recommendation="Revoke the key, read it from the environment, and keep `.env` out of the repository.",
        clauses=("1.14",),
        also=(Where(path="app/legacy/settings.py", lines="3"), Where(path="docs/setup.md")),
    ),
    finding("pagination", "openapi.yaml", "88-129"),
    finding(
        "pagination", "openapi.yaml", "201-230", title="GET /invoices/{id}/lines returns a list without pagination"
    ),
    finding(
        "run-report",
        ".",
        category=Family.OUTPUTS,
        title="the change has no run report",
        evidence="looked in docs/runs",
        recommendation="Write docs/runs/DATE/AGENT/report.md before handing over.",
        clauses=("1.9",),
    ),
    finding(
        "naming",
        HOSTILE,
        "7",
        severity=Severity.MINOR,
        confidence=Confidence.MEDIUM,
        category=Family.CODE,
        title="the module's name is not an identifier",
        evidence="first line\n::set-output name=x::y\u202e | `code` @someone",
        recommendation="Rename the module.",
        clauses=("2.3",),
    ),
    finding(
        "todo-left",
        "app/orders/résumé.py",
        "41",
        severity=Severity.INFO,
        confidence=Confidence.LOW,
        category=Family.CODE,
        title="a TODO without an issue",
        evidence="# TODO: retries",
        recommendation="Open an issue and name it.",
        clauses=(),
    ),
)
WAIVED = (
    finding(
        "cors-wildcard",
        "app/public/api.py",
        "12",
        category=Family.CODE,
        title="any origin may call with credentials",
        evidence='allow_origins=["*"]',
        recommendation="Name the origins.",
        clauses=("2.31",),
    ),
)
BASELINED = (
    finding(
        "error-envelope",
        "openapi.yaml",
        "300-310",
        severity=Severity.MINOR,
        confidence=Confidence.MEDIUM,
        title="GET /health 500 has no error envelope",
        evidence="500 returns text/plain",
        recommendation="Return the error envelope.",
        clauses=("2.17",),
    ),
)
RESULTS = (
    Result(rule="cors-wildcard", category=Family.CODE, clauses=("2.31",), outcome=Outcome.WAIVED, examined=1),
    Result(rule="error-envelope", category=Family.API, clauses=("2.17",), outcome=Outcome.FAILED, examined=60),
    Result(rule="hardcoded-secret", category=Family.SECRETS, clauses=("1.14",), outcome=Outcome.FAILED, examined=212),
    Result(
        rule="idempotent-put",
        outcome=Outcome.NOT_APPLICABLE,
        reason="no PUT operation in openapi.yaml",
        clauses=("3.8",),
    ),
    Result(
        rule="migration-rollback",
        clauses=("4.2",),
        outcome=Outcome.UNAVAILABLE,
        reason="history is shallow; run: git fetch --unshallow",
    ),
    Result(rule="naming", category=Family.CODE, clauses=("2.3",), outcome=Outcome.FAILED, examined=88),
    Result(
        rule="pagination",
        title="Every list is paginated",
        category=Family.API,
        clauses=("2.19", "3.13"),
        outcome=Outcome.FAILED,
        examined=40,
    ),
    Result(rule="run-report", category=Family.OUTPUTS, clauses=("1.9",), outcome=Outcome.FAILED, examined=1),
    Result(
        rule="schema-drift", clauses=("4.7",), outcome=Outcome.ERROR, reason="RecursionError: maximum depth exceeded"
    ),
    Result(rule="todo-left", category=Family.CODE, outcome=Outcome.FAILED, examined=88),
    Result(rule="versioned-paths", category=Family.API, clauses=("2.12",), outcome=Outcome.PASSED, examined=40),
)


def sample() -> Report:
    """A blocked run with everything in it."""
    return Report(
        version="0.1.0",
        status="blocked",
        recommendation="rework",
        score=score(OPEN),
        subject=Subject(path=".", commit="3f0c" * 10, tree="9ab1" * 10, dirty=True, base="77de" * 10),
        standards=(StandardRef(name="backend-engineer", source="backend-engineer.md", sha256="ab" * 32),),
        rules_sha256="cd" * 32,
        profile="static",
        as_of="2026-11-21T00:00:00Z",
        findings=OPEN,
        results=RESULTS,
        not_asked=(
            NotAsked(
                rule="contract-conformance", category=Family.RUNTIME, profile="gate", reason="needs --profile gate"
            ),
            NotAsked(
                rule="migration-roundtrip", category=Family.MIGRATIONS, profile="agent", reason="needs --profile agent"
            ),
        ),
        waived=WAIVED,
        baselined=BASELINED,
        suppressions=(
            Suppression(engine="ruff", marker="noqa: S608", where=Where(path="app/db.py", lines="7"), in_change=True),
            Suppression(
                engine="mypy", marker="type: ignore", where=Where(path="app/db.py", lines="9"), in_change=False
            ),
        ),
        claims=(
            Claim(
                claim="coverage 82%",
                where=Where(path="docs/runs/1/report.md", lines="12"),
                state="contradicted",
                against=Where(path="coverage.xml"),
            ),
            Claim(claim="no breaking change", where=Where(path="docs/runs/1/report.md"), state="unverified"),
        ),
        manual=(
            ManualQuestion(clause="2.27", standard="backend-engineer", question="Is the runbook usable at night?"),
        ),
        waivers=(
            WaiverUse(
                rule="cors-wildcard",
                paths=("app/public/**",),
                reason="public read-only API",
                owner="api-team",
                approved_by="security-team",
                expires="2027-01-31",
                hits=1,
                state="used",
                where=Where(path="checker.toml", lines="40"),
            ),
            WaiverUse(
                rule="naming",
                fingerprint="0123456789abcdef",
                reason="generated client",
                owner="api-team",
                approved_by="lead",
                expires="2026-10-01",
                state="expired",
            ),
        ),
        proofs=(
            ProofState(
                type="test_output",
                state="valid",
                trust="captured",
                tree="9ab1" * 10,
                keyid="ci-2026",
                path=".checker/proofs/test_output.intoto.jsonl",
            ),
            ProofState(type="build_output", state="missing"),
        ),
        lock_timelines=(_timeline(),),
        notes=("3 clauses of backend-engineer have no rule yet and were not looked at (checker standards)",),
    )


def ready() -> Report:
    """A run in which everything that was asked holds."""
    return sample().model_copy(
        update={
            "status": "ready",
            "recommendation": "accept",
            "score": 100,
            "findings": (),
            "results": (
                Result(
                    rule="versioned-paths", category=Family.API, clauses=("2.12",), outcome=Outcome.PASSED, examined=40
                ),
            ),
            "waived": (),
            "baselined": (),
            "waivers": (),
            "claims": (),
            "proofs": (),
        }
    )


def empty() -> Report:
    """A run that was asked nothing and saw nothing."""
    return Report(
        version="0.1.0",
        status="blocked",
        recommendation="rework",
        score=100,
        subject=Subject(path="."),
        standards=(),
        rules_sha256="cd" * 32,
        profile="gate",
        as_of="2026-11-21T00:00:00Z",
    )


def crowded(number: int) -> Report:
    """A run with `number` findings of every severity under three rules."""
    severities = tuple(Severity)
    found = tuple(
        finding(
            f"rule-{position % 3}",
            f"app/module_{position}.py",
            str(position + 1),
            severity=severities[position % len(severities)],
            ordinal=position,
        )
        for position in range(number)
    )
    return sample().model_copy(update={"findings": found, "score": 0})
