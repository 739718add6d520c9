"""Every operation documents a schema for what it takes and for what it answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checker.model.answers import ANYTHING, BODILESS, EMPTY, Answer, Spot, answers, spot, unsaid
from checker.model.contract import Api, Contract, Media, Node, Operation
from checker.model.observation import Observation
from checker.model.rule import Confidence

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_SILENT = frozenset({"HEAD", "OPTIONS", "TRACE"})
_EMPTY_BY_NATURE = frozenset({"202", *BODILESS})
_REVOKES = re.compile(r"(?i)(?:oauth|token).*/revoke/?$")


@dataclass(frozen=True, slots=True)
class _Flaw:
    message: str
    evidence: str
    confidence: Confidence | None = None
    node: Node | None = None  # the schema that is at fault


def operation_schemas(api: Api) -> Iterator[Observation]:
    """One observation for each documented request body and each 2xx answer: a schema says what is in it.

    Source: backend-coder 3.12. Binary, text and event streams have no schema to speak of; 202, 204, 205, and 201 with a
    `Location` (RFC 9110, 15.3.2) need no body; a token's revocation is answered by 200 alone (RFC 7009, 2.2).
    """
    for contract in api.contracts:
        for operation in contract.operations:
            if operation.request_node is not None:
                yield _of_request(contract, operation, operation.request_node)
        for answer in answers(contract):
            if answer.response.is_success and answer.operation.method not in _SILENT and not _revokes(answer.operation):
                yield _of_answer(contract, answer)


def _revokes(operation: Operation) -> bool:
    return operation.method == "POST" and _REVOKES.search(operation.path) is not None


def _of_request(contract: Contract, operation: Operation, body: Node) -> Observation:
    flaw = _unread(body, operation.request)
    if flaw is None:
        flaw = _flaw(operation.request) if operation.request else _Flaw("documents an empty request body", "no content")
    word = "parameters" if contract.version.startswith("2") else "requestBody"
    node = (flaw.node if flaw else None) or body
    found = spot(contract, operation, node, body.place, (*operation.node.pointer, word))
    return _observation(f"{operation.name} request", flaw, found)


def _of_answer(contract: Contract, answer: Answer) -> Observation:
    flaw = _unread(answer.response.node, answer.response.media)
    if flaw is None:
        flaw = _flaw(answer.response.media) if answer.response.media else _of_silence(contract, answer)
    return _observation(answer.subject, flaw, answer.around((flaw.node if flaw else None) or answer.response.node))


def _observation(subject: str, flaw: _Flaw | None, found: Spot) -> Observation:
    return Observation(
        subject=subject,
        ok=flaw is None,
        place=found.place,
        message=f"{subject} {flaw.message}" if flaw else f"{subject} has a schema",
        evidence=flaw.evidence if flaw else "",
        cause=found.cause,
        confidence=flaw.confidence if flaw else None,
        also=found.also,
    )


def _unread(holder: Node, media: Sequence[Media]) -> _Flaw | None:
    """A schema that is named and cannot be reached, in a request body or a response; rule spec-valid says what is wrong."""
    content = holder.at("content")
    named = [(one, content.at(one.type)) for one in media] if content else [(Media("*/*", None), holder)]
    for one, node in named:
        if _needs_schema(one) and node is not None and node.get("schema") and node.at("schema") is None:
            said = "the reference to the body's schema leads nowhere that can be read"
            return _Flaw("has a schema that cannot be read", said, Confidence.MEDIUM)
    return None


def _flaw(media: Sequence[Media]) -> _Flaw | None:
    """What the media types that need a schema lack; None where nothing does."""
    for one in media:
        if not _needs_schema(one):
            continue
        if one.schema is None:
            return _Flaw("has a body without a schema", f"{one.type} has none")
        found = unsaid(one.schema)
        if found:
            sure = Confidence.LOW if found.endswith((ANYTHING, EMPTY)) else Confidence.MEDIUM
            return _Flaw("has a schema that says nothing", f"{one.type}: {found}", sure, one.schema)
    return None


def _of_silence(contract: Contract, answer: Answer) -> _Flaw | None:
    """What is wrong with a success that documents no content."""
    if answer.response.status in _EMPTY_BY_NATURE or "location" in answer.response.headers:
        return None
    if contract.version.startswith("2") and _answers_no_json(contract, answer.operation):
        return None
    return _Flaw("documents no body", "no content, and the status is neither 202, 204 nor 205")


def _needs_schema(media: Media) -> bool:
    kind = media.type.partition(";")[0].strip().lower()
    return media.is_json or kind in _FORMS or kind.endswith(("/xml", "+xml"))


def _answers_no_json(contract: Contract, operation: Operation) -> bool:
    """Swagger 2 names the types beside the responses: text and files need no schema there."""
    kinds = operation.node.get("produces") or contract.root.get("produces") or ()
    return bool(kinds) and not any(_needs_schema(Media(str(kind), None)) for kind in kinds)
