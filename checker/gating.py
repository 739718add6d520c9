"""The whole run of `checker gate` and `verify`: records read, judged against tree and policy, and the verdict."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from checker.audit import audit
from checker.collect.roles import roles_of
from checker.model.proof import BASE, POLICY, Decision, Descriptor, GateVerdict, Policies, Summary
from checker.model.report import NotAsked, Report
from checker.model.rule import PROFILES, Severity
from checker.model.settings import Description, Policy
from checker.model.unavailable import Unavailable
from checker.probe.git import Git
from checker.proofs import anchors, bundle, filed, gates, keys, policy
from checker.proofs.binding import at_base, base_commit, bound_tree, rules_at, subjects
from checker.proofs.chain import Head
from checker.proofs.consents import Asked, Consented, approvals
from checker.proofs.gates import Gate, Trust
from checker.proofs.judging import Against, Bundle, Judged, judge, spoiled
from checker.proofs.newest import newest_of, sound
from checker.proofs.overrides import Override, overridden
from checker.proofs.rerun import contradictions
from checker.settings import Settings
from checker.toml_source import ConfigurationError
from checker.workplace import Request, Workplace

_LEFT_OUT = "--fail-fast: the audit was not run, because the gate is blocked without it"
MOST_TOLD = 10  # findings of the audit that a gate names


@dataclass(frozen=True)
class GateRun:
    """What a gate found, and why it decided so."""

    gate: str
    decision: Decision
    reasons: tuple[str, ...]
    proofs: tuple[Judged, ...]
    attempts: Mapping[str, int]
    approvals: tuple[Consented, ...]
    audit: Report | None
    verdict: GateVerdict
    notes: tuple[str, ...] = ()
    escalates: bool = False
    overrides: tuple[Override, ...] = ()

    @property
    def recommendation(self) -> str:
        """A forged or contradicted proof, and one that asks a person, goes to a person."""
        return "accept" if self.decision == "pass" else "escalate" if self.escalates else "rework"


@dataclass(frozen=True)
class _Opened:
    place: Workplace
    git: Git
    against: Against
    bundles: tuple[Bundle, ...]
    remembered: tuple[Mapping[str, Head], ...] = ()
    gone: tuple[str, ...] = field(default=())  # bundles that an anchor remembers and nobody has
    notes: tuple[str, ...] = ()
    earlier: Mapping[str, bytes] = field(default_factory=dict)  # the bundles of the base

    @classmethod
    def of(cls, request: Request, supplied: Sequence[str], kept: Mapping[str, Head], stack: ExitStack) -> _Opened:
        place = Workplace.open(request, stack)
        git, base = place.git, place.base
        if not isinstance(git, Git):
            raise Unavailable(f"a gate compares git trees: {git}; run git init and commit")
        ruling, fork = place.settings.policy, base_commit(git, base.fork)
        own = () if supplied or ruling.proofs.keys else keys.own_public(request.environment)
        believed = policy.believed(ruling, supplied or own, anchored=base.revision is not None)
        against = Against(
            believed,
            request.as_of,
            bound_tree(git, rules_at(place.settings.base_description)),
            policy.sha256(place.settings.policy),
            fork,
            frozenset(_filed(git, fork, place.settings)) if fork else frozenset(),
        )
        earlier = at_base(git, fork or base.revision)
        here = {name: place.root.read(name, bundle.LARGEST) for name in bundle.beneath(place.root.path)}
        noted, told = anchors.in_notes(git)
        binding, beside = anchors.standing(git, noted, here)
        remembered = ({name: bundle.head(data) for name, data in earlier.items()}, kept, *binding)
        found = tuple(_anchored(name, data, remembered) for name, data in here.items())
        lost = sorted({name for one in remembered for name in one} - set(here))
        gone = tuple(f"chain: {name} was anchored and is gone" for name in lost)
        return cls(place, git, against, found, remembered, gone, (*told, *beside), earlier)


def pass_gate(
    name: str,
    request: Request,
    supplied: Sequence[str] = (),
    kept: Mapping[str, Head] | None = None,
    since: str | None = None,
    *,
    fail_fast: bool = False,
) -> GateRun:
    """Judge one gate; `kept` and `since` are the heads and the base that an anchor remembers.

    `fail_fast`: where the records block already, the gate's audit, which may execute for minutes, is left out.
    ConfigurationError: no such gate. Unavailable: no git.
    """
    gate = gates.named(name)
    with ExitStack() as stack:
        opened = _Opened.of(request, supplied, kept or {}, stack)
        judged = [one for each in opened.bundles for one in judge(each, opened.against, gate.min_trust)]
        records = {each.name: bundle.read(each.name, each.data) for each in opened.bundles}
        latest = [newest_of(kind, judged, records) for kind in gate.proofs]
        makers = [one.owner for one in latest if one.owner]
        by_path = {one.path: one for one in judged}
        asked = Asked(name, opened.against, makers, gates.load().approval.meaning)
        consents = approvals(records, by_path, asked)
        latest = [_accepted(one, consents, gate.min_trust) for one in latest]
        latest, overrides = overridden(latest, opened.place.settings.policy.waivers, opened.place.today)
        contradicted = tuple(contradictions(judged))
        doubts = (*contradicted, *opened.gone, *_spoiled(opened, latest), *_moved(opened, since))
        decision, reasons = _decide(gate, latest, consents, None, doubts)
        is_settled = fail_fast and decision == "block"
        report = audit(replace(request, profile=gate.audit)).report if gate.audit and not is_settled else None
        if report is not None:
            decision, reasons = _decide(gate, latest, consents, report, doubts)
        verdict = _verdict(name, opened, latest, decision, overrides)
        attempts = {kind: sum(one.type == kind for one in judged) for kind in gate.proofs}
        loose = tuple(
            f"{one.type} was made by a command that saw other processes than its own" for one in latest if _loose(one)
        )
        notes = (
            *loose,
            *([_LEFT_OUT] if gate.audit and is_settled else []),
            *_own_base(opened),
            *_movable(request, opened),
            *opened.notes,
            *opened.against.believed.notes,
            *opened.place.settings.notes,
        )
        escalates = bool(contradicted) or decision == "review" or any(one.doctored for one in judged)
        return GateRun(
            name,
            decision,
            reasons,
            tuple(latest),
            attempts,
            tuple(consents),
            report,
            verdict,
            notes,
            escalates,
            overrides,
        )


def _own_base(opened: _Opened) -> tuple[str, ...]:
    same = opened.git.head is not None and opened.against.fork == opened.git.head
    said = "the base is HEAD itself: what is committed is judged by its own policy, and only what is not counts as a change"
    return (said,) * same


def _moved(opened: _Opened, since: str | None) -> Iterator[str]:
    """A base goes on: one that does not follow the base of an earlier judgement was put in its place."""
    fork, known = opened.against.fork, opened.git.resolve(since) if since else None
    if since and fork is None:
        yield f"base: there is none here, and {since[:12]} was the base when the anchor was kept; name it with --base"
    elif since and fork and (known is None or opened.git.merge_base(known, fork) != known):
        yield f"base: {fork[:12]} does not follow {since[:12]}, which was the base when the anchor was kept"


def _spoiled(opened: _Opened, latest: Sequence[Judged]) -> Iterator[str]:
    """A bundle of a key that counts, doctored since the base: what it said may be missing, whatever other bundles say."""
    known = opened.against.believed
    told = {one.path.rpartition(":")[0] for one in latest if one.state == "untrusted" and not one.waived}
    for one in opened.bundles:
        before = spoiled(Bundle(one.name, opened.earlier.get(one.name, b"")), known)
        if one.name not in told and (wrong := spoiled(one, known)) and wrong != before:
            yield f"untrusted: {one.name}: {wrong}; bring it back as it was"


def _movable(request: Request, opened: _Opened) -> tuple[str, ...]:
    """An id is what it is; a name in this clone is what somebody made of it here."""
    named, fork = request.base or request.environment.get("CHECKER_BASE") or "", opened.against.fork
    if fork is None or re.fullmatch(r"[0-9a-f]{40,64}", named):
        return ()
    called = f"{named!r} names here" if named else "this clone has it"
    return (f"the base is {fork[:12]}, as {called}: who may write in .git may move it; fetch it anew, or name its id",)


def _filed(git: Git, fork: str, settings: Settings) -> Iterator[str]:
    """What lies among records, as `checker prove` tells it: written after a proof, no proof knows it."""
    told = settings.base_description
    layout = (told if isinstance(told, Description) else settings.description).layout
    found = filed.signals(git, git.ls_tree(fork), git.content(), rules_at(told), roles_of(layout))
    yield from (one.about for one in found)


def _loose(one: Judged) -> bool:
    """Whether a proof counts as made by CI, and yet what it ran could have read the key that signed it."""
    again = gates.TRUST.index(one.trust) >= gates.TRUST.index("rerun")
    return one.state == "valid" and again and one.proof is not None and not one.proof.predicate.checker.confined


def needed(name: str) -> tuple[str, ...]:
    """The types of proofs that a gate needs. ConfigurationError: no such gate."""
    return gates.named(name).proofs


@dataclass(frozen=True)
class Verified:
    """The verdicts, how far each chain reaches, and the base that they were judged against. `sound`: what decides holds."""

    judged: Sequence[Judged]
    heads: Mapping[str, Head]
    base: str | None
    notes: Sequence[str]
    sound: bool


def verify(files: Sequence[Path], supplied: Sequence[str], request: Request | None) -> Verified:
    """Judge bundles anywhere, without running anything; against the tree and the policy of a repository where one is named."""
    with ExitStack() as stack:
        if request is None:
            believed = policy.believed(Policy(), supplied, anchored=False)
            against, notes = (
                Against(believed, datetime.now(UTC)),
                ["no repository: tree, base and policy were not compared"],
            )
            remembered: tuple[Mapping[str, Head], ...] = ()
        else:
            opened = _Opened.of(request, supplied, {}, stack)
            against, notes = opened.against, [*opened.notes, *opened.place.settings.notes]
            remembered = opened.remembered
        judged, heads, records = [], {}, {}
        for file in dict.fromkeys(files):
            data = _read(file)
            judged += judge(_anchored(str(file), data, remembered), against)
            heads[str(file)] = bundle.head(data)
            records[str(file)] = bundle.read(str(file), data)
        return Verified(judged, heads, against.fork, [*against.believed.notes, *notes], sound(judged, records))


def anchors_of(text: str) -> dict[str, Head]:
    """Anchors as CI kept them; ConfigurationError for anything else."""
    try:
        return anchors.parsed(text)
    except anchors.NotAnAnchor as wrong:
        raise ConfigurationError("--anchor", None, str(wrong)) from None


def _anchored(name: str, data: bytes, remembered: Sequence[Mapping[str, Head]]) -> Bundle:
    """A bundle with what is remembered of it: under its own name, and under that of whoever signed it, so that a copy
    under another name is no way around an anchor."""
    signers = {one.sealed.keyid for one in bundle.read(name, data) if one.sealed and one.sealed.keyid}
    names = {f"{bundle.FOLDER}/{name.rpartition('/')[2]}", *(bundle.called(one) for one in sorted(signers))}
    return Bundle(name, data, tuple(one[each] for one in remembered for each in sorted(names) if each in one))


def _accepted(one: Judged, consents: Sequence[Consented], min_trust: Trust) -> Judged:
    """A proof that asks a person is valid once a person's approval names its fingerprint, if its trust suffices."""
    if one.fingerprint is None or one.state != "failed":
        return one
    by = next((given.by for given in consents if given.state == "valid" and one.fingerprint in given.accepts), None)
    if by is None or gates.TRUST.index(one.trust) < gates.TRUST.index(min_trust):
        return one
    return replace(one, state="valid", reason=f"accepted by {by}")


def _decide(
    gate: Gate, latest: Sequence[Judged], consents: Sequence[Consented], report: Report | None, doubts: Sequence[str]
) -> tuple[Decision, tuple[str, ...]]:
    open_ones = [one for one in latest if one.state != "valid" and not one.waived]
    block = [f"{one.state}: {one.type}: {one.reason}" for one in open_ones if not one.fingerprint]
    block += doubts
    review = [f"review: {one.type}: {one.reason}" for one in open_ones if one.fingerprint]
    if gate.approval and not any(one.state == "valid" for one in consents):
        block.append("missing: approval: no person's approval of this tree; checker approve")
    if report is not None and report.status != "ready":
        block += _unready(report)
    block += [f"audit: {one.rule} was not asked: {one.reason}" for one in _needed(gate, report)]
    if block:
        return "block", (*block, *review)
    return ("review", tuple(review)) if review else ("pass", ())


def _unready(report: Report) -> list[str]:
    """Why the audit is not ready: the count, and the first of what is open, so that the reader knows where to begin."""
    grave = [one for one in report.findings if one.severity in (Severity.CRITICAL, Severity.MAJOR)]
    unseen = [one for one in report.results if one.outcome in ("unavailable", "error")]
    told = [f"audit: {one.rule}: {one.where.path}: {one.title}" for one in grave]
    told += [f"audit: {one.rule}: {one.outcome}: {one.reason}" for one in unseen]
    more = [f"audit: and {len(told) - MOST_TOLD} more; checker audit --profile {report.profile}"] * (
        len(told) > MOST_TOLD
    )
    return [f"audit: {report.status} under profile {report.profile}", *told[:MOST_TOLD], *more]


def _needed(gate: Gate, report: Report | None) -> list[NotAsked]:
    """Rules that the gate's profile runs and that this report left out; those of deeper profiles are not its business."""
    if report is None or gate.audit is None:
        return []
    runs = PROFILES[: PROFILES.index(gate.audit) + 1]
    return [one for one in report.not_asked if one.profile is None or one.profile in runs]


def _verdict(
    name: str, opened: _Opened, latest: Sequence[Judged], decision: Decision, overrides: Sequence[Override]
) -> GateVerdict:
    """What is satisfied, and by what: the commands and gates, the base, whose keys count, and what was waived."""
    passed = [f"CHECKER_{name.upper()}_{one.type.upper()}" for one in latest if one.state == "valid"]
    waived = [f"CHECKER_{name.upper()}_WAIVED_{one.type.upper()}" for one in overrides]
    satisfied = f"CHECKER_{name.upper()}_WITH_WAIVERS" if overrides else f"CHECKER_{name.upper()}"
    ruling, fork = opened.place.settings.policy, opened.against.fork
    rules = [Descriptor(name=POLICY, digest={"sha256": policy.sha256(ruling)})]
    rules += [Descriptor(name="keys", digest={"sha256": policy.keys_sha256(opened.against.believed)})]
    rules += [Descriptor(name=BASE, digest={"gitCommit": fork})] if fork else []
    rules += [
        Descriptor(name=f"waiver of {one.type}", digest={"sha256": hashlib.sha256(one.said.encode()).hexdigest()})
        for one in overrides
    ]
    made = opened.against.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    told = Summary(
        verifier=Policies(id="backend-checker", policies=tuple(rules)),
        time_created=made,
        properties=(*([satisfied] if decision == "pass" else []), *passed, *waived),
    )
    return GateVerdict(subject=subjects(opened.git, rules_at(opened.place.settings.base_description)), predicate=told)


def _read(file: Path) -> bytes:
    try:
        with open(file, "rb") as opened:
            data = opened.read(bundle.LARGEST + 1)
    except OSError as refused:
        raise ConfigurationError(str(file), None, refused.strerror or "cannot be read") from None
    if len(data) > bundle.LARGEST:
        raise ConfigurationError(str(file), None, f"larger than {bundle.LARGEST >> 20} MiB")
    return data
