"""The format `text`: what a person reads in a terminal, the verdict first and the counts last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from checker.model.finding import Finding, Where
from checker.model.report import Report
from checker.render import verdict
from checker.render.layout import WIDTH, Paint, cells, filled
from checker.render.order import by_rule, settled
from checker.render.places import place, places
from checker.render.verdict import counted
from checker.render.visible import clipped, visible

_MOST_OF_A_RULE = 10
_MOST_PLACES = 3
_MOST_OF_A_REASON = 4
_LONGEST = 360
_WAIVER_STATES: tuple[Literal["used", "unused", "expired", "proposed"], ...] = ("used", "unused", "expired", "proposed")


def render(report: Report) -> bytes:
    """The plain text, as it goes into a file or a pipe."""
    return render_text(report, colour=False, verbose=0).encode("utf-8")


def render_text(report: Report, *, colour: bool, verbose: int) -> str:
    """The text for a terminal of 120 columns; only a place that is longer than a line overflows it.

    `verbose` 0 counts what was accepted or left out, 1 lists it and every finding. Without its escapes the coloured
    text equals the plain one.
    """
    report = settled(report)
    paint = Paint(colour)
    blocks = [
        _head(report, paint),
        *_groups(report, paint, verbose),
        _unseen(report, paint, verbose),
        _accepted(report, verbose),
        _evidence(report),
        _left_to_people(report, verbose),
        _notes(report),
        [verdict.tally(report)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _head(report: Report, paint: Paint) -> list[str]:
    word, _, rest = verdict.sentence(report).partition(" ")
    first, *more = filled(f"{word} {rest}", "", "  ")
    lines = [paint(word) + first.removeprefix(word), *more]
    for reason in verdict.reasons(report):
        lines.extend(filled(f"because {reason}", "  ", "    "))
    lines.extend(filled(f"recommendation: {report.recommendation}; {verdict.scored(report)}", "  ", "    "))
    lines.extend(filled(_audited(report), "  ", "    "))
    return lines


def _audited(report: Report) -> str:
    subject = report.subject
    said = [f"{visible(report.tool)} {visible(report.version)} audited {visible(subject.path)}"]
    if subject.commit:
        said.append(f"at {visible(subject.commit[:12])}{' with uncommitted changes' if subject.dirty else ''}")
    if subject.base:
        said.append(f"against {visible(subject.base[:12])}")
    names = ", ".join(visible(standard.name) for standard in report.standards)
    said.append(f"by {names}" if names else "by no standard")
    return f"{' '.join(said)}; as of {visible(report.as_of)}"


def _groups(report: Report, paint: Paint, verbose: int) -> Iterator[list[str]]:
    titles = {result.rule: result.title for result in report.results}
    for rule, group in by_rule(report.findings).items():
        lines = [_title(rule, titles.get(rule, ""), group, paint)]
        shown = group if verbose else group[:_MOST_OF_A_RULE]
        for finding in shown:
            lines.extend(_finding(finding, paint))
        if len(group) > len(shown):
            more = counted(len(group) - len(shown), "more finding")
            lines.append(f"  and {more} of {visible(rule)}: add -v, or --format json")
        lines.extend(_mend(rule, group))
        yield lines


def _title(rule: str, title: str, group: Sequence[Finding], paint: Paint) -> str:
    gravest = group[0].severity.value
    about = [group[0].category.value]
    clauses = sorted({clause for finding in group for clause in finding.clauses})
    if clauses:
        about.append(f"clauses {clipped(', '.join(clauses), 50)}")
    about.append(counted(len(group), "finding"))
    asks = f": {clipped(title, _LONGEST)}" if title else ""
    return f"{paint(gravest)} {visible(rule)}{asks} ({'; '.join(about)})"


def _finding(finding: Finding, paint: Paint) -> Iterator[str]:
    where, severity = place(finding.where), finding.severity.value
    title = clipped(finding.title, _LONGEST)
    head = f"  {severity} {where}"
    painted = f"  {paint(severity)} {where}"
    if cells(head) + 2 + cells(title) <= WIDTH:
        yield f"{painted}  {title}"
    else:
        yield painted
        yield from filled(title, "      ", "      ")
    if finding.evidence:
        yield from filled(f"seen: {clipped(finding.evidence, _LONGEST)}", "      ", "        ")
    if finding.also:
        yield from filled(f"also: {places(finding.also, _MOST_PLACES)}", "      ", "        ")


def _mend(rule: str, group: Sequence[Finding]) -> Iterator[str]:
    for recommendation in dict.fromkeys(finding.recommendation for finding in group[:_MOST_OF_A_RULE]):
        yield from filled(f"mend: {clipped(recommendation, 2 * _LONGEST)}", "  ", "    ")
    yield from filled(f"more: checker explain {visible(rule)}", "  ", "    ")


def _unseen(report: Report, paint: Paint, verbose: int) -> list[str]:
    """A line for each reason, with the rules that share it."""
    shared: dict[tuple[str, str], list[str]] = {}
    for result in report.outcomes(*verdict.UNSEEN):
        shared.setdefault((result.outcome.value, result.reason), []).append(visible(result.rule))
    lines: list[str] = []
    for (outcome, reason), rules in shared.items():
        shown = rules if verbose else rules[:_MOST_OF_A_REASON]
        more_rules = f" and {len(rules) - len(shown)} more" if len(rules) > len(shown) else ""
        names = f"{len(rules)} rules ({', '.join(shown)}{more_rules})" if len(rules) > 1 else rules[0]
        first, *more = filled(f"{outcome} {names}: {clipped(reason, _LONGEST)}", "", "  ")
        lines.extend((paint(outcome) + first.removeprefix(outcome), *more))
    return lines


def _accepted(report: Report, verbose: int) -> list[str]:
    """What does not show as an open finding, and by whose word; said even when it is nothing."""
    states = Counter(waiver.state for waiver in report.waivers)
    waivers = ", ".join(f"{states[state]} {state}" for state in _WAIVER_STATES if states[state])
    said = f"waived: {counted(len(report.waived), 'finding')}"
    lines = [said + (f" ({counted(len(report.waivers), 'waiver')}: {waivers})" if waivers else "")]
    lines.append(f"in the baseline: {counted(len(report.baselined), 'finding')}")
    if report.before:
        lines.append(f"from before the change: {counted(len(report.before), 'finding')}")
    engines = Counter(visible(one.engine) for one in report.suppressions)
    inside = sum(one.in_change is True for one in report.suppressions)
    by_engine = ", ".join(f"{engine} {number}" for engine, number in sorted(engines.items()))
    lines.append(f"suppressed in the code: {counted(len(report.suppressions), 'marker')}")
    lines[-1] += f" ({by_engine}; {inside} in this change)" if by_engine else ""
    if verbose:
        lines.extend(_listed("waived", [_short(one) for one in report.waived]))
        lines.extend(_listed("in the baseline", [_short(one) for one in report.baselined]))
        lines.extend(_listed("from before the change", [_short(one) for one in report.before]))
        lines.extend(_listed("suppressed", [_marker(one.engine, one.marker, one.where) for one in report.suppressions]))
    return [piece for line in lines for piece in filled(line, "", "  ")]


def _short(finding: Finding) -> str:
    named = f"{finding.severity.value} {place(finding.where)} {visible(finding.rule)}"
    return f"{named}: {clipped(finding.title, _LONGEST)}"


def _marker(engine: str, marker: str, where: Where) -> str:
    return f"{place(where)} {visible(engine)}: {clipped(marker, 120)}"


def _listed(name: str, entries: Iterable[str]) -> Iterator[str]:
    return (f"{name}: {entry}" for entry in entries)


def _evidence(report: Report) -> list[str]:
    lines = [
        f"claim {claim.state}: {clipped(claim.claim, 120)} in {place(claim.where)}"
        + (f", against {place(claim.against)}" if claim.against else "")
        for claim in report.claims
    ]
    for proof in report.proofs:
        known = (proof.state, proof.trust if proof.state != "missing" else "", visible(proof.path or ""))
        lines.append(f"proof {visible(proof.type)}: {', '.join(filter(None, known))}")
    return [piece for line in lines for piece in filled(line, "", "  ")]


def _left_to_people(report: Report, verbose: int) -> list[str]:
    lines: list[str] = []
    if verbose:
        lines.extend(f"not asked {visible(one.rule)}: {clipped(one.reason, _LONGEST)}" for one in report.not_asked)
        lines.extend(
            f"for a person, {visible(one.standard)} {visible(one.clause)}: {clipped(one.question, _LONGEST)}"
            for one in report.manual
        )
    if report.manual:
        questions = counted(len(report.manual), "question")
        lines.append(f"for a person to judge: {questions} (add -v, or: checker standards)")
    return [piece for line in lines for piece in filled(line, "", "  ")]


def _notes(report: Report) -> list[str]:
    return [piece for note in report.notes for piece in filled(f"note: {clipped(note, _LONGEST)}", "", "  ")]
