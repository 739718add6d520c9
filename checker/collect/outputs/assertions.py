"""The only place that reads what outputs claim beside numbers, and puts what is there beside each claim."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from checker.collect.outputs import outcomes
from checker.collect.outputs.held import Evidence, segments
from checker.collect.outputs.told import SPEAKING, is_design, told
from checker.model.observation import Place
from checker.model.outputs import headings
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.evidence import Assertion, State
from checker.model.outputs.results import ended
from checker.model.outputs.runs import RunReports
from checker.model.outputs.work import STATUSES
from checker.model.unavailable import Unavailable

MOST_COMMITS = 200  # that are looked up
MOST_CHARACTERS = 1000  # of a line
_OF_THE_TREE = (Kind.RUN_REPORT, Kind.CHECKPOINT, Kind.OUTPUT_DOCUMENT, Kind.HANDOFF)
_TELLING = re.compile(r"[`/]|WBS-|commit|\d_|\]\(|revision|alembic|\bfiles\b", re.IGNORECASE)
_CHANGED_FILES = re.compile(
    r"(?i)(?<![\d.,/])(\d{1,5}) files? (?:(?:were|are|have been|was) )?(?:changed|modified|touched|edited)\b"
    r"|\b(?:changed|modified|touched|edited) (\d{1,5}) files?\b|\bfiles (?:changed|modified|touched)\s?[:=]\s?(\d{1,5})\b(?!\W\w)"
)
_NOT_OF_ALL = re.compile(  # a part of the change, another change, or what somebody else did
    r"(?i)\bcommit\b|\bper\b|\bfirst\b|\beach\b|\bbefore\b|\bearlier\b|\bprevious|\blast\b|\banother\b|\bother\b|\bupstream\b|\bsince\b"
    r"|\bon `?main\b|\bagent-\d"
)
_SENTENCES = re.compile(r"(?<=[.;!?])\s+")
_CODE = re.compile(r"(?i)^(?!.*(?:^|/)(?:tests?|docs?|ops|fixtures)/).*\.(?:py|ts|js|go|rs|java|kt|rb|php|sql)$")
_AHEAD = re.compile(
    r"(?i)\bplan(?:s|ned|ning)?\b|\bpending\b|\btodo\b|\bto do\b|\bnot yet\b|\bnext\b|\bpropos|\bfuture\b"
    r"|\bremov|\bdeprecat|\binstead of\b|\bmissing\b"
    r"|\bwrong\b|\b40[45]\b|\brenam|\bno longer\b|\bwould\b|\bshould\b|\bcould\b|\bwill\b|\bupstream\b"
    r"|\bexternal\b|\bthird.party\b|\bdelet(?:ed|es|ing)\b|\bnot\b|\bwithout\b"
    r"|\bblocked by\b|\bexample\b|\be\.g\."
)
_HOST = re.compile(r"https?://[\w.:-]+")
_ENDPOINT = re.compile(
    r"\b(GET|POST|PUT|PATCH|DELETE)\b[`*| :]{1,4}(?:https?://(?:localhost|127\.0\.0\.1)(?::\d+)?|\$\{?\w+\}?|\{\{\w+\}\})?(/[\w{}:.~%<>/-]*)"
)
_CURL = re.compile(
    r"\bcurl\b(?P<words>[^\n`]*?)[\"' ](?:https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::\d+)?|\$\{?\w+\}?|\{\{\w+\}\})(?P<path>/[\w{}:.~%<>/-]+)(?P<more>[^\n`]*)"
)
_CURL_ELSEWHERE = re.compile(
    r"\bcurl\b(?P<words>[^\n`]*?)[\"' ]https?://(?!localhost|127\.|0\.0\.0\.0|\$|\{)(?P<host>[\w.-]+)(?::\d+)?(?P<path>/[\w{}:.~%<>/-]+)(?P<more>[^\n`]*)"
)
_FOR_TRYING = re.compile(r"(?:^|[.-])(?:example|staging|stage|dev|test|local|internal|preview|sandbox|qa)(?:[.-]|$)")
_ANOTHERS = re.compile(
    r"github|gitlab|slack|googleapis|amazonaws|npmjs|pypi|docker|auth0|okta|stripe|sentry|datadog|cloudflare|openai|anthropic"
)
_METHOD = re.compile(r"(?:-X|--request)[ =]?([A-Z]+)")
_DATA = re.compile(r"(?:^|\s)(?:-d|--data\S*|--json|-F)\b")
_MIGRATION = re.compile(
    r"(?<![\w/.-])((?:\d{4}|\d{12,14}|[0-9a-f]{12})_[a-z0-9_]{3,80})(?:\.py|\.sql)?\b|\b(?:revision|alembic)\W{1,3}([0-9a-f]{12})\b"
)
_COMMIT = re.compile(r"(?i)\bcommits?\W{1,4}([0-9a-f]{7,40})\b")
_TEST = re.compile(r"((?:[\w-]+/)*[\w-]+\.py)::(?:\w+::)*(test_\w+)")
_NAMED_TEST = re.compile(r"`(?:\w+::)*(test_\w{4,})(?:\[[^\]]*\])?`")
_TEST_FILE = re.compile(
    r"(?<![\w/.-])(?:[\w@-]+/)+(?:test_\w+\.py|\w+_test\.\w{2,4}|[\w.-]+\.(?:test|spec)\.\w{2,4})\b(?!\.)"
)
_TASK = re.compile(r"\b(WBS-\d+(?:\.\d+)*)\b")
_STATUS = re.compile(
    r"(?i)(?:[:=→|>]|\bis\b|\bmarked(?: as)?\b|\bstatus\b|\bnow\b|\bset to\b|\bmoved to\b|\bto\b)\W{0,4}(done"
    r"|completed?|in[ _-]review|review|in[ _-]progress|doing|todo|blocked)\b"
)
_PREFIX = re.compile(r"(?i)api|rest|v\d+(?:\.\d+)?|internal|public|backend|service")
_LINK = re.compile(r"\[[^\]\n]*\]\(<?([^)#\s>]+)")
_PATH = re.compile(r"[`\s(|]((?:[\w.@-]+/)+[\w.@-]+\.\w{1,8})(?=[`\s),|:]|$)")
_EVIDENCE = re.compile(r"(?i)\.(?:log|xml|zip|json|txt|out|tap|info|html|csv)$")


def assertions(artefacts: Artefacts, reports: RunReports, evidence: Evidence) -> Iterator[Assertion]:
    """Every claim of an output that something decides, and what it says."""
    current = {one.path: one.run for one in reports.current}
    only_run = reports.current[0].run if len(reports.current) == 1 else ""
    for one in artefacts.of(*SPEAKING, Kind.HANDOFF, Kind.RUN_CHECKS):
        if one.broken or (one.kind is Kind.RUN_REPORT and one.path not in current):
            continue
        if one.kind is Kind.HANDOFF:
            yield from outcomes.codes(one, evidence)
        seen: set[tuple[str, str]] = set()
        for found in _in_text(one, current.get(one.path, only_run), evidence):
            if (found.about, found.claim) not in seen:
                seen.add((found.about, found.claim))
                yield found


def _in_text(one: Artefact, run: str, evidence: Evidence) -> Iterator[Assertion]:
    design, baton = is_design(one), _consumed(one)
    for unit in told(one):
        line, place = unit.text, unit.place
        if unit.wanted or len(line) > MOST_CHARACTERS:
            continue
        if not design:
            yield from outcomes.steps(line, place, run, evidence)
        if not _TELLING.search(line):
            continue
        if not _AHEAD.search(_HOST.sub("", line)) and not design:
            sure = one.kind is Kind.PR_PAYLOAD or any(first <= unit.number <= last for first, last in baton)
            yield from _endpoints(line, place, evidence, sure=sure)
            if sure:
                yield from _calls_elsewhere(line, place, evidence)
            if one.kind in _OF_THE_TREE:
                yield from _migrations(line, place, evidence)
            if one.kind in _OF_THE_TREE and not unit.files:
                yield from _test_files(line, place, evidence)
            if unit.files:
                yield from _named_files(line, place, evidence, changed=one.kind is Kind.PR_PAYLOAD)
        yield from _tests(line, place, evidence)
        if one.path in evidence.changed and not design:
            yield from _how_many_files(line, place, evidence)
        yield from _commits(line, place, evidence)
        yield from outcomes.commands(line, place, run, evidence)
        if one.kind in (Kind.RUN_REPORT, Kind.CHECKPOINT, Kind.PR_PAYLOAD):
            yield from _statuses(line, place, evidence)
        if one.kind in (Kind.RUN_REPORT, Kind.CHECKPOINT, Kind.PR_PAYLOAD, Kind.OUTPUT_DOCUMENT):
            yield from _links(one, line, place, evidence)


def _consumed(one: Artefact) -> list[tuple[int, int]]:
    """The lines that tell others how to use what is there."""
    return [part.lines for part in one.sections if headings.run_section(part.title) == headings.BATON]


def _calls_elsewhere(line: str, place: Place, evidence: Evidence) -> Iterator[Assertion]:
    """Calls of another host in what others are to follow: surely of this API where the host is one for trying."""
    for curl in _CURL_ELSEWHERE.finditer(line):
        host = curl["host"].lower()
        if _ANOTHERS.search(host):
            continue
        local = f"curl {curl['words']} http://localhost{curl['path']}{curl['more']}"
        yield from _endpoints(local, place, evidence, sure=_FOR_TRYING.search(host) is not None)


def _endpoints(line: str, place: Place, evidence: Evidence, *, sure: bool) -> Iterator[Assertion]:
    if evidence.api is None or not evidence.operations:
        return
    claimed = [(one.group(1), one.group(2)) for one in _ENDPOINT.finditer(line)]
    for curl in _CURL.finditer(line):
        words = f"{curl['words']} {curl['more']}"
        told = _METHOD.search(words)
        claimed.append((told.group(1) if told else "POST" if _DATA.search(words) else "GET", curl["path"]))
    for method, path in claimed:
        parts = segments(path)
        same = [(known, where) for known, template, where in evidence.operations if _fits(parts, template)]
        match = next((where for known, where in same if known == method), None)
        others = ", ".join(sorted({known for known, _ in same}))
        seen = f"the contract has {path} with {others} alone" if others else f"the contract has no {path}"
        against = match or (same[0][1] if same else Place(evidence.operations[0][2].path))
        yield Assertion(
            "endpoint",
            f"{method} {path.rstrip('.,;:')}",
            "confirmed" if match else "contradicted",
            place,
            seen,
            against,
            sure,
        )


def _fits(claimed: list[str], template: list[str]) -> bool:
    """Whether a path is of a template; one of them may carry a prefix, of a server, that the other lacks."""
    shorter = min(len(claimed), len(template))
    beyond = [*claimed[: len(claimed) - shorter], *template[: len(template) - shorter]]
    pairs = zip(claimed[len(claimed) - shorter :], template[len(template) - shorter :], strict=True)
    return all(_PREFIX.fullmatch(part) for part in beyond) and all(theirs in ("{}", mine) for mine, theirs in pairs)


def _migrations(line: str, place: Place, evidence: Evidence) -> Iterator[Assertion]:
    if not evidence.revisions:
        return
    for one in _MIGRATION.finditer(line):
        name = one.group(1) or one.group(2)
        known = evidence.revisions.get(name) or evidence.revisions.get(name.partition("_")[0])
        seen = "" if known else f"{len(set(evidence.revisions.values()))} migrations in the tree, none of that name"
        against = known or next(iter(evidence.revisions.values()))
        yield Assertion(
            "migration",
            f"migration {name}",
            "confirmed" if known else "contradicted",
            place,
            seen,
            Place(against.path),
            bool(one.group(1)),
        )


def _tests(line: str, place: Place, evidence: Evidence) -> Iterator[Assertion]:
    failing = dict(evidence.figures.failing)
    green = ended(line) != "red"
    if evidence.tree is not None:
        for path, name in _TEST.findall(line):
            known = path in evidence.tree.files
            there = evidence.tests_of(path).get(name) if known else None
            if name in failing and green:
                yield Assertion(
                    "test", f"{name} passes", "contradicted", place, "the test report calls it failed", failing[name]
                )
            elif known:
                seen = "" if there else f"{path} holds no {name}"
                against = Place(path, (there, there)) if there else Place(path)
                yield Assertion(
                    "test", f"{path}::{name}", "confirmed" if there else "contradicted", place, seen, against
                )
    for name in _NAMED_TEST.findall(line):
        if name in failing and green:
            yield Assertion(
                "test", f"{name} passes", "contradicted", place, "the test report calls it failed", failing[name]
            )
        elif evidence.tests and not _AHEAD.search(line):
            where = evidence.tests.get(name) or next(
                (held for known, held in evidence.tests.items() if known.startswith(name)), None
            )
            seen = "" if where else f"none of {len(evidence.tests)} tests has that name"
            yield Assertion("test", name, "confirmed" if where else "contradicted", place, seen, where, sure=False)


def _commits(line: str, place: Place, evidence: Evidence) -> Iterator[Assertion]:
    for sha in _COMMIT.findall(line)[:MOST_COMMITS] if evidence.git else ():
        if evidence.git is None or not re.search(r"\d", sha):
            continue
        try:
            known = evidence.git.resolve(sha)
        except Unavailable:
            continue
        state: State = "confirmed" if known else "unverified" if evidence.git.shallow else "contradicted"
        seen = "" if known else "no such commit in this clone; after a rebase or a squash it has another name"
        yield Assertion("commit", f"commit {sha}", state, place, seen, sure=False)


def _how_many_files(line: str, place: Place, evidence: Evidence) -> Iterator[Assertion]:
    """How many files the change touches: never more than it does, and hardly fewer than the code alone."""
    code = sum(1 for path in evidence.changed if _CODE.search(path))
    told = (part for part in _SENTENCES.split(line) if not (_AHEAD.search(part) or _NOT_OF_ALL.search(part)))
    for found in (one for part in told for one in _CHANGED_FILES.finditer(part)):
        value = int(next(part for part in found.groups() if part))
        state: State = "contradicted" if value > len(evidence.changed) or value < code else "confirmed"
        seen = "" if state == "confirmed" else f"the change touches {len(evidence.changed)} files, {code} of them code"
        yield Assertion("change", found.group().strip(), state, place, seen, sure=value > len(evidence.changed))


def _statuses(line: str, place: Place, evidence: Evidence) -> Iterator[Assertion]:
    tasks = _TASK.findall(line)
    told = _STATUS.findall(line[line.find(tasks[0]) :]) if len(set(tasks)) == 1 and evidence.queue else []
    if (
        not told
        or evidence.queue is None
        or re.search(r"(?i)\bnot\b|\bwhen\b|\bonce\b|\bafter\b|\bif\b|\buntil\b|\bcriteri", line)
    ):
        return
    task = evidence.queue.task(tasks[0])
    word = re.sub(r"[ -]", "_", told[-1].lower())
    claimed = STATUSES.get("complete" if word == "completed" else word, word)
    if task is None:
        return
    agrees = task.status == claimed
    against = Place(evidence.queue.path, (task.line, task.line))
    sure = claimed == "done" and task.status in ("todo", "doing", "blocked")
    yield Assertion(
        "task",
        f"{tasks[0]} is {claimed}",
        "confirmed" if agrees else "contradicted",
        place,
        f"the queue says {task.status}",
        against,
        sure,
    )


def _links(one: Artefact, line: str, place: Place, evidence: Evidence) -> Iterator[Assertion]:
    for target in _LINK.findall(line) if evidence.tree else ():
        if evidence.tree is None or re.match(r"[a-z][\w+.-]*:|//|\{|<", target):
            continue
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(one.path), target))
        there = next((path for path in (beside, target) if evidence.tree.has(path)), None)
        seen = "" if there else "there is no such file, beside the report or from the root"
        yield Assertion(
            "link",
            target,
            "confirmed" if there else "contradicted",
            place,
            seen,
            Place(there) if there else None,
            bool(_EVIDENCE.search(target)),
        )


def _test_files(line: str, place: Place, evidence: Evidence) -> Iterator[Assertion]:
    """Test files that a text points to as its proof, wherever it counts paths from; in a tree without tests nothing decides."""
    for path in _TEST_FILE.findall(line) if evidence.test_files else ():
        ends = f"/{path.removeprefix('./')}"
        there = next((known for known in evidence.test_files if f"/{known}".endswith(ends)), None)
        known = there is not None or (evidence.tree is not None and evidence.tree.has(path)) or path in evidence.changed
        seen = "" if known else f"none of {len(evidence.test_files)} test files in the tree is that"
        state: State = "confirmed" if known else "contradicted"
        yield Assertion("file", path, state, place, seen, Place(there) if there else None)


def _named_files(line: str, place: Place, evidence: Evidence, *, changed: bool) -> Iterator[Assertion]:
    """Paths of a list of files. A draft may be of files that are not written yet, unless the change itself is known."""
    if evidence.tree is None or (changed and not evidence.changed):
        return
    for path in _PATH.findall(" " + _LINK.sub("", line)):
        if "*" in path or path.startswith(("http", "www.")) or re.match(r"[\w-]+\.(?:com|org|io|dev)/", path):
            continue
        there = evidence.tree.has(path) or path.strip().removeprefix("./") in evidence.changed
        yield Assertion(
            "file",
            path,
            "confirmed" if there else "contradicted",
            place,
            "" if there else "it is not in the tree",
            Place(path) if there else None,
        )
