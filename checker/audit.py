"""The whole run in one function, in reading order: configuration, facts, verdicts, waivers, report."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from checker import __version__, baseline, catalog, engine, gate, settings, waivers
from checker.catalog import Catalog
from checker.checks import CHECKS
from checker.collect import COLLECTORS
from checker.collect.changes import Base
from checker.collect.facts import Facts
from checker.collect.files import Root, Unreadable
from checker.collect.lines import locator
from checker.engine import Verdict
from checker.model.report import ManualQuestion, NotAsked, Report, StandardRef, Subject, Suppression, WaiverLedger
from checker.model.repo import Inventory, Suppressions
from checker.model.rule import BoundRule, Profile
from checker.model.settings import Description, DescriptionChange, Policy
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git, GitUnusable


@dataclass(frozen=True)
class Request:
    """What the caller asks for; the only consent to execute anything is `profile`."""

    path: Path
    standards: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    profile: Profile = "static"
    base: str | None = None
    as_of: datetime = field(default_factory=lambda: datetime.now(UTC))
    environment: Mapping[str, str] = field(default_factory=dict)
    baseline: Path | None = None
    contain: bool = True


@dataclass(frozen=True)
class Audit:
    """The report, and the traceback of each check that broke, by rule."""

    report: Report
    traces: Mapping[str, str]
    fail_on: str = "major"


def audit(request: Request) -> Audit:
    """Audit one folder. Raises ConfigurationError for anything wrong with the configuration or the options."""
    known = catalog.load()
    root = Root(request.path)
    today = request.as_of.date()
    with ExitStack() as stack:
        git = _git(request.path, stack)
        base = _base(git, request)
        config = settings.load(_reader(root), _base_reader(git, base), known, today)
        standards = request.standards or config.policy.standards or (catalog.DEFAULT_STANDARD,)
        bound = catalog.bind(known, CHECKS, config.binding(standards))
        asked, left = catalog.selected(bound, known, request.only, request.skip)
        asked, unasked = _of_profile(asked, request.profile)
        given = {
            Root: root,
            Git: git,
            Base: base,
            Policy: config.policy,
            Description: config.description,
            DescriptionChange: config.description_change(),
        }
        facts = Facts(COLLECTORS, given)
        first = tuple(rule for rule in asked if not engine.needs(CHECKS[rule.id], WaiverLedger))
        verdicts = engine.run(first, CHECKS, facts, locator(root), contain=request.contain)
        waived = waivers.apply(
            verdicts, config.policy.waivers, settings.proposed_waivers(config), known, config.policy_source, today
        )
        last = tuple(rule for rule in asked if rule not in first)
        judged = facts.given({WaiverLedger: waived.ledger})
        verdicts = (*waived.verdicts, *engine.run(last, CHECKS, judged, locator(root), contain=request.contain))
        based = _baseline(request.baseline, root, git, base).split(verdicts)
        report = gate.report(
            verdicts=based.verdicts,
            waived=waived.findings,
            baselined=based.findings,
            version=__version__,
            subject=_subject(request.path, git, base),
            standards=tuple(_ref(known, name) for name in standards),
            rules_sha256=known.sha256,
            profile=request.profile,
            as_of=request.as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            not_asked=tuple(NotAsked(rule=rule, reason=reason) for rule, reason in sorted((*left, *unasked))),
            suppressions=_suppressions(facts),
            manual=tuple(_manual(known, standards)),
            waivers=waived.ledger.uses,
            notes=(*config.notes, *based.notes, *_notes(known, standards, facts, git)),
        )
    traces = {verdict.bound.id: verdict.trace for verdict in verdicts if verdict.trace}
    return Audit(report, traces, str(config.policy.fail_on))


def _git(path: Path, stack: ExitStack) -> Git | NotApplicable | Unavailable:
    try:
        git = Git.open(path)
    except GitUnusable as broken:
        return Unavailable(f"git: {broken}")
    return stack.enter_context(git) if git else NotApplicable("not a git repository")


def _base(git: Git | NotApplicable | Unavailable, request: Request) -> Base:
    if not isinstance(git, Git):
        if request.base:
            raise catalog.ConfigurationError("--base", None, f"there is no history to find {request.base!r} in: {git}")
        return Base(None, str(git))
    if request.base is None:
        found = git.upstream_base(request.environment)
        return Base(found, "" if found else "no base revision; name one with --base")
    revision = git.resolve(request.base)
    if revision is None:
        raise catalog.ConfigurationError("--base", None, f"no revision {request.base!r} here; fetch it, or name another")
    return Base(git.merge_base(revision, "HEAD") or revision)


def _reader(root: Root) -> settings.Read:
    def read(path: str) -> str | None:
        if not (root.path / path).is_file():
            return None
        try:
            return root.text(path, 1024 * 1024).text
        except (Unreadable, Unavailable) as wrong:
            raise catalog.ConfigurationError(path, None, str(wrong)) from None

    return read


def _base_reader(git: Git | NotApplicable | Unavailable, base: Base) -> settings.Read | None:
    if not isinstance(git, Git) or base.revision is None:
        return None
    revision = base.revision

    def read(path: str) -> str | None:
        data = git.show(revision, path, 1024 * 1024)
        return None if data is None else data.decode("utf-8-sig", "replace")

    return read


def _baseline(file: Path | None, root: Root, git: Git | NotApplicable | Unavailable, base: Base) -> baseline.Baseline:
    """The caller's baseline; one that lies in the audited tree counts as the base revision has it."""
    if file is None:
        return baseline.NONE
    inside = file.resolve().is_relative_to(root.path.resolve())
    if not inside or not isinstance(git, Git) or base.revision is None:
        notes = ("baseline: not anchored in a base revision",) if inside else ()
        return baseline.parse(str(file), baseline.read(file), notes)
    data = git.show(base.revision, str(file.resolve().relative_to(root.path.resolve())), baseline.LARGEST)
    if data is None:
        return baseline.Baseline(frozenset(), (f"baseline: {file} is not in the base revision yet, so nothing is set apart",))
    return baseline.parse(str(file), data.decode("utf-8", "replace"))


def _of_profile(asked: tuple[BoundRule, ...], profile: Profile) -> tuple[tuple[BoundRule, ...], list[tuple[str, str]]]:
    run = tuple(rule for rule in asked if profile in rule.rule.profiles)
    left = [rule for rule in asked if rule not in run]
    return run, [(rule.id, f"needs --profile {rule.rule.profiles[0]}") for rule in left]


def _subject(path: Path, git: Git | NotApplicable | Unavailable, base: Base) -> Subject:
    if not isinstance(git, Git):
        return Subject(path=".")
    return Subject(path=".", commit=git.head, tree=git.tree(), dirty=git.dirty, base=base.revision)


def _ref(known: Catalog, name: str) -> StandardRef:
    standard = known.standards[name]
    return StandardRef(name=name, source=standard.source, sha256=standard.sha256)


def _suppressions(facts: Facts) -> tuple[Suppression, ...]:
    try:
        return facts.get(Suppressions).found
    except (Unavailable, NotApplicable):
        return ()


def _manual(known: Catalog, standards: tuple[str, ...]) -> list[ManualQuestion]:
    return [
        ManualQuestion(clause=clause.id, standard=name, question=clause.question)
        for name in standards
        for clause in known.standards[name].clauses
        if clause.question
    ]


def _notes(
    known: Catalog, standards: tuple[str, ...], facts: Facts, git: Git | NotApplicable | Unavailable
) -> list[str]:
    notes = [] if isinstance(git, Git) else [str(git)]
    if isinstance(git, Git) and git.shallow:
        notes.append("shallow clone: what needs history cannot be looked at; fetch with --unshallow")
    for name in standards:
        planned = [clause.id for clause in known.standards[name].clauses if clause.state == "planned"]
        if planned:
            notes.append(f"{len(planned)} clauses of {name} have no rule yet and were not looked at (checker standards)")
    try:
        notes.extend(facts.get(Inventory).skipped)
    except (Unavailable, NotApplicable) as missing:
        notes.append(missing.reason)
    return notes
