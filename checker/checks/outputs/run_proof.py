"""What a run report must show of its proof: what was read before, which suites ran, which criteria are met, and the CI's word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checker.checks.outputs.run_evidence import tasks_of
from checker.checks.outputs.silence import kept_silent
from checker.model.observation import Observation, Place
from checker.model.outputs import headings
from checker.model.outputs.artefact import TreePaths
from checker.model.outputs.evidence import ClaimLedger, Figures
from checker.model.outputs.results import RESULT, ended, stands_in, without_earlier
from checker.model.outputs.runs import Packs, RunReport, RunReports
from checker.model.outputs.work import Queue
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable, Unavailable

_SUITES = (
    ("unit tests", r"\bunit"),
    ("integration tests", r"\bintegration|\bdb tests?\b|\be2e\b|end.to.end"),
    ("contract tests", r"\bcontract|schemathesis|openapi|dredd|\bpact\b|graphql schema"),
    ("the CI run", r"\bci\b|workflow|pipeline|github actions|gitlab"),
)
_COMMAND = re.compile(
    r"`[^`\n]{3,}`|^\s*[$>] \S+|\b(?:pytest|npm|pnpm|yarn|make|go test|vitest|jest|tox|nox|gradlew?|mvn)\b",
    re.MULTILINE,
)
_CI = re.compile(r"(?i)\bci\b|workflows?\b|pipelines?\b|github actions|gitlab|buildkite|circleci|jenkins")
_EARLIER = re.compile(
    r"(?i)\bat first|first (?:push|run|try)|initially|previous|earlier|before (?:the|this|my)\b|attempt"
)
_REASON = re.compile(
    r"(?i)\bbecause\b|\bdue to\b|\bsince\b|\bcaused by\b|\bflak|\bunrelated\b|\bknown\b"
    r"|\bpre-?existing\b|\breason\b|\btracked\b|\boutage\b|\bas the\b|\bquarantin|\bnot (?:caused|touched|part)"
)
_ACCEPTANCE = re.compile(r"(?i)\bacceptance|\bexit criteri|\bcriteri(?:on|a)\b|\b(?:AC|EC)[- ]?\d")
_UNMET = re.compile(
    r"(?i)\b(?:not|n't|never) (?:yet |fully |quite |really |been )*"
    r"(?:met|fulfilled|satisfied|done|shown|tested|implemented|verified|covered|proven)\b"
    r"|\bunmet\b|❌|✘|🔴|\[ \]|\bno evidence\b|\bnicht erfüllt\b"
    r"|(?:[:|(=—–-]|->|→|\bis)\W{0,4}(?:(?:still|currently|only) )*"
    r"(?:no|fail(?:s|ed|ing)?|pending|open|todo|missing|partial(?:ly)?|blocked|deferred|skipped|later|tbd|wip|not)\b"
)
_FILES = (".github/workflows", ".gitlab-ci.yml", ".circleci", "azure-pipelines.yml", "Jenkinsfile", ".buildkite")
_WORD = re.compile(r"[a-z0-9]{3,}")
_EMPTY_WORDS = frozenset(
    "the and for are can was were has have with that this from into all any each its not must should when".split()
)
_FEW = 3  # words of a criterion of which one alone may stand anywhere
_STEM = 5  # letters of a word that are compared, so that "placed" and "placing" are one


def earlier_reports_read(reports: RunReports, tree: TreePaths) -> Iterator[Observation]:
    """A report names at least one earlier report, by path, name, folder or day, where there are earlier ones."""
    for report in reports.current:
        before = [
            one for one in reports.found if (one.date, one.run) < (report.date, report.run) and one.path != report.path
        ]
        if not before or report.artefact.broken:
            continue
        line = next((number for number, said in _lines(report) if any(_names(said, one) for one in before)), 0)
        gone = [
            path for path in _REPORT.findall(report.artefact.text) if not tree.has(path) and path not in report.path
        ]
        problem = "names none of the earlier run reports" if not line else ""
        problem = problem or (f"names {gone[0]}, which is not in the tree" if gone else "")
        yield Observation(
            subject="earlier reports",
            ok=not problem,
            place=report.artefact.lines(line or 1),
            message=f"{report.path} {problem}",
            evidence=f"earlier reports: {', '.join(one.path for one in before[-3:])}",
        )


_REPORT = re.compile(r"docs/runs/\d{4}-\d{2}-\d{2}/[\w-]+/run-[\w.:-]+?\.md")


def _names(said: str, earlier: RunReport) -> bool:
    folder = earlier.path.rpartition("/")[0]
    by_path = earlier.path in said or (folder.count("/") > 1 and folder in said) or earlier.run in said
    return by_path or bool(earlier.date and earlier.date in said and re.search(r"(?i)\breports?\b|\bruns?\b", said))


def _lines(report: RunReport) -> Iterator[tuple[int, str]]:
    yield from enumerate(report.artefact.text.split("\n"), 1)


def test_runs_shown(reports: RunReports, packs: Packs, figures: Figures, ledger: ClaimLedger) -> Iterator[Observation]:
    """The dossier, or a log in the pack, shows for unit, integration, contract tests and CI a command and what it returned.

    A log of the pack that ends red is spoken of.
    """
    for report in reports.current:
        if report.artefact.broken:
            continue
        if silent := kept_silent(report, figures, ledger):
            yield silent
        text = report.artefact.text
        section = report.sections.get(headings.DOSSIER)
        first, last = section.lines if section else (1, text.count("\n") + 1)
        pack = packs.of_run(report.run)
        logged = {one.place.path.lower() for one in figures.found if one.run == report.run and pack}
        lines = text.split("\n")
        rows = list(_with_titles(lines))
        for name, pattern in _SUITES:
            told = [number for number, said in rows if re.search(rf"(?i){pattern}", said) and RESULT.search(said)]
            told.sort(key=lambda number: not first <= number <= last)
            in_log = any(re.search(rf"(?i){pattern}", path.rpartition("!")[2]) for path in logged)
            run = (
                in_log
                or name == "the CI run"
                or any(_COMMAND.search("\n".join(lines[max(0, at - 4) : at + 3])) for at in told)
            )
            problem = (
                f"shows no result of {name}"
                if not told and not in_log
                else ""
                if run
                else f"shows no command of {name}"
            )
            judged = told[:1] if name != "the CI run" else told  # which is named on lines of suites too
            words = min((stands_in(lines[at - 1]) for at in judged), default="")
            if words:
                problem = f"has words in place of a run of {name} ({words.strip()[:60]!r})"
            yield Observation(
                subject=name,
                ok=not problem,
                place=report.artefact.lines(*(told[:1] * 2 if told else (first, max(first, last)))),
                message=f"{report.path} {problem}",
                evidence=lines[told[0] - 1].strip()[:160]
                if told
                else "no line names it beside a result, and no log in the pack is of it",
                confidence=Confidence.MEDIUM if told and not words else None,
            )


def _with_titles(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Each line with its number; to a row of a table with numbers the titles of its columns are added."""
    titles = ""
    for number, said in enumerate(lines, 1):
        row = said.lstrip().startswith("|")
        following = lines[number] if number < len(lines) else ""
        titles = (said if re.fullmatch(r"[\s|:-]*-{2,}[\s|:-]*", following) else titles) if row else ""
        yield number, f"{said} {titles}" if row and titles and titles != said and re.search(r"\|\s*\d", said) else said


def acceptance_shown(reports: RunReports, queue: Queue) -> Iterator[Observation]:
    """Each exit criterion of each task that the report works on comes up in the report."""
    for report in reports.current:
        if report.artefact.broken:
            continue
        lines = _answers(report)
        has_block = bool(_ACCEPTANCE.search(report.artefact.text))
        for name, line in tasks_of(report).items():
            task = queue.task(name)
            for number, criterion in enumerate(task.criteria if task else (), 1):
                of_number = re.compile(rf"(?i)\b(?:AC|EC|criterion|criteria)[-_ #.]?0*{number}\b")
                denied = [one for one in lines if one.denies and _is_unmet(one.said, criterion)]
                unmet = [one.number for one in denied if _is_about(one, criterion, of_number)]
                met = [one for one in lines if one not in denied]
                share = _share(criterion, met)
                by_number = any(of_number.search(one.said) for one in met)
                told = "says itself that it is not met" if unmet else f"at most {share:.0%} of its words stand together"
                verb = "denies" if unmet else "shows no evidence for"
                partial = bool(unmet) and task is not None and task.status not in ("review", "done")
                yield Observation(
                    subject=f"{name} {criterion[:60]}",
                    ok=not unmet and (share >= (0.5 if len(_stems(criterion)) > _FEW else 0.6) or by_number),
                    place=report.artefact.lines(unmet[0] if unmet else line),
                    also=(Place(queue.path, lines=(task.line, task.line)),) if task else (),
                    message=f"{report.path} {verb} an exit criterion of {name}: {criterion[:80]}",
                    evidence=f"{told}; the task is {task.status}" if unmet and task else told,
                    confidence=Confidence.MEDIUM if partial or (has_block and share >= 0.34 and not unmet) else None,
                )


@dataclass(frozen=True, slots=True)
class _Answer:
    """One line that may answer a criterion: its words by their beginnings, and whether it may deny."""

    number: int
    said: str
    stems: frozenset[str]
    denies: bool


def _answers(report: RunReport) -> list[_Answer]:
    """The lines outside the sections that only say what was wanted."""
    planned = [report.sections[one].lines for one in (headings.SNAPSHOT, headings.PLAN) if one in report.sections]
    return [
        _Answer(number, said, _stems(said), _UNMET.search(said) is not None)
        for number, said in _lines(report)
        if not any(a <= number <= b for a, b in planned)
    ]


def _is_unmet(said: str, criterion: str) -> bool:
    """Whether a line denies; what the criterion itself has in these words is no denial."""
    return _UNMET.search(re.sub(re.escape(criterion), " ", said, flags=re.IGNORECASE)) is not None


def _is_about(one: _Answer, criterion: str, of_number: re.Pattern[str]) -> bool:
    wanted = _stems(criterion)
    return of_number.search(one.said) is not None or (bool(wanted) and len(wanted & one.stems) / len(wanted) >= 0.75)


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in _WORD.findall(text.lower()) if word not in _EMPTY_WORDS)


def _share(criterion: str, lines: list[_Answer]) -> float:
    """The part of a criterion's words that stands together in two lines after another."""
    wanted, stems = _stems(criterion), [one.stems for one in lines]
    windows = (one | other for one, other in zip(stems, [*stems[1:], frozenset()], strict=True) if wanted & one)
    return max((len(wanted & window) / len(wanted) for window in windows), default=0.0) if wanted else 1.0


def ci_result(
    reports: RunReports, packs: Packs, tree: TreePaths | Unavailable | NotApplicable
) -> Iterator[Observation]:
    """The report says how CI ended; where it is red, the issues say why. A justified red is minor."""
    for report in reports.current:
        if report.artefact.broken:
            continue
        state, line, said = _ci(report, packs)
        has_files = isinstance(tree, TreePaths) and any(tree.has(path) for path in _FILES)
        ran = _ci_link(packs, report.run)
        issues = report.sections.get(headings.ISSUES)
        justified = bool(issues and _REASON.search(issues.body)) or bool(_REASON.search(said))
        problem = {
            "": "does not say how CI ended",
            "green": "",
            "absent": "says there is no CI, and there is" if has_files or ran else "",
        }
        red = "reports red CI, with its reason" if justified else "reports red CI and gives no reason in its issues"
        yield Observation(
            subject="CI",
            ok=not problem.get(state, red),
            place=report.artefact.lines(line or 1),
            message=f"{report.path} {problem.get(state, red)}",
            evidence=f"{said.strip()[:160]}; {ran}".strip("; ")
            if state == "absent" and ran
            else said.strip()[:160] or "no line names CI, a workflow or a pipeline beside a result",
            confidence=Confidence.MEDIUM if state == "red" and justified else None,
        )


def _ci(report: RunReport, packs: Packs) -> tuple[str, int, str]:
    """The last word on CI: its state, its line, and what stands there."""
    state, line, text = "", 0, ""
    for number, said in _lines(report):
        mine = next((part for part in re.split(r"(?<=[.!?])\s+", said) if _CI.search(part) and RESULT.search(part)), "")
        if not mine or _EARLIER.search(without_earlier(mine)):
            continue
        found = ended(mine)
        if found and not (found == "absent" and state):
            state, line, text = found, number, said
    told = list(_ci_logged(packs, report.run))
    if told and (not state or (state == "green" and ended(told[-1]) == "red")):
        return ended(told[-1]), 0, told[-1]
    return state, line, text


_CI_RUN = re.compile(
    r"https?://\S{1,400}?(?:/actions/runs/\d+|/-/(?:pipelines|jobs)/\d+|/pipelines/\d+|/_build/results\?\S+|buildkite\.com/\S+/builds/\d+"
    r"|circleci\.com/\S+/\d+|/job/\S+/\d+)"
)
_CI_LOG = re.compile(r"(?i)(^|/|[-_.])(?:ci|workflow)([-_.]|$)")
_CI_END = re.compile(  # the lines by which a job ends; others of its log may speak of anything
    r"(?i)\bprocess completed with exit code \d|^\W*(?:error: )?job (?:succeeded|failed)\b|\bexited with (?:code|status) \d"
    r"|^\W*(?:exit|return) (?:code|status)\W{1,3}\d|^=+ .*\b\d+ (?:passed|failed)\b.* in [\d.]+ ?s"
)


def _ci_link(packs: Packs, run: str) -> str:
    """The first link to a run of CI that a run's pack holds, with the member it stands in."""
    pack = packs.of_run(run)
    for one in pack.members if pack else ():
        if found := _CI_RUN.search(one.text or ""):
            return f"{one.name}: {found.group()[:120]}"
    return ""


def _ci_logged(packs: Packs, run: str) -> Iterator[str]:
    """The lines of a pack that say how CI ended: those that name it, and in a log of CI itself those that end a job."""
    pack = packs.of_run(run)
    for one in pack.members if pack else ():
        of_ci = _CI_LOG.search(one.name) is not None
        if not of_ci and not re.search(r"(?i)links|workflow", one.name):
            continue
        for said in (one.text or "").split("\n"):
            if (_CI.search(said) or (of_ci and _CI_END.search(said))) and ended(said) in ("green", "red"):
                yield said
