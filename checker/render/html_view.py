"""The only place that prepares a report for its page: groups, clauses in their words, comparison, filters, coverage."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from checker import catalog
from checker.model.finding import Finding, Where
from checker.model.report import Outcome, ProofState, Report
from checker.model.rule import Clause, Page, Rule, Severity
from checker.model.surroundings import Excerpt, Surroundings
from checker.proofs import gates
from checker.render import verdict
from checker.render.compared import Comparison, compare
from checker.render.order import by_rule
from checker.render.visible import visible

_WEIGHT = (Outcome.FAILED, Outcome.ERROR, Outcome.UNAVAILABLE, Outcome.WAIVED, Outcome.PASSED, Outcome.NOT_APPLICABLE)
_KIND = {
    Outcome.FAILED: "failed",
    Outcome.ERROR: "unseen",
    Outcome.UNAVAILABLE: "unseen",
    Outcome.WAIVED: "waived",
    Outcome.PASSED: "passed",
    Outcome.NOT_APPLICABLE: "nothing",
}
COVERAGE = ("passed", "failed", "waived", "unseen", "not asked", "nothing", "for a person", "planned")


@dataclass(frozen=True)
class Group:
    """The open findings of one rule, and what is known of the rule."""

    rule: str
    title: str
    findings: tuple[Finding, ...]
    mends: tuple[str, ...]
    page: Page | None
    clauses: tuple[str, ...]

    @property
    def severity(self) -> Severity:
        return self.findings[0].severity

    @property
    def family(self) -> str:
        return self.findings[0].category.value

    @property
    def mixed(self) -> bool:
        """Whether its findings differ in severity."""
        return len({one.severity for one in self.findings}) > 1

    @property
    def counts(self) -> str:
        return verdict.in_words(self.findings)


@dataclass(frozen=True)
class Quoted:
    """A clause as its document has it; `state` says what this run made of it."""

    standard: str
    clause: Clause
    state: str


@dataclass(frozen=True)
class Link:
    """One proof that a gate asks for, and what there is of it."""

    type: str
    proof: ProofState | None
    enough: bool

    @property
    def state(self) -> str:
        return self.proof.state if self.proof else "missing"


@dataclass(frozen=True)
class Chain:
    """A gate, and the proofs on the way to it."""

    gate: str
    links: tuple[Link, ...]
    min_trust: str
    also: tuple[str, ...]

    @property
    def held(self) -> int:
        return sum(not link.enough for link in self.links)


class View:
    """A settled report beside the catalogue. Where the catalogue is another than the report's, it is not quoted."""

    def __init__(self, report: Report, beside: Surroundings) -> None:
        self.report = report
        self.beside = beside
        self.catalog = catalog.load()
        self.same_rules = self.catalog.sha256 == report.rules_sha256

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        titles = {result.rule: result.title for result in self.report.results}
        return tuple(self._group(rule, found, titles) for rule, found in by_rule(self.report.findings).items())

    def _group(self, rule: str, found: list[Finding], titles: dict[str, str]) -> Group:
        known = self._rule(rule)
        return Group(
            rule=rule,
            title=titles.get(rule) or (known.title if known else ""),
            findings=tuple(found),
            mends=tuple(dict.fromkeys(one.recommendation for one in found)),
            page=known.page if known else None,
            clauses=tuple(sorted({clause for one in found for clause in one.clauses}, key=_numbers)),
        )

    def _rule(self, name: str) -> Rule | None:
        return self.catalog.rules.get(name) if self.same_rules else None

    @cached_property
    def _owners(self) -> dict[str, str]:
        """The standard to which a clause's id belongs, by what stands before its dot."""
        return {
            clause.id.partition(".")[0]: standard.name
            for standard in self.catalog.standards.values()
            for clause in standard.clauses
        }

    def standards_of(self, clauses: Iterable[str]) -> tuple[str, ...]:
        owners = (self._owners.get(clause.partition(".")[0]) for clause in clauses)
        return tuple(sorted({one for one in owners if one}))

    @cached_property
    def _quotes(self) -> dict[str, Quoted]:
        """Clauses by id, of every document that has not changed since the report was made."""
        known = {one.name: one.sha256 for one in self.report.standards}
        return {
            clause.id: Quoted(standard.name, clause, "")
            for standard in self.catalog.standards.values()
            if self.same_rules or (known.get(standard.name) == standard.sha256 and standard.sha256)
            for clause in standard.clauses
        }

    def quotes(self, clauses: Iterable[str]) -> tuple[Quoted, ...]:
        return tuple(self._quotes[one] for one in clauses if one in self._quotes)

    @cached_property
    def coverage(self) -> tuple[tuple[str, tuple[tuple[str, int], ...], tuple[Quoted, ...]], ...]:
        """For each standard of the run: its name, clauses by what became of them, and the clauses themselves."""
        rows: list[tuple[str, tuple[Quoted, ...]]] = []
        for ref in self.report.standards if self.same_rules else ():
            standard = self.catalog.standards.get(ref.name)
            if standard is not None:
                clauses = tuple(Quoted(ref.name, one, self._state(one)) for one in standard.clauses)
                rows.append((ref.name, clauses))
        met = {one.state for _, clauses in rows for one in clauses}
        counted = {name: Counter(one.state for one in clauses) for name, clauses in rows}
        return tuple(
            (name, tuple((word, counted[name][word]) for word in COVERAGE if word in met), clauses)
            for name, clauses in rows
        )

    def _state(self, clause: Clause) -> str:
        if clause.state != "automated":
            return "planned" if clause.state == "planned" else "for a person"
        ended = {self._outcomes[use.use] for use in clause.rules if use.use in self._outcomes}
        return next((_KIND[one] for one in _WEIGHT if one in ended), "not asked")

    @cached_property
    def _outcomes(self) -> dict[str, Outcome]:
        return {result.rule: result.outcome for result in self.report.results}

    @cached_property
    def planned(self) -> tuple[Quoted, ...]:
        return tuple(one for _, _, clauses in self.coverage for one in clauses if one.state == "planned")

    @cached_property
    def families(self) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
        """Open findings of each family by severity, the family with the gravest first."""
        counts: dict[str, Counter[Severity]] = {}
        for one in self.report.findings:
            counts.setdefault(one.category.value, Counter())[one.severity] += 1
        ranked = sorted(counts, key=lambda name: ([-counts[name][one] for one in Severity], name))
        return tuple((name, tuple((one.value, counts[name][one]) for one in Severity)) for name in ranked)

    @cached_property
    def choices(self) -> dict[str, list[tuple[str, int]]]:
        """What can be filtered by, and how many findings each choice has."""
        found = self.report.findings
        return {
            "rule": _counted(one.rule for one in found),
            "family": _counted(one.category.value for one in found),
            "severity": [(one.value, n) for one in Severity if (n := verdict.severities(found)[one])],
            "file": _counted(one.where.path for one in found),
            "clause": sorted(_counted(clause for one in found for clause in one.clauses), key=lambda c: _numbers(c[0])),
            "standard": _counted(name for one in found for name in self.standards_of(one.clauses)),
        }

    @cached_property
    def by_path(self) -> dict[str, int]:
        """Open findings of each file."""
        return dict(Counter(one.where.path for one in self.report.findings))

    def verify(self, path: str) -> str:
        """The command that verifies a proof."""
        return f"checker verify {self.shell(path)}"

    def shell(self, word: str) -> str:
        """One word of a command that can be pasted, whatever is in it; what cannot be seen is not what it was."""
        return shlex.quote(visible(word))

    def excerpt(self, where: Where) -> Excerpt | None:
        return self.beside.excerpts.get(where)

    def withheld(self, where: Where) -> str:
        return self.beside.withheld.get(where, "")

    @cached_property
    def comparison(self) -> Comparison | None:
        """Against the last of the earlier reports."""
        return compare(self.report, self.beside.earlier[-1]) if self.beside.earlier else None

    @cached_property
    def _new(self) -> frozenset[str]:
        return frozenset(one.fingerprint for one in self.comparison.new) if self.comparison else frozenset()

    def since(self, finding: Finding) -> str:
        """Whether a finding is `new` or `known` since the earlier report; empty without one."""
        if self.comparison is None:
            return ""
        return "new" if finding.fingerprint in self._new else "known"

    @cached_property
    def chains(self) -> tuple[Chain, ...]:
        """The gates of this version's rules, where the report speaks of proofs at all."""
        if not (self.report.proofs and self.same_rules):
            return ()
        return tuple(_chain(name, gate, self.report.proofs) for name, gate in sorted(gates.load().gates.items()))


def _chain(name: str, gate: gates.Gate, proofs: tuple[ProofState, ...]) -> Chain:
    rank = gates.TRUST.index
    links = []
    for wanted in gate.proofs:
        best = max(
            (one for one in proofs if one.type == wanted),
            key=lambda one: (one.state == "valid", one.state != "missing", rank(one.trust)),
            default=None,
        )
        enough = best is not None and best.state == "valid" and rank(best.trust) >= rank(gate.min_trust)
        links.append(Link(wanted, best, enough))
    also = [f"an audit with --profile {gate.audit}"] if gate.audit else []
    return Chain(name, tuple(links), gate.min_trust, (*also, *(["a person's approval"] if gate.approval else [])))


def _counted(values: Iterable[str]) -> list[tuple[str, int]]:
    return sorted(Counter(values).items())


def _numbers(clause: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in clause.split("."))
