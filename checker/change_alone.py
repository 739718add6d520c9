"""The only place that tells the findings of a change from those that were there before it (`--changed`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from checker import custom, engine
from checker.engine import Verdict
from checker.injection import facts_named
from checker.model.execution import ChangedOnly
from checker.model.finding import Finding, Where
from checker.model.observation import Check
from checker.model.repo import Changes
from checker.model.rule import BoundRule, Family, Severity
from checker.model.secrets import Secrets
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git
from checker.probe.scratch_copy import base_copy
from checker.toml_source import ConfigurationError
from checker.workplace import Request, Workplace

LARGEST = 20 << 20  # bytes of one file of the base: what the search for secrets reads of one
WHOLE = (Family.CHANGE, Family.CONFIG, Family.PROOFS)  # judge the change itself, and what judges it
_NAMED = 8
_Key = tuple[str, str, str]


@dataclass(frozen=True)
class Apart:
    """The verdicts with the findings of the change alone, the findings that were there before it, and what to say of both."""

    verdicts: tuple[Verdict, ...]
    before: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


def apart(verdicts: tuple[Verdict, ...], place: Workplace, request: Request) -> Apart:
    """Set apart what the change did not bring.

    A finding is the change's where one of its places stands on a line that the change adds, and where the base does not have
    it: the same rule on the same subject of the same file, as grave and in as many places. What nobody can tell is the change's.
    """
    if not request.changed:
        return Apart(verdicts)
    try:
        added = place.facts.get(ChangedOnly).added
        if added is None:
            return Apart(verdicts, notes=(f"--changed: {place.base.fork}, so everything is the change",))
        changes = place.facts.get(Changes)
    except (Unavailable, NotApplicable) as unseen:
        return Apart(verdicts, notes=(f"--changed: {unseen.reason}; every finding counts as the change's",))
    doubtful = [one for verdict in verdicts for one in verdict.findings if _may_be_old(verdict.bound, one, added)]
    old, said = _old(doubtful, verdicts, place, request, changes)
    kept = tuple(
        _without(verdict, tuple(one for one in verdict.findings if id(one) not in old)) for verdict in verdicts
    )
    before = tuple(sorted(old.values(), key=lambda finding: finding.order))
    return Apart(kept, before, (*said, *_told(before, changes, verdicts)))


def _without(verdict: Verdict, kept: tuple[Finding, ...]) -> Verdict:
    gone = len(verdict.findings) - len(kept)
    if not gone:
        return verdict
    said = f"{gone} of its findings were there before the change"
    return replace(verdict, findings=kept, reason=f"{verdict.reason}; {said}" if verdict.reason else said)


def _may_be_old(rule: BoundRule, finding: Finding, added: Mapping[str, Sequence[tuple[int, int]]]) -> bool:
    return _is_narrowed(rule) and not any(_on_added(one, added) for one in (finding.where, *finding.also))


def _is_narrowed(rule: BoundRule) -> bool:
    return rule.rule.family not in WHOLE and "static" in rule.rule.profiles


def _on_added(where: Where, added: Mapping[str, Sequence[tuple[int, int]]]) -> bool:
    first, last = where.first, where.last
    if first is None or last is None:
        return False
    return any(start <= last and first <= end for start, end in added.get(where.path, ()))


def _old(
    doubtful: Sequence[Finding], verdicts: Sequence[Verdict], place: Workplace, request: Request, changes: Changes
) -> tuple[dict[int, Finding], tuple[str, ...]]:
    """By identity those that were there before, and what is to be said where that could not be seen."""
    checks = custom.checks(place.custom)
    touched = {path for one in changes.files for path in (one.path, one.old_path) if path}
    old = {id(one): one for one in doubtful if _is_of_untouched_file(one, checks[one.rule], touched)}
    left = [one for one in doubtful if id(one) not in old]
    if not left:
        return old, ()
    rules = _with_kin([one.bound for one in verdicts], {one.rule for one in left})
    try:
        found = _at_base(rules, checks, place, request, changes.base)
    except (Unavailable, NotApplicable, ConfigurationError, OSError) as unseen:
        return old, (
            f"--changed: the base could not be judged ({unseen}), so every other finding counts as the change's",
        )
    moved = {one.path: one.old_path for one in changes.files if one.old_path}
    return old | {id(one): one for one in _known(left, found, moved)}, ()


def _is_of_untouched_file(finding: Finding, check: Check, touched: set[str]) -> bool:
    """Whether nothing but a file that the change leaves alone can have led to the finding: no look at the base is needed."""
    places = (finding.where, *finding.also)
    alone = facts_named(check) <= {Secrets}
    return alone and all(one.lines is not None and one.path not in touched for one in places)


def _with_kin(rules: Iterable[BoundRule], names: set[str]) -> tuple[BoundRule, ...]:
    """The rules with findings, and those that swallow theirs or are swallowed: one judges as the other has left it."""
    every = tuple(rules)
    kin = {other for one in every if one.id in names for other in one.rule.subsumes}
    kin |= {one.id for one in every if names.intersection(one.rule.subsumes)}
    return tuple(one for one in every if one.id in names | kin and _is_narrowed(one))


def _at_base(
    rules: tuple[BoundRule, ...], checks: Mapping[str, Check], place: Workplace, request: Request, revision: str
) -> list[Finding]:
    """What the same rules find in the files as the base has them; nothing of them is executed."""
    if not isinstance(place.git, Git):
        raise place.git
    with ExitStack() as stack:
        copy = stack.enter_context(base_copy(place.git, revision, LARGEST))
        environment = {name: value for name, value in request.environment.items() if name != "CHECKER_BASE"}
        asked = Request(copy, as_of=request.as_of, environment=environment, cache=request.cache, custom=place.custom)
        before = Workplace.open(asked, stack)
        verdicts = engine.run(rules, checks, before.facts, _nowhere, contain=request.contain)
    return [finding for verdict in verdicts for finding in verdict.findings]


def _nowhere(_: Mapping[str, Any]) -> dict[Any, Any]:
    """Lines are looked up for what is shown, and nothing of this is."""
    return {}


def _known(left: Sequence[Finding], found: Sequence[Finding], moved: Mapping[str, str]) -> Iterator[Finding]:
    """Each of those that one of the base's answers to; what became graver, or spread, is new."""
    there: dict[_Key, list[Finding]] = {}
    for one in found:
        there.setdefault(_key(one, {}), []).append(one)
    for finding in left:
        same = there.get(_key(finding, moved), [])
        match = next((one for one in same if _is_no_less(one.severity, one.also, finding)), None)
        if match is not None:
            same.remove(match)
            yield finding


def _is_no_less(severity: Severity, also: Sequence[Where], finding: Finding) -> bool:
    return severity.rank <= finding.severity.rank and len(also) >= len(finding.also)


def _key(finding: Finding, moved: Mapping[str, str]) -> _Key:
    path = finding.where.path
    return finding.rule, moved.get(path, path), finding.subject


def _told(before: Sequence[Finding], changes: Changes, verdicts: Sequence[Verdict]) -> Iterator[str]:
    whole = sorted({one.bound.rule.family.value for one in verdicts if not _is_narrowed(one.bound)})
    if before:
        rules = Counter(one.rule for one in before).most_common()
        named = ", ".join(f"{rule} {number}" for rule, number in rules[:_NAMED])
        more = f" and {len(rules) - _NAMED} more rules" if len(rules) > _NAMED else ""
        yield f"--changed: {len(before)} findings were there before {changes.base[:12]} and are set apart: {named}{more}"
    else:
        yield f"--changed: no finding was there before {changes.base[:12]}"
    if whole:
        yield f"--changed does not narrow what execution shows, nor the families that judge the change: {', '.join(whole)}"
