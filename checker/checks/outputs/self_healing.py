"""Self-healing: every attempt logged, at most three, and an escalation where none succeeded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.model.base import Frozen
from checker.model.observation import Observation, Pointer
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.fields import is_blank, take, text_of, whole

_GOOD = ("success", "succeeded", "passed", "pass", "ok", "green")
_SAYS_NOTHING = re.compile(
    r"(?i)\W*(?:n/?a|none|unknown|nothing|no|error|an error|failed|failure|fixed|fixed it|success|ok|done|it|see above)?\W*"
)
_BAD = ("failed", "failure", "fail", "error", "red")
_OPTION = re.compile(r"(?m)^[^\S\n]*(?:[-*]\s+)?(?:\*\*)?(?:Option\s+)?([A-D])(?:\)|\.|:)\s*(?:\*\*)?\s*(\S.*)$")
_ROW = re.compile(r"(?m)^[^\S\n]*\|?\s*\d+\s*\|([^|\n]+\|[^\n]+?)\|?[^\S\n]*$")
_ONE_LETTER = re.compile(r"[\W_]*\w?[\W_]*")
_NO_CAUSE = re.compile(
    r"(?i)\W*(?:the )?(?:root )?(?:cause )?(?:is |was )?(?:still |yet )?(?:un(?:known|clear|determined)"
    r"|not (?:yet )?(?:known|clear|found|determined|understood)|no idea)(?: yet)?\W*"
)


class Limit(Frozen):
    """`attempts`: how many tries there may be before somebody is asked."""

    attempts: int = 3


def self_healing_log(artefacts: Artefacts, params: Limit) -> Iterator[Observation]:
    """The log counts from 1 without gaps, only its last attempt succeeds, each says what it met, and the end is told as it was."""
    escalated = any(artefacts.of(Kind.ESCALATION))
    for file, log, at in _logs(artefacts):
        attempts = take(log, "attempts")
        if attempts is None or not isinstance(attempts.value, list):
            continue
        place = file.at(*at, attempts.name)
        numbered = [one for one in attempts.value if isinstance(one, Mapping)]
        for subject, problem in _problems(numbered, len(attempts.value), log, params).items():
            message = f"{file.path} {problem}"
            yield Observation(subject, not problem, place, message, file.said(_told(numbered)))
        if numbered and not any(_succeeded(one) for one in numbered):
            complete = _status(file).startswith(("complete", "done"))
            ok = not complete and (escalated or len(numbered) < params.attempts)
            said = "is called complete" if complete else "is followed by no escalation"
            message = f"{file.path} logs {len(numbered)} failed attempts and {said}"
            yield Observation("escalation", ok, place, message, file.said(_told(numbered)))


def _problems(attempts: list[Mapping[str, Any]], count: int, log: Any, params: Limit) -> dict[str, str]:
    numbers = [whole(text_of(one, "attempt", "number", "n")) for one in attempts]
    successes = [position for position, one in enumerate(attempts, 1) if _succeeded(one)]
    unknown = [text_of(one, "status", "result") for one in attempts if not (_succeeded(one) or _failed(one))]
    silent = [
        str(position)
        for position, one in enumerate(attempts, 1)
        if _empty(text_of(one, "fix", "change", "resolution", "error", "message"))
        or (_failed(one) and _empty(text_of(one, "error", "message", "reason")))
        or (_succeeded(one) and len(attempts) > 1 and _empty(text_of(one, "fix", "change", "resolution")))
    ]
    silent = [] if len(attempts) == 1 and successes else silent
    final = text_of(log, "final_status", "result").lower()
    return {
        "numbers": f"numbers its attempts {numbers}, not 1 to {count}" if numbers != list(range(1, count + 1)) else "",
        "limit": f"logs {count} attempts, more than {params.attempts}" if count > params.attempts else "",
        "words": f"gives an attempt the status {unknown[0]!r}" if unknown else "",
        "one success": "goes on after a success" if successes and successes[0] != count else "",
        "words of each": f"says nothing of the error or the fix of attempt {', '.join(silent)}" if silent else "",
        "final status": _final(final, bool(successes), count),
    }


def _final(final: str, succeeded: bool, count: int) -> str:
    if not final:
        return "gives no final_status"
    if not count:
        return "gives a final status without any attempt" if final in _BAD else "logs no attempt at all"
    return f"ends with {final!r}, its last attempt does not" if (final in _GOOD) != succeeded else ""


def _logs(artefacts: Artefacts) -> Iterator[tuple[Artefact, Any, Pointer]]:
    for file in artefacts.of(Kind.HANDOFF, Kind.SELF_HEALING):
        inner = take(file.value, "self_healing_log", "self_healing")
        if inner is not None:
            yield file, inner.value, (inner.name,)
        elif file.kind is Kind.SELF_HEALING:
            yield file, file.value, ()


def _succeeded(attempt: Mapping[str, Any]) -> bool:
    return text_of(attempt, "status", "result").lower() in _GOOD


def _empty(words: str) -> bool:
    """Whether words for an error or a fix tell of none."""
    return is_blank(words) or _SAYS_NOTHING.fullmatch(words) is not None


def _failed(attempt: Mapping[str, Any]) -> bool:
    return text_of(attempt, "status", "result").lower() in _BAD


def _status(file: Artefact) -> str:
    head = take(file.value, "handoff")
    return text_of(head.value, "status").lower() if head else ""


def _told(attempts: list[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{text_of(one, 'attempt', 'number', 'n')}: {text_of(one, 'status', 'result')}" for one in attempts[:5]
    )


def escalation_format(artefacts: Artefacts, params: Limit) -> Iterator[Observation]:
    """An escalation shows its attempts, a root cause, at least two options and a line for the decision."""
    for file in artefacts.of(Kind.ESCALATION):
        bodies = {section.title.lower(): section.body for section in file.sections}
        history = next((body for title, body in bodies.items() if "attempt" in title or "history" in title), file.text)
        cause = next((body for title, body in bodies.items() if "cause" in title), "")
        rows, options = sum(map(_tells, _ROW.findall(history))), _options(file.text)
        lacks = {
            "attempt history": f"shows {rows} attempts with an error and a fix, not {params.attempts}"
            if rows < params.attempts
            else "",
            "root cause": "names no root cause" if _empty(cause) or _NO_CAUSE.fullmatch(cause) else "",
            "options": f"offers {len(options)} distinct options, not two or more" if len(options) < 2 else "",
            "decision": "has no line for the decision" if not re.search(r"(?i)\bDECISION\b\W*:", file.text) else "",
        }
        for subject, problem in lacks.items():
            place = file.lines(1, file.text.count("\n") + 1)
            yield Observation(
                subject, not problem, place, f"{file.path} {problem}", file.said("SELF-HEALING ESCALATION")
            )


def _tells(row: str) -> bool:
    """Whether the cells after a row's number tell of an error and, where there are cells for both, of a fix."""
    cells = [one.strip() for one in row.split("|")]
    told = cells[:2] if len(cells) > 2 else cells[:1]
    return not any(is_blank(one) or _ONE_LETTER.fullmatch(one) for one in told)


def _options(text: str) -> set[str]:
    """The options that differ in their words, not only in their letter."""
    by_letter: dict[str, str] = dict(reversed(_OPTION.findall(text)))
    return {" ".join(re.findall(r"\w+", one.lower())) for one in by_letter.values() if not is_blank(one)} - {""}
