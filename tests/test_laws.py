"""The laws of judgement, as properties: what may never happen, whatever the checks see and whatever is waived."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checker import catalog, engine, gate, waivers
from checker.collect.facts import Facts
from checker.engine import Verdict
from checker.model.finding import Where
from checker.model.observation import Observation, Place
from checker.model.report import Outcome, Report
from checker.model.rule import Confidence, Severity
from checker.model.settings import Policy, Waiver
from checker.model.unavailable import NotApplicable, Unavailable
from tests.child import audit
from tests.findings import bound
from tests.observed import Fact, shows

NAMES = ("rule-a", "rule-b", "rule-c")
PROPERTY = settings(deadline=None, database=None)
RANK = {"ready": 0, "blocked": 1}
observations = st.builds(
    Observation,
    subject=st.sampled_from(["GET /a", "GET /b", "POST /a"]),
    ok=st.booleans(),
    place=st.builds(Place, path=st.sampled_from(["a.yaml", "b.yaml"]), lines=st.just((3, 4))),
    message=st.just("m"),
    cause=st.sampled_from(["", "", "Error"]),
    confidence=st.sampled_from([None, *Confidence]),
)
seen = st.lists(observations, max_size=5).map(tuple)
severities = st.sampled_from(list(Severity))


def judged(looks: Sequence[tuple[str, Severity, Any]]) -> tuple[Verdict, ...]:
    """One verdict for each rule: over observations, or over a fact that is missing."""
    verdicts: list[Verdict] = []
    for name, severity, fact in looks:
        known = {Fact: Fact(fact) if isinstance(fact, tuple) else fact}
        rule = bound(name, severity=severity)
        verdicts += engine.run([rule], {name: shows}, Facts({}, known), lambda _: {}, contain=False)
    return tuple(verdicts)


def reported(verdicts: Sequence[Verdict], waived: Sequence[Any] = ()) -> Report:
    return gate.report(
        verdicts=verdicts,
        waived=waived,
        baselined=(),
        version="0",
        subject={"path": "."},
        standards=(),
        rules_sha256="",
        profile="static",
        as_of="2026-11-21T12:00:00Z",
    )


looks = st.lists(st.tuples(severities, seen), min_size=1, max_size=3).map(
    lambda found: [(name, *one) for name, one in zip(NAMES, found, strict=False)]
)


@PROPERTY
@given(looks, st.integers(0, 2), observations)
def test_a_defect_more_never_improves_the_verdict(
    found: list[tuple[str, Severity, Any]], at: int, more: Observation
) -> None:
    at = min(at, len(found) - 1)
    name, severity, observed = found[at]
    bad = Observation(more.subject, False, more.place, more.message, more.evidence, more.cause, more.confidence)
    worse = [*found[:at], (name, severity, (*observed, bad)), *found[at + 1 :]]
    before, after = reported(judged(found)), reported(judged(worse))
    assert after.score <= before.score
    if before.examined:
        assert RANK[after.status] >= RANK[before.status]
        for fail_on in Severity:
            codes = [gate.exit_code(one, fail_on, allow_unavailable=False) for one in (before, after)]
            assert codes[1] == 1 or codes[1] == codes[0]


@PROPERTY
@given(looks, st.integers(0, 2), st.sampled_from([Unavailable("gone"), NotApplicable("none"), ()]))
def test_evidence_that_goes_never_turns_into_a_pass(
    found: list[tuple[str, Severity, Any]], at: int, instead: Any
) -> None:
    at = min(at, len(found) - 1)
    name, severity, _ = found[at]
    less = [*found[:at], (name, severity, instead), *found[at + 1 :]]
    verdict = judged(less)[at]
    assert verdict.outcome in (Outcome.UNAVAILABLE, Outcome.NOT_APPLICABLE)
    after = reported(judged(less))
    if isinstance(instead, Unavailable):
        assert after.status == "blocked"
        assert gate.exit_code(after, None, allow_unavailable=False) == gate.NOT_LOOKED_AT
    if not after.examined:
        assert after.status == "blocked"
        assert gate.exit_code(after, None, allow_unavailable=True) == gate.NOT_LOOKED_AT


@PROPERTY
@given(looks)
def test_ready_means_that_somebody_looked_and_nothing_grave_is_open(found: list[tuple[str, Severity, Any]]) -> None:
    report = reported(judged(found))
    grave = [one for one in report.findings if one.severity in (Severity.CRITICAL, Severity.MAJOR)]
    assert (report.status == "ready") == (not grave and report.examined > 0)


@PROPERTY
@given(looks, st.randoms(use_true_random=False))
def test_the_order_of_rules_changes_nothing(found: list[tuple[str, Severity, Any]], dice: random.Random) -> None:
    shuffled = list(found)
    dice.shuffle(shuffled)
    assert reported(judged(found)).model_dump_json() == reported(judged(shuffled)).model_dump_json()


@PROPERTY
@given(looks, st.sampled_from(NAMES), st.sampled_from(["a.yaml", "b.yaml", "**"]), st.integers(1, 3))
def test_a_waiver_hides_no_more_than_it_names(
    found: list[tuple[str, Severity, Any]], rule: str, path: str, most: int
) -> None:
    waiver = Waiver(
        rule=rule,
        paths=(path,),
        reason="r",
        owner="a",
        approved_by="b",
        expires=date(2026, 11, 21) + timedelta(days=30),
        max_hits=most,
    )
    verdicts = judged(found)
    before = reported(verdicts)
    applied = waivers.apply(verdicts, _settings(waiver), catalog.load(), date(2026, 11, 21))
    after = reported(applied.verdicts, applied.findings)
    hidden = {one.fingerprint for one in before.findings} - {one.fingerprint for one in after.findings}
    assert hidden == {one.fingerprint for one in applied.findings}
    assert len(applied.findings) <= most
    assert all(one.rule == rule and path in ("**", one.where.path) for one in applied.findings)
    assert {one.fingerprint for one in after.findings} <= {one.fingerprint for one in before.findings}


def _settings(waiver: Waiver) -> Any:
    class Around:
        """As much of the settings as waivers look at."""

        policy = Policy(waivers=(waiver,))
        proposed_waivers = ()

        @staticmethod
        def place(_: Waiver) -> Where:
            return Where(path="checker.toml", lines="1")

        @staticmethod
        def stands(_: Waiver) -> bool:
            return True

    return Around()


@pytest.mark.parametrize("seed", range(3))
def test_the_same_files_in_any_order_give_the_same_bytes(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    files = {
        "openapi.yaml": "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    get:\n      responses: {}\n",
        "app/main.py": "import os\nKEY = os.environ['KEY']\n",
        "app/" + "".join(dice.choices(string.ascii_lowercase, k=8)) + ".py": "A = 1\n",
        ".env": "DATABASE_PASSWORD=k7Gz2pQx9vLm\n",
    }
    made = []
    for name in ("one", "two"):
        root = tmp_path / name / "repo"
        for path in dice.sample(sorted(files), len(files)):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(files[path], "utf-8")
        made.append(audit(root, "--format", "json").out)
    assert made[0] == made[1]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=80))
def test_a_configuration_is_read_or_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "openapi.yaml").write_text("openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\n", "utf-8")
    (tmp_path / "checker.toml").write_text(text, "utf-8", "surrogatepass")
    done = audit(tmp_path, "--only", "spec-valid")
    assert done.code in (0, 1, 2, 3)
    if done.code == 2:
        assert done.err.count("\n") == 1
