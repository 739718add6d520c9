"""The only place that puts a run's verdict into words: the first line of every format, the reasons, the tally."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from checker.model.finding import Finding
from checker.model.report import Outcome, Report
from checker.model.rule import PROFILES, Profile, Severity
from checker.render.visible import clipped

BLOCKING = (Severity.CRITICAL, Severity.MAJOR)
UNSEEN = (Outcome.UNAVAILABLE, Outcome.ERROR)
_TALLIED = (
    Outcome.PASSED,
    Outcome.FAILED,
    Outcome.NOT_APPLICABLE,
    Outcome.UNAVAILABLE,
    Outcome.ERROR,
    Outcome.WAIVED,
)
_NAMED = 5


def sentence(report: Report) -> str:
    """The verdict with its profile, what was not asked, and what was found: `READY (static; 14 rules not asked, …)`."""
    word = "BLOCKED" if is_blocked(report) else "READY"
    asked = "; ".join(filter(None, (report.profile, not_asked(report))))
    found = ", ".join(_found(report))
    return f"{word} ({asked}): {found}" if found else f"{word} ({asked})"


def is_blocked(report: Report) -> bool:
    """Whether the report says so, or holds what forbids `ready`: a report from a file may contradict itself."""
    return report.status != "ready" or bool(_held(report))


def reasons(report: Report) -> tuple[str, ...]:
    """Why the run is blocked, one sentence each; empty when it is ready."""
    held = _held(report)
    if report.status == "ready":
        return (*held, "the report calls itself ready all the same: it was not written by this tool") if held else ()
    if held:
        return (*held, *(clipped(one, 300) for one in report.notes if _is_idle_baseline(one)))
    return held or ("the report says blocked and holds nothing that shows why",)


def not_asked(report: Report) -> str:
    """How many rules this run left out, and the profile that would ask most of them; empty when none."""
    if not report.not_asked:
        return ""
    said = f"{counted(len(report.not_asked), 'rule')} not asked"
    profile = wider_profile(report)
    if profile is None:
        return said
    number = len(_wanted(report))
    part = f" for {number} of them" if number < len(report.not_asked) else ""
    return f"{said}, add --profile {profile}{part}"


def wider_profile(report: Report) -> Profile | None:
    """The profile that asks what this one left out; `nightly` only when nothing less asks any of it."""
    wanted = _wanted(report)
    affordable = [name for name in wanted if name != "nightly"] or wanted
    return max(affordable, key=PROFILES.index, default=None)


def next_profile(report: Report) -> Profile | None:
    """The least profile that asks some of what this one left out: what costs seconds comes before what costs minutes."""
    return min(_wanted(report), key=PROFILES.index, default=None)


def tally(report: Report) -> str:
    """How many rules ended how, and how many subjects were looked at."""
    outcomes = Counter(result.outcome for result in report.results)
    parts = [f"{outcomes[one]} {one.value.replace('_', ' ')}" for one in _TALLIED if outcomes[one]]
    ended = f": {', '.join(parts)}" if parts else ""
    return f"{counted(len(report.results), 'rule')}{ended}; {counted(report.examined, 'subject')} examined"


def scored(report: Report) -> str:
    """The score in words; none where nothing was examined, since 100 is also what nothing costs."""
    return f"score {report.score} of 100" if report.examined else "no score"


def severities(findings: Iterable[Finding]) -> Counter[Severity]:
    """How many findings of each severity."""
    return Counter(finding.severity for finding in findings)


def counted(number: int, noun: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def in_words(findings: Sequence[Finding], wanted: Sequence[Severity] = tuple(Severity)) -> str:
    """`2 critical, 3 major`, gravest first; severities that are absent are left out."""
    counts = severities(findings)
    return ", ".join(f"{counts[one]} {one.value}" for one in wanted if counts[one])


def _wanted(report: Report) -> list[Profile]:
    """The profile that each rule not asked waits for, where it waits for one."""
    return [one.profile for one in report.not_asked if one.profile]


def _found(report: Report) -> list[str]:
    found = [in_words(report.findings)]
    debt = [finding for finding in report.baselined if finding.severity in BLOCKING]
    found.append(f"{in_words(debt)} in the baseline" if debt else "")
    found.extend(f"{count} {one.value}" if (count := len(report.outcomes(one))) else "" for one in UNSEEN)
    found.append("" if report.examined else "nothing was examined")
    found.append(f"from before the change: {in_words(report.before)}" if report.before else "")
    return [one for one in found if one]


def _held(report: Report) -> tuple[str, ...]:
    return tuple(
        filter(
            None,
            (
                _grave("open", report.findings),
                _grave("in the baseline, which changes the exit code only", report.baselined),
                _unseen(report, Outcome.UNAVAILABLE, "could not be looked at"),
                _unseen(report, Outcome.ERROR, "broke the checker itself"),
                "" if report.examined else "nothing was examined",
            ),
        )
    )


def _is_idle_baseline(note: str) -> bool:
    return note.startswith("baseline: ") and "nothing is set apart" in note


def _grave(state: str, findings: Sequence[Finding]) -> str:
    grave = in_words(findings, BLOCKING).replace(", ", " and ")
    number = sum(finding.severity in BLOCKING for finding in findings)
    return f"{grave} {'finding is' if number == 1 else 'findings are'} {state}" if grave else ""


def _unseen(report: Report, outcome: Outcome, said: str) -> str:
    rules = sorted({clipped(result.rule, 80) for result in report.outcomes(outcome)})
    if not rules:
        return ""
    more = f" and {len(rules) - _NAMED} more" if len(rules) > _NAMED else ""
    return f"{counted(len(rules), 'rule')} {said}: {', '.join(rules[:_NAMED])}{more}"
