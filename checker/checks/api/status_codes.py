"""The documented success codes fit the method, and a code that forbids a body has none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checker.model.answers import BODILESS, Answer, answers
from checker.model.contract import Api, Operation
from checker.model.observation import Observation
from checker.model.purpose import is_probe
from checker.model.rule import Confidence

_QUESTION = re.compile(r"(?i)/(?:check|verify|validate|confirm|exists|is[-_]|has[-_])[^/]*/?$")


@dataclass(frozen=True, slots=True)
class _Misfit:
    problem: str
    evidence: str
    confidence: Confidence | None = None


def status_codes(api: Api) -> Iterator[Observation]:
    """One observation for each operation (it documents a success) and one for each success or bodiless code of it.

    Source: RFC 9110, sections 9.3 (methods) and 15.3 (2xx), RFC 5789 for PATCH. Only what cannot be meant is a misfit.
    """
    for contract in api.contracts:
        for operation in contract.operations:
            yield _of_operation(operation)
        for answer in answers(contract):
            if answer.response.status[:1] in ("2", "3"):
                yield _of_answer(answer)


def _of_operation(operation: Operation) -> Observation:
    statuses = [response.status for response in operation.responses]
    return Observation(
        subject=operation.name,
        ok=any(status[:1] in ("1", "2", "3") or status == "default" for status in statuses),
        place=operation.place,
        message=f"{operation.name} documents no success",
        evidence=f"documents {', '.join(statuses)}" if statuses else "documents no response at all",
    )


def _of_answer(answer: Answer) -> Observation:
    misfit = _of_content(answer) or _of_method(answer)
    spot = answer.around(answer.response.node)
    return Observation(
        subject=answer.subject,
        ok=misfit is None,
        place=spot.place,
        message=f"{answer.subject} {misfit.problem if misfit else 'fits'}",
        evidence=misfit.evidence if misfit else "",
        cause=spot.cause if misfit and _of_content(answer) else "",
        confidence=misfit.confidence if misfit else None,
        also=spot.also,
    )


def _of_content(answer: Answer) -> _Misfit | None:
    response = answer.response
    kinds = ", ".join(media.type for media in response.media)
    if not kinds:
        return None
    if response.status in BODILESS:
        sure = None if any(media.schema for media in response.media) else Confidence.MEDIUM
        section = {"204": "15.3.5", "205": "15.3.6", "304": "15.4.5"}[response.status]
        return _Misfit("documents a body that can never arrive", f"{kinds}; RFC 9110 {section}: no content", sure)
    if answer.operation.method == "HEAD":
        evidence = f"{kinds}; RFC 9110 9.3.2: no content in an answer to HEAD"
        return _Misfit("documents a body that can never arrive", evidence, Confidence.MEDIUM)
    return None


def _of_method(answer: Answer) -> _Misfit | None:
    operation, status = answer.operation, answer.response.status
    successes = {response.status for response in operation.responses if response.is_success}
    if status == "201" and operation.method in ("GET", "HEAD"):
        return _Misfit(
            "says that reading creates something", "201 Created; RFC 9110 9.2.1: a safe method changes nothing"
        )
    if status == "201" and operation.method == "DELETE":
        return _Misfit("says that deleting creates something", "201 Created; RFC 9110 9.3.5: 200, 202 or 204")
    if status == "201" and operation.method == "PATCH" and successes == {"201"}:
        return _Misfit("says that every change creates something", "201 is the only success", Confidence.MEDIUM)
    if status == "205" and operation.method in ("GET", "HEAD"):
        return _Misfit("asks to reset what was only read", "205 Reset Content; RFC 9110 15.3.6")
    if status == "206" and operation.method not in ("GET", "HEAD"):
        return _Misfit(
            "answers a part where no range can be asked", "206; RFC 9110 14.2: Range is for GET", Confidence.MEDIUM
        )
    if status == "204" and operation.method == "GET" and successes == {"204"} and not _asks_yes_or_no(operation):
        return _Misfit("answers nothing to a reader", "204 is the only success", Confidence.MEDIUM)
    return None


def _asks_yes_or_no(operation: Operation) -> bool:
    """The status alone can be the answer: of a probe, of 204 against 404 or a redirect, of a path that says so."""
    telling = any(one.status == "404" or one.status[:1] == "3" for one in operation.responses)
    return telling or is_probe(operation) or _QUESTION.search(operation.path) is not None
