"""Run reports: there, at their place, whole, and citing what exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from checker.model.base import Frozen
from checker.model.observation import Observation, Place
from checker.model.outputs import headings
from checker.model.outputs.artefact import Section
from checker.model.outputs.blueprint import Blueprints
from checker.model.outputs.fields import agent, is_blank, placeholders
from checker.model.outputs.quotes import Quote, Quotes
from checker.model.outputs.runs import Cited, RunReport, RunReports
from checker.model.outputs.work import Queue, task_key
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable, Unavailable

_COMMAND = re.compile(r"`[^`\n]{3,}`|^[^\S\n]*\$ \S+|```", re.MULTILINE)
_URL = re.compile(r"https?://|(?<![\w.])/[\w{}-]+(?:/[\w{}.-]+)*|\b(?:GET|POST|PUT|PATCH|DELETE)\s+/")
_AUTH = re.compile(r"(?i)\bauth|bearer|token|jwt|api.?key|oauth|session cookie|credential|public endpoint|no login")
_SAMPLE = re.compile(
    r"```[^`]*[\"':=][^`]*\w[^`]*```|~~~[^~]*[\"':=][^~]*~~~|\{\s*[\"']?\w+[\"']?\s*:"
    r"|\bcurl\b.*(?:\bhttps?:|[\s\"']/\w)|`(?:GET|POST|PUT|PATCH|DELETE) /[^`\n]*\?\w+="
)
_NUMBER = re.compile(r"(?i)\d+(?:[.,]\d+)?\s?(?:%|per ?cent\b|pct\b)")
_QUOTED = re.compile(r"[\"“«'‘][^\"”»'’\n]{8,}[\"”»'’]|^[^\S\n]*>\s+\S", re.MULTILINE)
_WHY = re.compile(
    r"(?i)suffic|enough|because|covers? (?:all|every|each|the)|adequate|why (?:these|the|this)"
    r"|ausreich|genüg|\bweil\b|suffis|parce que|porque|bastan|suficient"
)
_SUFFICES = re.compile(
    r"(?i)\b(?:why|the|these|this|our|tests?|suites?|are|is|suffic\w*|enough|adequate|because|so|thus|here|we|think)\b"
)
_PLAIN_WORD = re.compile(r"[^\W\d_]{2,}")
_REASON = 4  # words that a reason has at the least
_GROUPS = (
    ("plan", r"plan(?:ned)?\b|geplant|prévu|previsto"),
    ("done", r"done|complete|erledigt|fertig|fait|hecho"),
    ("pending", r"pending|remaining|open|left|offen|ausstehend|en attente|à faire|reste|pendiente"),
)


class Owner(Frozen):
    """`agent`: whose report is asked for."""

    agent: str = "AGENT-2"


def run_report(reports: RunReports, params: Owner) -> Iterator[Observation]:
    """The run left a report at `docs/runs/YYYY-MM-DD/AGENT-N/run-<timestamp>.md`; one elsewhere is read, and is minor."""
    if not reports.current:
        if reports.demanded:
            message = f"no run report of {params.agent} was left by this run"
            yield Observation("run report", False, Place("."), message, f"{len(reports.found)} reports of earlier runs")
        return
    for one in reports.current:
        wrong = one.at_fixed_path and one.agent != agent(params.agent)
        broken = one.artefact.broken
        yield Observation(
            subject="run report",
            ok=one.at_fixed_path and not wrong and not broken,
            place=Place(one.path, lines=(1, 1)),
            message=f"{one.path} {broken or _misplaced(one, params)}",
            evidence=one.artefact.said(f"date {one.date or 'unknown'}, agent {one.agent or 'unknown'}, {one.run}"),
            confidence=None if wrong or broken else Confidence.MEDIUM,
        )
        if one.at_fixed_path and not broken:
            yield from _head(one)


_HEAD_DATE = re.compile(r"(?i)(?:^|[,;|·])\W*(?:run )?date\b[^\w\n]{1,6}(\d{4}-\d{2}-\d{2})\b")
_HEAD_AGENT = re.compile(r"(?i)(?:^|[,;|·])\W*agent(?: id| name)?\b[^\w\n]{1,6}(agent[-_ ]?\d+)\b")


def _head(one: RunReport) -> Iterator[Observation]:
    """What the lines above the first section say of day and agent, where it is not what the path says (0.14)."""
    for number, said in enumerate(one.artefact.text.split("\n"), 1):
        if said.startswith("## "):
            return
        day, who = _HEAD_DATE.search(said), _HEAD_AGENT.search(said)
        other = [day.group(1)] if day and one.date and _days_apart(day.group(1), one.date) > 1 else []
        other += [agent(who.group(1))] if who and agent(who.group(1)) != one.agent else []
        if other:
            message = f"{one.path} says in its head {' and '.join(other)}, its path says {one.date}, {one.agent}"
            yield Observation("run report head", False, one.artefact.lines(number), message, said.strip()[:160])


def _days_apart(one: str, other: str) -> int:
    """Days between two dates; a day of the agent's own clock may be the next. 0 where one of them is none."""
    try:
        return abs((date.fromisoformat(one) - date.fromisoformat(other)).days)
    except ValueError:
        return 0


def _misplaced(one: RunReport, params: Owner) -> str:
    if one.at_fixed_path:
        return f"is a report of {one.agent}, not of {params.agent}"
    return f"does not lie at docs/runs/{one.date or 'YYYY-MM-DD'}/{params.agent}/run-<timestamp>.md"


def run_report_sections(reports: RunReports, quotes: Quotes) -> Iterator[Observation]:
    """Each section is there and says what it is for: plan, snapshot, actions, dossier, baton; what it quotes stands there."""
    yield from (_quoted(one) for one in quotes.found)
    for report in reports.current:
        if report.artefact.broken:
            continue
        found = report.sections
        if not found:
            message = f"{report.path} has none of the sections of a run report"
            yield Observation(
                "sections", False, Place(report.path, lines=(1, 1)), message, report.artefact.said("no such heading")
            )
            continue
        for name, lack in _asked(report).items():
            section = found.get(name)
            problem = "is missing" if section is None else lack or ""
            if section is not None and is_blank(section.body):
                problem = "is empty or a template nobody filled in"
            yield Observation(
                subject=name,
                ok=not problem,
                place=Place(report.path, lines=section.lines if section else (1, 1)),
                message=f"the section {name!r} of {report.path} {problem}",
                evidence=report.artefact.said(_heading(section, name)),
            )
        for line, left in placeholders(report.artefact.text):
            place = Place(report.path, lines=(line, line))
            message = f"template text is left in {report.path}"
            yield Observation(f"template {left[:40]}", False, place, message, left[:80], cause="template text")


def _quoted(one: Quote) -> Observation:
    ids, files = " and ".join(one.ids), ", ".join(one.looked_in)
    return Observation(
        subject=f"quote of {ids}",
        ok=one.found,
        place=Place(one.path, lines=(one.line, one.line)),
        also=tuple(Place(path) for path in one.looked_in),
        message=f"{one.path} quotes {ids} in words that do not stand in {files}",
        evidence=one.text[:160],
    )


def _heading(section: Section | None, name: str) -> str:
    if section is None:
        return "no heading of that name, nor of another word for it"
    return f"the heading {section.title!r}" + ("" if section.title.lower() == name.lower() else f" read as {name!r}")


def _asked(report: RunReport) -> dict[str, str]:
    """What each section lacks; the empty string where it has what it must."""
    body = {name: section.body for name, section in report.sections.items()}
    return {
        headings.PLAN_DONE: _opening(report, body.get(headings.PLAN_DONE, "")),
        headings.SNAPSHOT: _snapshot(report, body.get(headings.SNAPSHOT, "")),
        headings.PLAN: _plan(body.get(headings.PLAN, "")),
        headings.DOSSIER: _dossier(body.get(headings.DOSSIER, "")),
        headings.BATON: _baton(body.get(headings.BATON, "")),
    }


def _opening(report: RunReport, body: str) -> str:
    names = list(report.sections)
    if headings.PLAN_DONE in names and names.index(headings.PLAN_DONE) > 1:
        return f"comes after {names[0]!r} and {names[1]!r}, and not first"
    return _lacks(body, _GROUPS)


def _snapshot(report: RunReport, body: str) -> str:
    families = {one.family for one in report.cited if one.id in body}
    lacks = [family for family in ("NT", "TD", "WBS") if family not in families]
    if lacks:
        return f"cites no {' and no '.join(lacks)} id"
    return "" if _QUOTED.search(body) else "quotes nothing of the blueprint"


def _plan(body: str) -> str:
    """The plan of action speaks of APIs, models and tests, and of approvals where it migrates something."""
    asked = [
        ("APIs", r"apis?|endpoints?|routes?|graphql|GET|POST"),
        ("models or migrations", r"models?|modell|modèle|migrat|schemas?|tables?|tabelle|data|daten"),
    ]
    asked.append(("tests", r"tests?"))
    if re.search(r"(?i)migrat", body) and not re.search(
        r"(?i)\b(?:no|without|none)\b[^\n]{0,30}migrat|migrat[^\n]{0,30}\b(?:no|none|n/?a)\b", body
    ):
        asked.append(("approvals", r"approv|two-key|sign-?off|consent"))
    return _lacks(body, tuple(asked))


def _dossier(body: str) -> str:
    lacks = [
        name
        for name, there in (
            ("a command", _COMMAND.search(body)),
            ("a coverage number", _NUMBER.search(body)),
            ("why the tests suffice", _says_why(body)),
        )
        if not there
    ]
    return f"lacks {', '.join(lacks)}" if lacks else ""


def _says_why(body: str) -> bool:
    """Whether a paragraph on why the tests suffice gives a reason: what it says beyond that they do."""
    for part in re.split(r"\n\s*\n|(?m:^)\s*[-*|]\s", body):
        if _WHY.search(part) and len(_PLAIN_WORD.findall(_SUFFICES.sub(" ", part))) >= _REASON:
            return True
    return False


def _baton(body: str) -> str:
    asked = (("a URL or path", _URL), ("a word on authentication", _AUTH), ("a sample payload", _SAMPLE))
    lacks = [name for name, pattern in asked if not pattern.search(body)]
    return f"lacks {', '.join(lacks)}" if lacks else ""


def _lacks(body: str, asked: tuple[tuple[str, str], ...]) -> str:
    lacks = [name for name, pattern in asked if not re.search(rf"(?i)\b(?:{pattern})", body)]
    return f"says nothing of {', '.join(lacks)}" if lacks else ""


_UNQUEUED = re.compile(r"(?i)\bnot (?:yet )?(?:in the queue|queued)\b|\bto be queued\b")


def run_report_ids(
    reports: RunReports,
    blueprints: Blueprints,
    queue: Queue | Unavailable | NotApplicable,
    params: Owner,
) -> Iterator[Observation]:
    """Every id that the report cites is in its index or in the queue, and its tasks belong to the agent."""
    for report in reports.current:
        lines = report.artefact.text.split("\n")
        ahead = _ahead(lines)
        for one in {cited.id: cited for cited in reversed(report.cited)}.values():
            problem = _unresolved(one, blueprints, queue, params)
            if problem is not None:
                yield Observation(
                    subject=one.id,
                    ok=not problem,
                    place=Place(report.path, lines=(one.line, one.line)),
                    message=f"{report.path} cites {one.id}, {problem}",
                    evidence=f"{len(blueprints.ids)} ids in the indexes"
                    + (f", {len(queue.tasks)} tasks in the queue" if isinstance(queue, Queue) else ""),
                    confidence=Confidence.MEDIUM
                    if one.line in ahead or _UNQUEUED.search(lines[one.line - 1])
                    else None,
                )


def _ahead(lines: list[str]) -> set[int]:
    """The lines that speak of work to come: those that call it pending, with what is listed beneath, and next steps."""
    found: set[int] = set()
    under: int | None = None
    for number, said in enumerate(lines, 1):
        depth = len(said) - len(said.lstrip())
        if under is not None and (said.startswith("#") or (said.strip() and depth <= under)):
            under = None
        if _PENDING.match(said):
            under = -1 if said.startswith("#") else depth
        if under is not None:
            found.add(number)
    return found


_PENDING = re.compile(
    r"(?i)^[\s#*_-]*(?:pending|next(?: steps?| tasks?| up)?|remaining|to do|todo|open|follow.?ups?)\b[*_]*\s*(?::|$)"
)


def _unresolved(
    one: Cited, blueprints: Blueprints, queue: Queue | Unavailable | NotApplicable, params: Owner
) -> str | None:
    """What is wrong with a cited id; the empty string for nothing, None where there is nothing to look it up in."""
    if one.family == "WBS":
        if not isinstance(queue, Queue):
            return None
        task = queue.task(one.id)
        if task is None:
            return "which is not in the queue"
        return f"which belongs to {task.owner}" if task.owner and task.owner != agent(params.agent) else ""
    if not any(known.startswith(one.family.lower()) for known in blueprints.ids):
        return None
    return "" if task_key(one.id) in blueprints.ids else "which no blueprint index holds"
