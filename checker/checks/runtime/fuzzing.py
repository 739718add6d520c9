"""What Schemathesis holds against the answers, mapped from its failure codes to one rule each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.contract import Api
from checker.model.observation import Observation
from checker.model.rehearsal import Failure, Fuzzing, Rehearsal
from checker.model.rule import Confidence
from checker.model.stage_view import StageView, curl, shown
from checker.model.unavailable import NotApplicable, Unavailable

_POINTER = re.compile(r"Schema at /(components/schemas/[^\s/:]+)")
_SHAPE = frozenset({"ST108", "ST109", "ST110", "ST111", "ST114", "ST115"})
_TYPE = frozenset({"ST102", "ST104", "ST105", "ST106"})
_HEADERS = frozenset({"ST107"})
_ACCEPTED = frozenset({"ST201", "ST203"})
_REFUSED = frozenset({"ST202", "ST206"})
_LIFE = frozenset({"ST301", "ST302"})
_BODILESS = (204, 205, 304)  # RFC 9110, 15.3.5, 15.3.6 and 15.4.5: such an answer has no content to hold to a schema
_OF_REFUSALS = (_TYPE, _ACCEPTED)  # of these an answer that is no success tells enough
_NO_CREDENTIALS = re.compile(r"(?i)'authorization'|missing `authorization` at header")
_METHODS = frozenset({"ST204", "ST205"})


def response_schema(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each operation that was tested: its bodies match the documented schema (ST108 to ST111)."""
    yield from _held(
        rehearsal, api, _SHAPE, "response_schema_conformance", "answers with a body that its schema refuses"
    )


def response_content_type(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each operation: its answers have a documented media type (ST102, ST104 to ST106)."""
    yield from _held(rehearsal, api, _TYPE, "content_type_conformance", "answers with an undocumented media type")


def response_headers(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each operation: the headers that its answers must have are there (ST107)."""
    yield from _held(rehearsal, api, _HEADERS, "response_headers_conformance", "answers without a documented header")


def invalid_input_accepted(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each operation: what its schema forbids is refused (ST201, ST203)."""
    yield from _held(rehearsal, api, _ACCEPTED, "negative_data_rejection", "accepts input that its schema forbids")


def valid_input_refused(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each operation: what its schema allows is taken (ST202)."""
    yield from _held(rehearsal, api, _REFUSED, "positive_data_acceptance", "refuses input that its schema allows")


def resource_lifecycle(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each operation: what was created is there, what was deleted is gone (ST301, ST302)."""
    yield from _held(rehearsal, api, _LIFE, "use_after_free", "does not keep to the life of its resource")


def method_not_allowed(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each operation: methods that do not exist are refused with 405 and `Allow` (ST204, ST205)."""
    yield from _held(rehearsal, api, _METHODS, "unsupported_method", "does not refuse other methods as RFC 9110 asks")


def _held(
    rehearsal: Rehearsal, api: Api | NotApplicable, codes: frozenset[str], check: str, verdict: str
) -> Iterator[Observation]:
    """Raises Unavailable where the run proves nothing, NotApplicable where this check was left out of it."""
    fuzzing = rehearsal.fuzzing
    if not isinstance(fuzzing, Fuzzing):
        raise Unavailable(fuzzing.missing)
    if not fuzzing.checks.get(check):
        raise NotApplicable(f"the check {check} did not run under this profile")
    view = StageView.of(rehearsal, api)
    yield from view.judged(_each(view, fuzzing, codes, verdict))


def _each(view: StageView, fuzzing: Fuzzing, codes: frozenset[str], verdict: str) -> Iterator[Observation]:
    failed = [one for one in fuzzing.failures if one.code in codes and _counts(view, one)]
    asked = dict.fromkeys([one.operation for one in fuzzing.exchanges] + [one.operation for one in failed])
    reached = {one.operation for one in fuzzing.exchanges if 200 <= one.status < 300}
    for name in filter(view.is_documented, asked):
        mine = sorted((one for one in failed if one.operation == name), key=lambda one: one.message)
        if not mine and (name in reached or codes in _OF_REFUSALS):
            yield Observation(subject=name, ok=True, place=view.places(name)[0])
        for one in mine:
            yield _failed(view, one, verdict)


def _counts(view: StageView, one: Failure) -> bool:
    """Credentials are another rule's, and an operation that the code does not have is one finding elsewhere."""
    if one.code in _ACCEPTED and _NO_CREDENTIALS.search(one.message):
        return False
    if one.code in _SHAPE and one.exchange is not None and one.exchange.status in _BODILESS:
        return False
    return view.is_served(one.operation)


def _failed(view: StageView, one: Failure, verdict: str) -> Observation:
    status = str(one.exchange.status) if one.exchange else "default"
    place, also = view.places(one.operation, "responses", status)
    shared = _POINTER.search(one.message)
    request = f"; {curl(one.exchange)} → {status} {shown(one.exchange.answer, 160)}" if one.exchange else ""
    return Observation(
        subject=f"{one.operation} {status}",
        ok=False,
        place=place,
        message=f"{one.operation} {verdict}",
        evidence=f"{one.code} {one.title}: {shown(one.message, 240)}{request}",
        cause=f"{one.operation} #/{shared[1]}" if shared else f"{one.operation} {one.code}",
        confidence=Confidence.LOW if "\ufffd" in ((one.exchange.body or "") if one.exchange else "") else None,
        also=also,
    )
