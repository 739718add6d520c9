"""The only place that keeps what rules decided between runs, and says which of it still stands; nothing kept is believed unseen."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path

from checker import catalog
from checker.collect.code.cache import Cache, outside
from checker.collect.standing import Standing, digest
from checker.collect.traced import CLOCK, HISTORY, INDEX, Trace, Traces
from checker.engine import Verdict
from checker.injection import arguments
from checker.model.base import Frozen
from checker.model.code import CodeMatches
from checker.model.execution import CacheFolder
from checker.model.finding import Finding
from checker.model.imported import Imported
from checker.model.observation import Check
from checker.model.outputs.work import AsOf
from checker.model.report import Claim, Outcome, ProofState, Suppression
from checker.model.rule import BoundRule
from checker.model.secrets import Secrets
from checker.model.settings import Description
from checker.model.unavailable import GAVE_UP, NotApplicable, Unavailable
from checker.probe.git import Git
from checker.workplace import Request, Workplace

_DECIDED = (Outcome.PASSED, Outcome.FAILED, Outcome.NOT_APPLICABLE)  # what could not be seen is looked at anew
_LUCK = "luck"
# Made from what the base holds of contracts, pipelines and packages: an edit of source that none of them read is not theirs.
_OF_THE_BASE = ("BaseApi", "BaseDependencies", "BaseGraphqlApi", "BasePipelines")
_SOURCE = (".py", ".ts", ".tsx", ".js", ".jsx")


class KeptFact(Frozen):
    """What a fact was made from: paths by their number, what else of the repository, and other facts."""

    reads: tuple[int, ...] = ()
    sees: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


class KeptVerdict(Frozen):
    """A verdict before any finding of it was swallowed, and the facts that it rests on."""

    outcome: Outcome
    examined: int
    reason: str
    findings: tuple[Finding, ...]
    facts: tuple[str, ...]


class Told(Frozen):
    """What a report says beside its findings, with the fact that each of it comes from."""

    suppressions: tuple[Suppression, ...] = ()  # Suppressions
    claims: tuple[Claim, ...] = ()  # ClaimLedger
    proofs: tuple[ProofState, ...] = ()  # ProofRecords
    files: tuple[str, ...] = ()  # ContractFiles and Inventory
    source: tuple[str, ...] = ()  # CodeMatches
    migrations: tuple[str, ...] = ()  # Migrations


class KeptRun(Frozen):
    """One run, as the repository was; `paths` are those that were read, with what was found there."""

    given: str
    as_of: str
    state: Mapping[str, str]
    inventory: str
    edited: Mapping[str, str]
    paths: tuple[tuple[str, str], ...]
    facts: Mapping[str, KeptFact]
    verdicts: Mapping[str, KeptVerdict]
    told: Told


class Kept:
    """What an earlier run with the same question left, and the part of it that would come out the same today."""

    def __init__(self, place: Workplace, request: Request, asked: Sequence[BoundRule]) -> None:
        self._place = place
        self._asked = {rule.id: rule for rule in asked}
        self._now = Standing(place.root, place.git, place.facts)
        self._as_of = request.as_of.isoformat()
        self._given = _given(place, request, asked)
        self._slot = digest([str(place.root.path.resolve()), str(request.changed), *sorted(self._asked)])
        wanted = request.profile == "static" and not request.given
        self._folder = outside(place.facts.get(CacheFolder), place.root) if wanted and self._can_be_seen() else None
        self._before = self._loaded()
        self._still: dict[str, bool] = {}
        self.verdicts = dict(self._verdicts())

    def told(self) -> Told:
        """What the earlier run said beside its findings."""
        return self._before.told if self._before else Told()

    def stands(self, fact: str) -> bool:
        """Whether a fact that the earlier run had would be made the same today."""
        if self._before is None or fact not in self._before.facts:
            return False
        if fact not in self._still:
            self._still[fact] = self._would_be_made_so(fact, self._before, self._before.facts[fact])
        return self._still[fact]

    def keep(self, verdicts: Iterable[Verdict], checks: Mapping[str, Check], told: Told) -> None:
        """Keep a run: what was decided now, and what still stood. What is known to be kept is not written again."""
        decided = {one.bound.id: one for one in verdicts}
        if self._folder is None or (self._before and decided.keys() <= self.verdicts.keys()):
            return
        facts, paths = self._made_from()
        sound = (one for one in decided.values() if one.outcome in _DECIDED and not one.trace)
        run = KeptRun(
            given=self._given,
            as_of=self._as_of,
            state=self._now.state,
            inventory=self._now.inventory,
            edited=self._now.edited,
            paths=tuple((path, self._now.identity(path)) for path in paths),
            facts=facts,
            verdicts={one.bound.id: self._verdict(one, checks, facts) for one in sound},
            told=told,
        )
        try:
            text = run.model_dump_json()
        except ValueError:  # a name that is no text
            return
        with Cache(self._folder, code(), "verdicts") as cache:
            cache.put({self._slot: [digest([text]), text]}, as_quoted=True)

    def _can_be_seen(self) -> bool:
        """Whether git can say what there is; where it cannot, nothing is known to be the same."""
        try:
            return bool(self._now.state)
        except Unavailable:
            return False

    def _loaded(self) -> KeptRun | None:
        if self._folder is None:
            return None
        with Cache(self._folder, code(), "verdicts") as cache:
            record = cache.get([self._slot]).get(self._slot)
        try:
            mark, text = record or ("", "")
            if digest([text]) != mark:
                return None
            run = KeptRun.model_validate_json(text)
        except (ValueError, TypeError, AttributeError):
            return None
        return run if run.given == self._given else None

    def _verdicts(self) -> Iterator[tuple[str, Verdict]]:
        for name, one in self._before.verdicts.items() if self._before else ():
            if name in self._asked and all(self.stands(fact) for fact in one.facts):
                yield name, Verdict(self._asked[name], one.outcome, one.examined, one.reason, one.findings)

    def _would_be_made_so(self, name: str, before: KeptRun, fact: KeptFact) -> bool:
        self._still[name] = True  # facts wait for one another in no circle
        now = self._now.state
        same = now == before.state
        if name == "Inventory":
            return (same and self._now.names_all) or before.inventory == self._now.inventory
        known = {**before.state, CLOCK: before.as_of}
        seen = all(known.get(one, "") == {**now, CLOCK: self._as_of}.get(one) for one in fact.sees)
        rests_on = [one for one in fact.facts if one != "Changes" or name not in _OF_THE_BASE or not self._only_source]
        if not seen or not all(self.stands(one) for one in rests_on):
            return False
        paths = (before.paths[number] for number in fact.reads)
        return all((same and self._now.is_listed(path)) or self._now.identity(path) == found for path, found in paths)

    @cached_property
    def _only_source(self) -> bool:
        """Whether nothing moved since but source, as it is on disk."""
        before, now = self._before, self._now
        if before is None or any(before.state[one] != now.state[one] for one in (HISTORY, INDEX)):
            return False
        moved = (path for path, _ in before.edited.items() ^ now.edited.items())
        return all(path.endswith(_SOURCE) and not path.endswith("setup.py") for path in moved)

    def _made_from(self) -> tuple[dict[str, KeptFact], list[str]]:
        """What each fact was made from, those of the earlier run that stand included, and the paths by number."""
        numbers: dict[str, int] = {}
        facts: dict[str, KeptFact] = {}
        for name, one in self._before.facts.items() if self._before else ():
            if self.stands(name):
                read = [self._before.paths[number][0] for number in one.reads] if self._before else []
                facts[name] = one.model_copy(update={"reads": _numbered(read, numbers)})
        known = self._place.facts
        for name in (*known.seconds, AsOf.__name__):
            trace = known.traces.by_fact.get(name, Trace()) if known.traces else Trace()
            reads = () if name == "Inventory" else _numbered(sorted(trace.reads), numbers)
            stood = facts.get(name, KeptFact())  # what nobody asked of it this time, a verdict of before may rest on
            luck = [_LUCK] if known.is_unavailable(name) or _is_luck(known.collected(name)) else []
            facts[name] = KeptFact(
                reads=tuple(dict.fromkeys((*stood.reads, *reads))),
                sees=tuple(sorted({*stood.sees, *trace.sees, *luck})),
                facts=tuple(sorted({*stood.facts, *trace.facts})),
            )
        there = {name: tuple(other for other in one.facts if other in facts) for name, one in facts.items()}
        return {name: one.model_copy(update={"facts": there[name]}) for name, one in facts.items()}, list(numbers)

    def _verdict(self, one: Verdict, checks: Mapping[str, Check], facts: Mapping[str, KeptFact]) -> KeptVerdict:
        if self._before and one.bound.id in self.verdicts:
            return self._before.verdicts[one.bound.id]
        needed = sorted(self._asked_by(checks[one.bound.id]))
        return KeptVerdict(
            outcome=one.outcome,
            examined=one.examined,
            reason=one.reason,
            findings=one.findings,
            facts=tuple(name for name in needed if name in facts),
        )

    def _asked_by(self, check: Check) -> set[str]:
        """The facts that a check came to ask for: none after one that is missing and that it cannot do without."""
        traces = Traces()
        with suppress(Unavailable, NotApplicable):
            arguments(check, traces.asking("", self._place.facts.get))
        return traces.by_fact[""].facts if traces.by_fact else set()


def _is_luck(fact: object) -> bool:
    """Whether a fact lacks what an engine gave up on, and might give the next time."""
    if isinstance(fact, Secrets):
        return any(GAVE_UP in reason for _, reason in fact.unread)
    return isinstance(fact, CodeMatches) and any(GAVE_UP in one.broken_text for one in fact.sources)


def _numbered(paths: Iterable[str], numbers: dict[str, int]) -> tuple[int, ...]:
    return tuple(numbers.setdefault(path, len(numbers)) for path in paths)


def _given(place: Workplace, request: Request, asked: Sequence[BoundRule]) -> str:
    """All that a run is given beside the repository and the clock."""
    settings = place.settings
    described = settings.base_description
    said = [
        *(one.model_dump_json(exclude={"rule"}) for one in asked),
        f"{request.profile} {request.changed} {place.base.revision} {place.base.fork!r}",
        str(place.git) if not isinstance(place.git, Git) else place.git.prefix,
        settings.policy.model_dump_json(),
        settings.description.model_dump_json(),
        described.model_dump_json() if isinstance(described, Description) else str(described),
        repr(settings.description_change()),
        repr(place.facts.get(Imported)),
        place.custom.sha256,
        place.proposed.sha256,
    ]
    return digest(said)


@cache
def code() -> str:
    """What decides beside all that: our source and rules, the libraries and engines, and the interpreter."""
    ours = Path(__file__).parent
    said = [sys.version, catalog.load().sha256]
    for folder, names, files in os.walk(ours):
        names[:] = sorted(one for one in names if one != "__pycache__")
        for name in sorted(files):
            seen = os.stat(os.path.join(folder, name))
            said.append(f"{folder} {name} {seen.st_size} {seen.st_mtime_ns}")
    for entry in sys.path:
        if os.path.isdir(entry):
            said += sorted(name for name in os.listdir(entry) if name.endswith((".dist-info", ".egg-info")))
    said += (f"{one} {seen.st_size} {seen.st_mtime_ns}" for one in _engines() if (seen := os.stat(one)))
    return digest(said)


def _engines() -> Iterator[Path]:
    beside = Path(sys.executable).parent
    yield from (beside / name for name in ("ast-grep", "ruff") if (beside / name).is_file())
