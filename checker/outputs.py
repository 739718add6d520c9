"""Single outputs judged, in a repository or outside one: which kind, which standard, which rules, one report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from checker import __version__, catalog, engine, gate, toml_source
from checker.catalog import Binding
from checker.checks import CHECKS
from checker.collect import COLLECTORS
from checker.collect.changes import Base
from checker.collect.facts import Facts
from checker.collect.files import Root, Unreadable
from checker.collect.lines import locator
from checker.collect.outputs import artefacts as reading
from checker.collect.outputs.text import LARGEST, readable
from checker.collect.secrets import secrets
from checker.engine import Verdict
from checker.model.execution import CacheFolder
from checker.model.finding import Finding, Where
from checker.model.outputs.artefact import Artefact, Artefacts, Kind, TreePaths
from checker.model.outputs.evidence import ClaimLedger
from checker.model.outputs.fields import text_of
from checker.model.outputs.runs import RunReports
from checker.model.outputs.work import AsOf
from checker.model.repo import Changes, File, Inventory, Role
from checker.model.report import Claim, Outcome, Report, StandardRef, Subject
from checker.model.secrets import Secrets
from checker.model.settings import Description, Layout, Policy
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git
from checker.toml_source import ConfigurationError
from checker.workplace import Request, Workplace

_ALONE = "a single file is judged, and it lies in no repository"
_READABLE, _SECRET = "output-readable", "secret-in-tree"
_ASIDE = (_READABLE, _SECRET)
_FACTS_OF_THEIR_OWN = (Kind.LOCK, Kind.QUEUE, Kind.PACK)
_JUDGES: Mapping[Kind, tuple[str, tuple[str, ...]]] = {
    Kind.LOCK: ("agent-2", ("lock-mandate", "lock-orphan", "lock-record")),
    Kind.QUEUE: ("agent-2", ("queue-record", "queue-status")),
    Kind.RUN_REPORT: (
        "agent-2",
        ("ci-result", "claim-contradicted", "run-report-ids", "run-report-sections", "test-runs-shown"),
    ),
    Kind.PACK: ("agent-2", ("pack-contents", "pack-safe")),
    Kind.BLUEPRINT_INDEX: ("agent-2", ("blueprint-index",)),
    Kind.TOOLS_MANIFEST: ("agent-2", ("tools-manifest",)),
    Kind.HANDOFF: (
        "backend-developer",
        (
            "claim-contradicted",
            "handoff-arithmetic",
            "handoff-coverage",
            "handoff-shape",
            "handoff-verification",
            "named-files",
            "self-healing-log",
        ),
    ),
    Kind.SELF_HEALING: ("backend-developer", ("self-healing-log",)),
    Kind.ESCALATION: ("backend-developer", ("escalation-format",)),
    Kind.CHECKPOINT: (
        "backend-developer",
        ("approval-words", "checkpoint-order", "claim-contradicted", "named-files"),
    ),
    Kind.APPROVAL: ("backend-developer", ("approval-words",)),
    Kind.TRUTH: ("backend-developer", ("spec-checksum", "truth-proof-true", "truth-proofs")),
    Kind.REVIEW_FINDINGS: ("backend-engineer", ("review-findings-true", "review-findings-valid")),
    Kind.OUTPUT_DOCUMENT: (
        "backend-coder",
        ("claim-contradicted", "escalation-due", "output-document", "output-placeholders"),
    ),
    Kind.DELIVERY: (
        "backend-engineer",
        (
            "change-validated",
            "claim-contradicted",
            "colour-alone",
            "next-stage",
            "output-order",
            "plan-checklist",
            "plan-preview",
            "self-check",
        ),
    ),
    Kind.START_TASK: ("backend-agent", ("questions-first", "start-task")),
    Kind.RUN_CHECKS: ("backend-agent", ("claim-contradicted", "run-checks-mocked")),
    Kind.SESSION_LOG: (
        "backend-agent",
        ("agent-permissions", "method-results", "no-database-write", "questions-first"),
    ),
    Kind.TASKS_OVERVIEW: ("backend-agent", ("method-results",)),
    Kind.PR_PAYLOAD: ("backend-agent", ("claim-contradicted", "pr-body", "pr-payload")),
}

_TWO_KEYS: tuple[str, tuple[str, ...]] = ("agent-2", ("two-key",))


@dataclass(frozen=True)
class Judged:
    """What became of one file."""

    kind: Kind
    standard: str
    verdicts: tuple[Verdict, ...]
    claims: tuple[Claim, ...]
    notes: tuple[str, ...]


def judge(files: Iterable[Path], kind: Kind | None, as_of: datetime) -> tuple[Report, tuple[Kind, ...]]:
    """One report over some files, and the kind that each was judged as; paths in it are those that the caller gave.

    Raises ConfigurationError where a kind cannot be told, naming the candidates, and Unavailable for what cannot be opened.
    """
    known = catalog.load()
    done = [_one(file, kind, as_of) for file in files]
    names = tuple(dict.fromkeys(one.standard for one in done))
    report = gate.report(
        verdicts=_merged(verdict for one in done for verdict in one.verdicts),
        waived=(),
        baselined=(),
        version=__version__,
        subject=Subject(path="."),
        standards=tuple(
            StandardRef(name=name, source=known.standards[name].source, sha256=known.standards[name].sha256)
            for name in names
        ),
        rules_sha256=known.sha256,
        profile="static",
        as_of=as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        claims=tuple(claim for one in done for claim in one.claims),
        notes=tuple(dict.fromkeys(note for one in done for note in one.notes)),
    )
    return report, tuple(one.kind for one in done)


def _one(file: Path, forced: Kind | None, as_of: datetime) -> Judged:
    if not file.is_file():
        raise ConfigurationError(str(file), None, _no_file(file))
    place = Path(os.path.abspath(file))
    top = next((folder for folder in place.parents if (folder / ".git").exists()), None)
    root = Root(top or place.parent)
    path = place.relative_to(root.path).as_posix()
    artefact = _artefact(root, path, forced, str(file))
    proposes = artefact.kind is Kind.APPROVAL and not text_of(artefact.value, "gate", "checkpoint")
    standard, rules = _TWO_KEYS if proposes else _JUDGES[artefact.kind]
    rules = (*rules, _SECRET) if artefact.kind in _FACTS_OF_THEIR_OWN else (*rules, _SECRET, _READABLE)
    with ExitStack() as stack:
        facts = _facts(root, top, artefact, as_of, stack)
        bound = catalog.bind(
            catalog.load(), CHECKS, Binding((standard,), {}, {}, toml_source.parse("checker.toml", ""))
        )
        verdicts = engine.run([one for one in bound if one.id in rules], CHECKS, facts, locator(root))
        # That a file can be read and holds no secret is no judgement of it: alone it would make any words ready.
        verdicts = tuple(one for one in verdicts if one.bound.id not in _ASIDE or one.outcome is not Outcome.PASSED)
        claims = _claims(facts) if "claim-contradicted" in rules else ()
    name = f"{file}: judged as {artefact.kind} by {standard}{'' if top else '; outside a repository, so only what stands in it'}"
    shown = tuple(_about(verdict, path, str(file), root.path) for verdict in verdicts)
    mine = tuple(one.model_copy(update={"where": _shown(one.where, path, str(file), root.path)}) for one in claims)
    return Judged(artefact.kind, standard, shown, mine, (name, *(f"{file}: {said}" for said in artefact.assumed)))


def _no_file(file: Path) -> str:
    if file.is_dir():
        return "a folder, not a file; name the files in it, or run: checker audit"
    if os.path.lexists(file):
        return "no regular file (a pipe, a device or a link that leads nowhere), so it is not opened"
    return "no such file"


def _artefact(root: Root, path: str, forced: Kind | None, given: str) -> Artefact:
    kind = forced or reading.fixed_kind((root.path / path).as_posix(), Layout())
    if kind in _FACTS_OF_THEIR_OWN:
        return Artefact(path, kind)
    if kind is None and root.head(path, 4) == b"PK\x03\x04":
        return Artefact(path, Kind.PACK)
    try:
        text, assumed = readable(path, root.read(path, LARGEST))
    except Unreadable as wrong:
        kind = kind or reading.announced(root, path)
        if kind is None:
            raise ConfigurationError(given, None, f"{wrong}; say what it should be with --as KIND") from None
        return Artefact(path, kind, broken=str(wrong))
    if kind is None:
        kind = _told(text, path, given)
    return reading.one_of(path, text, assumed, kind)


def _told(text: str, path: str, given: str) -> Kind:
    found = sorted(dict.fromkeys(reading.candidates(path, text)))
    if len(found) == 1:
        return found[0]
    if not found:
        known = ", ".join(Kind)
        line, why = reading.unparsed(path, text)
        said = f"no output of a known kind{f' ({why})' if why else ''}; say what it should be with --as KIND ({known})"
        raise ConfigurationError(given, line, said)
    raise ConfigurationError(given, None, f"could be {' or '.join(found)}; say which with --as KIND")


def _facts(root: Root, top: Path | None, artefact: Artefact, as_of: datetime, stack: ExitStack) -> Facts:
    alone = Artefacts((artefact, *reading.held_by(artefact)))
    missing = NotApplicable(_ALONE)
    mine = Inventory((File(artefact.path, Role.DOCS, (root.path / artefact.path).stat().st_size),))
    fixed: dict[type[Any], Any] = {
        Artefacts: alone,
        AsOf: AsOf(as_of),
        Secrets: secrets(root, mine, missing, CacheFolder("")),
    }
    if top is not None:
        place = Workplace.open(Request(path=top, as_of=as_of), stack)
        around = place.facts.given({Changes: missing})
        if artefact.kind in (Kind.PACK, Kind.QUEUE):
            return around.given({**fixed, RunReports: RunReports((), (), False)})
        others = around.get(Artefacts).of(Kind.QUEUE, Kind.PACK, Kind.BLUEPRINT_INDEX)
        beside = tuple(one for one in others if one.kind is not artefact.kind)
        return around.given({**fixed, Artefacts: Artefacts((*alone.found, *beside))})
    empty: dict[type[Any], Any] = dict.fromkeys((Git, Changes), missing)
    return Facts(
        COLLECTORS,
        {
            **empty,
            **fixed,
            Root: root,
            Base: Base(None, missing),
            Policy: Policy(),
            Description: Description(),
            Inventory: Inventory(()),
            TreePaths: Unavailable(_ALONE),
        },
    )


def _claims(facts: Facts) -> tuple[Claim, ...]:
    try:
        return facts.get(ClaimLedger).claims
    except (Unavailable, NotApplicable):
        return ()


def _about(verdict: Verdict, path: str, given: str, root: Path) -> Verdict:
    """The verdict without what it says of other outputs that are absent, under the path that the caller gave."""
    kept = tuple(_named(one, path, given, root) for one in verdict.findings if one.where.path != ".")
    if verdict.outcome is Outcome.UNAVAILABLE and verdict.reason == _ALONE:
        return replace(verdict, outcome=Outcome.NOT_APPLICABLE)
    if verdict.findings and not kept and verdict.examined <= len(verdict.findings):
        return replace(verdict, findings=(), outcome=Outcome.NOT_APPLICABLE, examined=0)
    outcome = Outcome.PASSED if verdict.outcome is Outcome.FAILED and not kept else verdict.outcome
    return replace(verdict, findings=kept, outcome=outcome)


def _named(finding: Finding, path: str, given: str, root: Path) -> Finding:
    also = tuple(_shown(one, path, given, root) for one in finding.also)
    where = _shown(finding.where, path, given, root)
    title = finding.title.replace(path, given) if path != given else finding.title
    return finding.model_copy(update={"where": where, "also": also, "title": title})


def _shown(where: Where, path: str, given: str, root: Path) -> Where:
    inner = where.path.removeprefix(path)
    if where.path.startswith(path) and inner[:1] in ("", "!"):
        return where.model_copy(update={"path": Path(given).as_posix() + inner})
    return where.model_copy(update={"path": os.path.relpath(root / where.path)})


def _merged(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """One verdict for each rule over all files; what broke or could not be looked at outweighs the rest."""
    order = (Outcome.ERROR, Outcome.FAILED, Outcome.UNAVAILABLE, Outcome.PASSED, Outcome.NOT_APPLICABLE)
    by_rule: dict[str, Verdict] = {}
    for one in verdicts:
        other = by_rule.get(one.bound.id)
        if other is None:
            by_rule[one.bound.id] = one
            continue
        graver = min((other, one), key=lambda verdict: order.index(verdict.outcome))
        both = (*other.findings, *one.findings)
        by_rule[one.bound.id] = replace(graver, findings=both, examined=other.examined + one.examined)
    return tuple(by_rule.values())
