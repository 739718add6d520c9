"""The backend agent's results: questions before a preview, checks that ran, and a draft that a reviewer can use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from checker.checks.outputs.body_parts import hollow
from checker.model.observation import Observation, Place
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.fields import is_blank, take, text_of, texts, whole
from checker.model.outputs.results import RESULT
from checker.model.outputs.session import Sessions

_MOCKED = re.compile(
    r"\bmock(?:ed|ing)?\b|\bsimulated\b"
    r"|\bstub(?:bed)?\b|\bassum(?:e|ed|ing) pass|\bdry.?run\b|\bnot (?:actually )?(?:run|executed)\b",
    re.IGNORECASE,
)
_SAID_MOCKED = re.compile(
    r"(?i)(?:\b(?:checks?|lint(?:er|ing)?|tests?|build|results?|runs?|everything|all)\b[^.;,\n]{0,40}?|^\W*)"
    r"\b(?:mocked|simulated|stubbed|faked|assum(?:ed|ing) (?:to )?pass\w*|not (?:actually )?(?:run|executed))\b"
    r"(?! (?:the|an?|out|on|external)\b)"
)
_NOT_MOCKED = re.compile(
    r"(?i)\b(?:no|not|never|nothing|none|without|instead of|against|with|using|uses?|an?)\b(?: \w+){0,3}"
    r" (?:mocked|simulated|stubbed|faked)\b"
)
_BODY = (
    ("summary and motivation", r"summary|motivation|overview|\bwhy\b"),
    ("files modified", r"files?\b.{0,20}(?:modified|changed|touched)|files|changes"),
    ("migration plan", r"migration"),
    ("rollback", r"roll ?back|revert|downgrade"),
    ("testing", r"\btest(?:s|ing)?\b|checks"),
    ("manual QA with curl", r"\bcurl\b"),
    ("coordination", r"coordination|frontend pr|fe pr"),
    ("risk and rollout", r"risk|rollout"),
)
_BRANCH = re.compile(r"(?!.*(?:\.\.|//|@\{|\\))[^\s~^:?*\[]+(?<![/.])")
_TASK = ("preview", "questions")
_TALLY = re.compile(r"(?i)^.*\b\d+ (?:passed|failed|failing|errors?)\b.*$", re.MULTILINE)
_TALLY_RED = re.compile(r"(?i)\b[1-9]\d* (?:failed|failing|failures?|errors?)\b")
_NONE_BAD = re.compile(r"(?i)\b(?:no|0|zero) (?:\w+ )?(?:errors?|issues?|problems?|warnings?|failures?|findings)\b")
_SET_ASIDE = ("skipped", "pending", "todo", "deselected", "disabled")
_NOT_PASSED = (*_SET_ASIDE, "xfailed", "xpassed")


def pr_payload(artefacts: Artefacts) -> Iterator[Observation]:
    """The payload is there, a draft, with branch, title, body, commits and labels, none empty and no label twice."""
    files = list(artefacts.of(Kind.PR_PAYLOAD))
    if not files:
        message = "no draft pull-request payload was left"
        yield Observation("payload", False, Place("."), message, "looked through every JSON, YAML and Markdown file")
    for file in files:
        if file.broken or not isinstance(file.value, Mapping):
            yield Observation(
                "payload", False, file.at(), f"{file.path} is no payload: {file.broken or 'no mapping'}", file.said("")
            )
            continue
        yield from _judged(file, _fields(file.value))


def _fields(value: Mapping[str, Any]) -> dict[str, str]:
    draft, branch = take(value, "draft"), text_of(value, "branch", "head")
    labels = take(value, "labels")
    names = texts(labels.value) if labels else ()
    twice = [name for name, times in Counter(name.lower() for name in names).items() if times > 1]
    return {
        "branch": _branch(branch, text_of(value, "base", "target")),
        "title": "is missing" if is_blank(text_of(value, "title")) else "",
        "body": "is missing" if is_blank(text_of(value, "body", "description")) else "",
        "commits": "is empty" if not (found := take(value, "commits")) or is_blank(found.value) else "",
        "labels": "is no list" if labels is None or not names else f"repeats {', '.join(twice)}" if twice else "",
        "draft": "" if draft is not None and draft.value is True else "is not true: only drafts may be prepared",
    }


def _branch(name: str, base: str) -> str:
    if is_blank(name):
        return "is missing"
    if name in (base, "main", "master", "trunk"):
        return f"is {name!r}, the branch that the work is to be merged into"
    return "" if _BRANCH.fullmatch(name) else "is no name for a branch"


def pr_body(artefacts: Artefacts) -> Iterator[Observation]:
    """The body fills each part of the checklist: with results, a curl call, a way back, and a link to the frontend."""
    for file in artefacts.of(Kind.PR_PAYLOAD):
        found = take(file.value, "body", "description")
        if found is None or is_blank(found.value):
            continue
        body = str(found.value)
        for name, pattern in _BODY:
            problem = "" if re.search(rf"(?i){pattern}", body) else "is missing"
            problem = problem or hollow(name, body)
            yield Observation(
                subject=name,
                ok=not problem,
                place=file.at(found.name),
                message=f"{name} {problem} in the body of {file.path}",
                evidence=file.said(_line(pattern, body)),
            )


def _line(pattern: str, body: str) -> str:
    return next((line.strip()[:120] for line in body.split("\n") if re.search(rf"(?i){pattern}", line)), "no such part")


def _absent(artefacts: Artefacts, sessions: Sessions, kind: Kind, method: str, what: str) -> Iterator[Observation]:
    """A draft that was prepared without a step that must come before it; a record of a call is one of the step."""
    if next(artefacts.of(kind), None) or next(sessions.called(method), None):
        return
    for file in artefacts.of(Kind.PR_PAYLOAD):
        message = f"{file.path} was prepared and no {what} is on record"
        yield Observation(
            method, False, file.at(), message, file.said(f"no result of {method} in any output or session log")
        )


def run_checks_mocked(artefacts: Artefacts, sessions: Sessions) -> Iterator[Observation]:
    """Lint, tests and build each have a result that was measured; what is mocked is not green, and success means all of them."""
    yield from _absent(artefacts, sessions, Kind.RUN_CHECKS, "run_checks", "result of its checks")
    for file in artefacts.of(Kind.RUN_CHECKS):
        if not isinstance(file.value, Mapping):
            continue
        failed = []
        for name in ("lint", "tests", "build"):
            check = take(file.value, name, name.removesuffix("s"))
            problem = _check(check.value) if check else "is missing"
            failed += [name] if check and _is_red(check.value) else []
            yield Observation(
                subject=name,
                ok=not problem,
                place=file.at(check.name) if check else file.at(),
                message=f"{name} of {file.path} {problem}",
                evidence=file.said(str(check.value)[:160] if check else f"no field {name!r}"),
            )
        success, message = take(file.value, "success"), take(file.value, "message", "summary")
        problem = _success(success.value if success else None, failed, text_of(file.value, "message", "summary"))
        at = message if message and "mocked" in problem else success
        yield Observation(
            subject="success",
            ok=not problem,
            place=file.at(at.name) if at else file.at(),
            message=f"{file.path} {problem}",
            evidence=file.said(f"success {success.value!r}; {message.value if message else 'no message'}"[:200])
            if success
            else file.said(text_of(file.value, "message")),
        )


def _success(success: Any, failed: list[str], message: str) -> str:
    """What is wrong with the word on the whole run: against its checks, against its own message, or no true or false."""
    told = success.strip().lower() if isinstance(success, str) else success
    if told in (True, "true", "yes") and failed:
        return f"says success with {', '.join(failed)} failed"
    if told not in (False, "false", "no") and not failed and _SAID_MOCKED.search(_NOT_MOCKED.sub("", message)):
        return "says in its message that the checks were mocked or not run, which is never green"
    return f"gives success as the text {success!r}, not as true or false" if isinstance(success, str) else ""


def _check(value: Any) -> str:
    said = str(value)
    if _MOCKED.search(said) or (
        isinstance(value, Mapping) and (found := take(value, "mocked", "mock")) and found.value is True
    ):
        return "is mocked, which is never green" if not _is_red(value) else ""
    if is_blank(value):
        return "has no result"
    if isinstance(value, Mapping):
        code, total = take(value, "return_code", "exit_code", "code"), take(value, "total", "count")
        known = code or take(value, "success", "status", "passed", "result")
        if known is None:
            return "gives neither an exit code nor a status"
        if (skipped := take(value, "skipped")) and skipped.value is True:
            return "was skipped, which is not green"
        return "ran no test at all" if total and _none_ran(value, whole(total.value)) else ""
    wordless = isinstance(value, str) and whole(value) is None and not (RESULT.search(value) or _NONE_BAD.search(value))
    return "gives no result" if wordless else ""


def _none_ran(value: Mapping[str, Any], total: int | None) -> bool:
    """Whether the counts leave no test that ran: none there, or all of them set aside."""
    aside = (whole(found.value) or 0 for name in _SET_ASIDE if (found := take(value, name)))
    return total is not None and total <= sum(aside)


def _is_red(value: Any) -> bool:
    if isinstance(value, Mapping):
        code, ok = take(value, "return_code", "exit_code", "code"), take(value, "success", "ok")
        status = text_of(value, "status", "result").lower()
        return (
            bool(code and whole(code.value))
            or bool(ok and ok.value is False)
            or status in ("fail", "failed", "error", "red")
            or _counts_red(value)
        )
    if whole(value):
        return True
    said = value.strip().lower() if isinstance(value, str) else ""
    return value is False or said in ("fail", "failed", "error", "red") or _TALLY_RED.search(said) is not None


def _counts_red(value: Mapping[str, Any]) -> bool:
    """Whether the counts of a check, or the last tally of its output, tell of failures, whatever its exit code is."""
    bad = take(value, "failed", "failures", "errors")
    if bad and whole(bad.value):
        return True
    total, passed = (take(value, name) for name in ("total", "passed"))
    if total and passed:
        count, good = whole(total.value), whole(passed.value)
        apart = sum(whole(found.value) or 0 for name in _NOT_PASSED if (found := take(value, name)))
        if count is not None and good is not None and good + apart < count:
            return True
    tallies = _TALLY.findall(text_of(value, "output", "stdout", "summary"))
    return bool(tallies and _TALLY_RED.search(tallies[-1]))


def _judged(file: Artefact, problems: Mapping[str, str]) -> Iterator[Observation]:
    """One observation for each field that is asked for, with what is wrong with it."""
    for name, problem in problems.items():
        field = take(file.value, name)
        yield Observation(
            subject=name,
            ok=not problem,
            place=file.at(field.name) if field else file.at(),
            message=f"{name} of {file.path} {problem}",
            evidence=file.said(f"{name}: {str(field.value)[:120]}" if field else f"no field {name!r}"),
        )


def start_task(artefacts: Artefacts, sessions: Sessions) -> Iterator[Observation]:
    """A task starts with questions, or with a preview that shows changes per file, a way back, and tests."""
    yield from _absent(artefacts, sessions, Kind.START_TASK, "start_task", "preview or question")
    for file in artefacts.of(Kind.START_TASK):
        if not isinstance(file.value, Mapping):
            continue
        yield from _judged(file, _started(file.value))


def _started(value: Mapping[str, Any]) -> dict[str, str]:
    lacks = {name: "is missing" for name in ("success", "conversation_id") if take(value, name) is None}
    preview, questions = (take(value, name) for name in _TASK)
    if questions is not None and questions.value and not isinstance(questions.value, list):
        lacks["questions"] = "is no list"
    if preview is not None and preview.value:
        lacks["preview"] = _preview(preview.value)
    elif questions is None or is_blank(questions.value):
        lacks["preview"] = "is empty, and no questions are asked"
    return {"conversation_id": "", **lacks}


def _preview(value: Any) -> str:
    said = str(value)
    migration = take(value, "migration_plan", "migration", "migrations")
    missing = [
        name
        for name, there in (
            (
                "changes per file",
                take(value, "changes", "files", "proposed_changes") or re.search(r"[\w-]+/[\w./-]+\.\w+", said),
            ),
            ("tests", re.search(r"(?i)tests?\b", said)),
        )
        if not there
    ]
    plans = migration is not None and not is_blank(migration.value)
    if plans and not re.search(r"(?i)roll_?\s?back|revert|downgrade", said):
        missing.append("a rollback of its migration")
    return f"lacks {', '.join(missing)}" if missing else ""
