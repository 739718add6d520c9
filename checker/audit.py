"""The whole run in one function, in reading order: workplace, rules, verdicts, waivers, baseline, report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from checker import __version__, baseline, catalog, change_alone, custom, engine, gate, waivers
from checker.catalog import Catalog
from checker.collect.lines import locator
from checker.engine import Verdict
from checker.kept import Kept, Told
from checker.model.contract import ContractFiles
from checker.model.observation import Check
from checker.model.proof_records import ProofRecords
from checker.model.quoted import without_secrets
from checker.model.repo import Inventory, Suppressions
from checker.model.report import (
    Claim,
    ManualQuestion,
    NotAsked,
    ProofState,
    Report,
    StandardRef,
    Subject,
    Suppression,
    WaiverLedger,
)
from checker.model.rule import PROFILES, BoundRule, Family, Profile
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git
from checker.registry import Registry
from checker.workplace import Request, Workplace

_BESIDE = Registry(
    "checker.collect", {"around": "surroundings:around", "lock_timelines": "surroundings:lock_timelines"}
)  # loaded for the formats that show it

_DETECTORS = Registry("checker.collect", {"begin": "detectors:begin"})  # loaded where secrets are looked for


@dataclass(frozen=True)
class Audit:
    """The report, the traceback of each check that broke, and the severity from which the policy wants a failure.

    `seconds` says what each fact and rule took by itself: `fact Api`, `rule pagination`.
    `around` reads what a page shows beside a report; it costs, and most formats show nothing of it.
    """

    report: Report
    traces: Mapping[str, str]
    fail_on: str
    seconds: Mapping[str, float]
    around: Callable[[Report], Any]


def audit(request: Request) -> Audit:
    """Audit one folder. Raises ConfigurationError for anything wrong with the configuration or the options."""
    with ExitStack() as stack:
        place = Workplace.open(request, stack)
        policy = place.settings.policy
        standards = request.standards or policy.standards or (catalog.DEFAULT_STANDARD,)
        catalog.refuse_unknown_standards(place.catalog, request.standards)
        checks = custom.checks(place.custom)
        bound = catalog.bind(place.catalog, checks, place.settings.binding(standards))
        proposed = place.settings.proposed_binding()
        if proposed:
            catalog.bind(
                place.proposed_catalog, custom.checks(place.proposed), proposed
            )  # refused now, not when it rules
        asked, left = catalog.selected(bound, place.catalog, request.only, request.skip)
        asked, unasked = _of_profile(asked, request.profile)
        kept = Kept(place, request, asked)
        fresh = tuple(rule for rule in asked if rule.id not in kept.verdicts)
        if any(rule.rule.family is Family.SECRETS for rule in fresh):
            _DETECTORS["begin"]()
        on_waivers = tuple(rule for rule in fresh if engine.needs(checks[rule.id], WaiverLedger))
        on_repo = tuple(rule for rule in fresh if rule not in on_waivers)
        locate = locator(place.root)
        on_repo = _rehearsal_last(on_repo, checks, place, stack)
        decided = engine.judged(on_repo, checks, place.facts, locate, contain=request.contain)
        decided = _in_order(asked, kept.verdicts, decided)
        told = _told(place, kept)
        kept.keep(decided, checks, told)
        verdicts = engine.subsumed(decided)
        waived = waivers.apply(verdicts, place.settings, place.catalog, place.today)
        judged = place.facts.given({WaiverLedger: waived.ledger})
        verdicts = (*waived.verdicts, *engine.run(on_waivers, checks, judged, locate, contain=request.contain))
        narrowed = change_alone.apart(verdicts, place, request)
        known_debt = _baseline(request.baseline, place).split(narrowed.verdicts)
        report = gate.report(
            verdicts=known_debt.verdicts,
            waived=waived.findings,
            baselined=known_debt.findings,
            before=narrowed.before,
            version=__version__,
            subject=_subject(place),
            standards=tuple(_ref(place.catalog, name) for name in standards),
            rules_sha256=place.catalog.sha256,
            profile=request.profile,
            as_of=request.as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            not_asked=tuple(sorted((*left, *unasked), key=lambda one: one.rule)),
            suppressions=told.suppressions,
            claims=told.claims,
            manual=tuple(_manual(place.catalog, standards)),
            waivers=waived.ledger.uses,
            proofs=told.proofs,
            lock_timelines=_lock_timelines(place),
            notes=tuple(
                dict.fromkeys(
                    (
                        *place.settings.notes,
                        *_left_out(left),
                        *narrowed.notes,
                        *known_debt.notes,
                        *_notes(place, standards, request.as_of),
                        *told.files,
                        *_of_runs(place, "Rehearsal"),
                        *told.migrations,
                        *_of_runs(place, "MigrationRuns"),
                        *told.source,
                        *_files_alone(verdicts),
                    )
                )
            ),
        )
    seconds = {f"fact {name}": took for name, took in place.facts.seconds.items()}
    seconds |= {f"rule {one.bound.id}": one.seconds for one in verdicts}
    traces = {one.bound.id: one.trace for one in verdicts if one.trace}
    return Audit(
        report=report,
        traces=traces,
        fail_on=str(policy.fail_on),
        seconds=seconds,
        around=lambda report: _BESIDE["around"](place.root, place.facts, report),
    )


def _in_order(
    asked: Sequence[BoundRule], kept: Mapping[str, Verdict], decided: Sequence[Verdict]
) -> tuple[Verdict, ...]:
    """What was decided now beside what still stands, as if all of it were new."""
    if not kept:
        return tuple(decided)
    known = {**kept, **{one.bound.id: one for one in decided}}
    return tuple(known[rule.id] for rule in asked if rule.id in known)


def _told(place: Workplace, kept: Kept) -> Told:
    """What the report says beside its findings, from the run before where it still stands."""
    before = kept.told()
    listed = kept.stands("ContractFiles") and kept.stands("Inventory")
    return Told(
        suppressions=before.suppressions if kept.stands("Suppressions") else _suppressions(place),
        claims=before.claims if kept.stands("ClaimLedger") else _claims(place),
        proofs=before.proofs if kept.stands("ProofRecords") else _proofs(place),
        files=before.files if listed else tuple(_of_files(place)),
        source=before.source if kept.stands("CodeMatches") else _of_source(place),
        migrations=before.migrations if kept.stands("Migrations") else _of_runs(place, "Migrations"),
    )


def _rehearsal_last(
    rules: tuple[BoundRule, ...], checks: Mapping[str, Check], place: Workplace, stack: ExitStack
) -> tuple[BoundRule, ...]:
    """Begin to rehearse where a rule will ask for it, and put those rules last: the others are judged meanwhile."""
    if not any(rule.rule.family is Family.RUNTIME for rule in rules):
        return rules
    from checker.model.rehearsal import Rehearsal
    from checker.probe.rehearse import Stage
    from checker.probe.underway import Underway

    last = tuple(rule for rule in rules if engine.needs(checks[rule.id], Rehearsal))
    if last and place.facts.collected("Rehearsal") is None:
        with suppress(Exception):  # the rules that ask for it say why there is none
            stack.callback(place.facts.get(Stage).close)
            stack.callback(place.facts.get(Underway).close)
    return (*(rule for rule in rules if rule not in last), *last)


def _of_profile(asked: tuple[BoundRule, ...], profile: Profile) -> tuple[tuple[BoundRule, ...], tuple[NotAsked, ...]]:
    run = tuple(rule for rule in asked if profile in rule.rule.profiles)
    left = [rule for rule in asked if profile not in rule.rule.profiles]
    least = [next(name for name in PROFILES if name in rule.rule.profiles) for rule in left]
    return run, tuple(
        catalog.not_asked(rule, f"needs --profile {name}", name) for rule, name in zip(left, least, strict=True)
    )


def _baseline(file: Path | None, place: Workplace) -> baseline.Baseline:
    """The caller's baseline; one that lies in the audited tree counts as the base revision has it."""
    if file is None:
        return baseline.NONE
    git, revision = place.git, place.base.revision
    lies_at = file.parent.resolve() / file.name  # a link in the tree is the tree's, wherever it leads
    top = git.top if isinstance(git, Git) else place.root.path.resolve()
    inside = lies_at.is_relative_to(top)
    if not inside or not isinstance(git, Git) or revision is None:
        return baseline.parse(str(file), baseline.read(file), ("baseline: not anchored in a base revision",) * inside)
    with Git.open(top) or git as whole:
        data = whole.show(revision, lies_at.relative_to(top).as_posix(), baseline.LARGEST)
    if data is None:
        return baseline.Baseline(
            {}, (f"baseline: {file} is not in the base revision, nothing is set apart; merge it there first",)
        )
    return baseline.parse(str(file), data.decode("utf-8", "replace"))


def _subject(place: Workplace) -> Subject:
    git = place.git
    if not isinstance(git, Git):
        return Subject(path=".")
    path = git.prefix.rstrip("/") or "."
    try:
        return Subject(path=path, commit=git.head, tree=git.tree(), dirty=git.dirty, base=place.base.revision)
    except Unavailable:
        return Subject(path=path, commit=git.head, base=place.base.revision)


def _ref(known: Catalog, name: str) -> StandardRef:
    standard = known.standards[name]
    return StandardRef(name=name, source=standard.source, sha256=standard.sha256)


def _suppressions(place: Workplace) -> tuple[Suppression, ...]:
    try:
        found = place.facts.get(Suppressions).found
        return tuple(one.model_copy(update={"marker": without_secrets(one.marker)}) for one in found)
    except (Unavailable, NotApplicable):
        return ()


def _claims(place: Workplace) -> tuple[Claim, ...]:
    """What the outputs claim, where a rule asked."""
    ledger = place.facts.collected("ClaimLedger")
    return () if ledger is None else tuple(ledger.claims)


def _proofs(place: Workplace) -> tuple[ProofState, ...]:
    try:
        return tuple(one.state for one in place.facts.get(ProofRecords).records)
    except (Unavailable, NotApplicable):
        return ()


def _lock_timelines(place: Workplace) -> Any:
    """Who would have waited for which migration, where a rule had them run."""
    runs = place.facts.collected("MigrationRuns")
    return () if runs is None else _BESIDE["lock_timelines"](runs)


def _manual(known: Catalog, standards: tuple[str, ...]) -> Iterator[ManualQuestion]:
    for name in standards:
        for clause in known.standards[name].clauses:
            if clause.question:
                yield ManualQuestion(clause=clause.id, standard=name, question=clause.question)


def _left_out(left: tuple[NotAsked, ...]) -> Iterator[str]:
    """The rules that the caller's own options left out, by name: `ready` says nothing of them."""
    if left:
        names = sorted(one.rule for one in left)
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        yield f"left out by --only or --skip: {', '.join(names[:10])}{more}"


def _git_notes(git: Git, base: str | None) -> Iterator[str]:
    if base is not None and base == git.head:
        yield "the base is HEAD itself: its policy rules, and only what is not committed is judged as a change"
    try:
        git.tree()
    except Unavailable as refused:
        yield f"the verdict is bound to no tree: {refused.reason}"


def _of_runs(place: Workplace, name: str) -> tuple[str, ...]:
    """How the app or its migrations were run, where a rule had them run, or which migrations nothing could read."""
    ran = place.facts.collected(name)
    return () if ran is None else tuple(ran.told)


def _files_alone(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """A word about a run that looked for secrets and found nothing else to look at: `ready` says so little then.

    It stays ready: each file was searched, which is what the clauses about secrets ask, and a repository of documents or
    of infrastructure could not pass otherwise.
    """
    whole = (Family.SECRETS, Family.CONFIG, Family.CHANGE)
    others = [one for one in verdicts if one.bound.rule.family not in whole]
    searched = sum(one.examined for one in verdicts if one.bound.rule.family is Family.SECRETS)
    if others and searched and not sum(one.examined for one in others):
        yield f"nothing of a backend was found here: {searched} times a file was searched for secrets, and that is all"


def _of_source(place: Workplace) -> tuple[str, ...]:
    """What of the source was not judged, where a rule asked."""
    code = place.facts.collected("CodeMatches")
    return () if code is None else tuple(code.skipped)


def _notes(place: Workplace, standards: tuple[str, ...], as_of: datetime) -> Iterator[str]:
    """What the reader must know about how far this run could see."""
    if not isinstance(place.git, Git):
        yield str(place.git)
    elif place.git.shallow:
        yield "shallow clone: what needs history cannot be looked at; git fetch --unshallow"
    if isinstance(place.git, Git):
        yield from _git_notes(place.git, place.base.revision)
    if place.today > as_of.astimezone(UTC).date():
        yield f"the time of this run is before {place.today}, when the base was committed; waivers end by the later of both"
    if place.custom.rules:
        yield f"{len(place.custom.rules)} custom rules were asked beside ours: {', '.join(sorted(place.custom.rules))}"[
            :300
        ]
    new = sorted(place.proposed.rules.keys() - place.custom.rules.keys())
    if new:
        yield f"custom rules that count once they are in the base: {', '.join(new)}"[:300]
    for name in standards:
        planned = [clause.id for clause in place.catalog.standards[name].clauses if clause.state == "planned"]
        if planned:
            yield f"{len(planned)} clauses of {name} have no rule yet and were not looked at (checker standards {name})"


def _of_files(place: Workplace) -> Iterator[str]:
    """Which files were passed over."""
    try:
        for path in place.facts.get(ContractFiles).passed_over:
            yield f"{path} looks like a contract and was not judged: [layout] names others, or the folder is not the app's"
        yield from place.facts.get(Inventory).skipped
    except (Unavailable, NotApplicable) as missing:
        yield missing.reason
