"""Attach packs: there, named like the report, complete, equal to it, and safe to open."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.observation import Observation, Place
from checker.model.outputs.fields import agent, is_blank
from checker.model.outputs.runs import TEST_LOG, Member, Pack, Packs, RunReport, RunReports
from checker.model.rule import Confidence

_DIFF = re.compile(r"\.(diff|patch)$", re.IGNORECASE)
_PULL = re.compile(
    r"https?://\S{1,400}/(?:(?:pull|pulls|merge_requests|pull-requests|pullrequest)/\d|commits?/[0-9a-f]{7,40}\b|compare/[^\s/]*\w\.\.\S)"
)
_CI = re.compile(
    r"https?://(?!\S{0,400}(?:/(?:TBD|TO_?DO|X{3,})\b|[<{\[]|\.\.\.|…))\S{1,400}/(?:actions/runs|actions|pipelines|_?builds?|jobs?|checks|workflows|job)\b\S*"
)
_EXEMPT = re.compile(r"(?i)\b(no|without) (?:pull request|PR|CI)\b|CI (?:is )?not (?:configured|available)")
_LONG = 256 * 1024  # characters of a text that is a log, and no note


class Owner(Frozen):
    """`agent`: whose pack is asked for."""

    agent: str = "AGENT-2"


def attach_pack(reports: RunReports, packs: Packs, params: Owner) -> Iterator[Observation]:
    """Each run report of the run has a pack that opens, has its name, lies at its place, and is named in the report."""
    for report in reports.current:
        pack = packs.of_run(report.run)
        where = f"docs/orchestrator/from-agents/{report.agent or params.agent}/{report.run}-attach.zip"
        if pack is None:
            evidence = f"looked for {where}; packs there: {', '.join(one.path for one in packs.found[:3]) or 'none'}"
            place = Place(report.path, lines=(1, 1))
            yield Observation("attach pack", False, place, f"{report.path} has no attach pack", evidence)
            continue
        problem, grave = _wrong(pack, report)
        yield Observation(
            subject="attach pack",
            ok=not problem,
            place=Place(pack.path),
            also=(Place(report.path, lines=(1, 1)),),
            message=f"{pack.path} {problem}",
            evidence=f"{len(pack.members)} members; the report is {report.path}",
            confidence=None if grave else Confidence.MEDIUM,
        )


def _wrong(pack: Pack, report: RunReport) -> tuple[str, bool]:
    if pack.broken:
        return pack.broken, True
    if pack.path not in report.artefact.text and pack.path.rpartition("/")[2] not in report.artefact.text:
        return "is not named in its run report", True
    if not pack.at_fixed_path:
        return "does not lie under docs/orchestrator/from-agents/AGENT-N/", False
    if report.agent and agent(pack.agent) != report.agent:
        return f"lies with {pack.agent}, its report with {report.agent}", True
    return "", True


def pack_contents(packs: Packs, reports: RunReports) -> Iterator[Observation]:
    """A pack holds the run report as it stands, diffs or links to pull requests, links to CI, and test logs that say something."""
    runs = {report.run for report in reports.current}
    for pack in packs.found:
        if pack.broken or (reports.found and pack.run not in runs):
            continue
        for part, problem in _parts(pack).items():
            yield Observation(
                subject=part,
                ok=not problem,
                place=Place(pack.path),
                message=f"{pack.path} {problem}",
                evidence=", ".join(f"{one.name} ({one.size} bytes)" for one in pack.members[:8]) or "no members",
            )


def _parts(pack: Pack) -> dict[str, str]:
    texts = [one for one in pack.members if one.text is not None]
    joined = [one.text or "" for one in texts]
    return {
        "run report": _same_report(pack),
        "diffs or pull requests": _one_of(
            "diff or link to a pull request", [one for one in pack.members if _DIFF.search(one.name)], _PULL, joined
        ),
        "CI links": _one_of("link to a CI run", [], _CI, joined),
        "test logs": _logs([one for one in pack.members if one.hollow or TEST_LOG.search(one.name)]),
        "empty members": _empty(pack),
    }


def _same_report(pack: Pack) -> str:
    copies = [
        one for one in pack.members if one.name.rpartition("/")[2].startswith("run-") and one.name.endswith(".md")
    ]
    copies = copies or [one for one in pack.members if re.search(r"(?i)run.?report[^/]*\.md$", one.name)]
    if not copies:
        return "holds no run report"
    if pack.report_sha256 and all(one.sha256 != pack.report_sha256 for one in copies):
        return f"holds a run report ({copies[0].name}) that differs from the one in the tree"
    return ""


def _one_of(what: str, members: list[Member], link: re.Pattern[str] | None, texts: list[str]) -> str:
    if any(one.size and not (one.text is not None and not one.text.strip()) for one in members):
        return ""
    if link is not None and any(_points(link, text) for text in texts):
        return ""
    return f"holds {'an empty' if members else 'no'} {what}"


def _points(link: re.Pattern[str], text: str) -> bool:
    """Whether a text holds a link, or says that there is none to be had; a long log says no such thing."""
    return ("http" in text and link.search(text) is not None) or (
        len(text) < _LONG and _EXEMPT.search(text) is not None
    )


def _logs(members: list[Member]) -> str:
    """What the test logs lack: that there are some, that one says something, and that it tells of a test."""
    telling = [one for one in members if one.size and not (one.text is not None and is_blank(one.text))]
    if not telling:
        return f"holds {'an empty' if members else 'no'} test log"
    bad = [one for one in telling if one.hollow] or [one for one in telling if one.no_log]
    return f"holds {bad[0].name}, which {bad[0].no_log}" if bad and (bad[0].hollow or len(bad) == len(telling)) else ""


def _empty(pack: Pack) -> str:
    hollow = [one.name for one in pack.members if not one.size or (one.text is not None and not one.text.strip())]
    hollow = [name for name in hollow if not TEST_LOG.search(name)]
    hollow = [name for name in hollow if not name.endswith(("__init__.py", ".gitkeep"))]
    return f"holds empty members: {', '.join(hollow[:4])}" if hollow else ""


def pack_safe(packs: Packs) -> Iterator[Observation]:
    """No pack holds what hurts whoever opens it: ways out of the folder, links, bombs, encrypted or nested archives."""
    for pack in packs.found:
        if pack.broken:
            yield Observation(
                "opens", False, Place(pack.path), f"{pack.path} {pack.broken}", "not a zip that can be looked into"
            )
            continue
        yield Observation("opens", not pack.traps, Place(pack.path), _first(pack), _rest(pack), confidence=_sure(pack))
        for member in pack.members:
            if member.not_read and member.not_read != "not opened":
                place = Place(f"{pack.path}!{member.name}")
                yield Observation(
                    member.name, False, place, f"{member.name} in {pack.path} {member.not_read}", "the zip lies"
                )


def _first(pack: Pack) -> str:
    if not pack.traps:
        return ""
    trap = pack.traps[0]
    more = f", and {len(pack.traps) - 1} more" if len(pack.traps) > 1 else ""
    return f"{pack.path}{'!' + trap.member if trap.member else ''} {trap.reason}{more}"


def _sure(pack: Pack) -> Confidence | None:
    return None if any(trap.grave for trap in pack.traps) or not pack.traps else Confidence.MEDIUM


def _rest(pack: Pack) -> str:
    return "; ".join(f"{trap.member or 'the pack'}: {trap.reason}" for trap in pack.traps[:5])
