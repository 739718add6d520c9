"""The bodies that the app really sends have the envelope: errors the one that is asked for, successes its outermost keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from checker.model.base import Frozen
from checker.model.contract import Api
from checker.model.envelope import Envelopes, outline
from checker.model.observation import Observation
from checker.model.rehearsal import Exchange, Rehearsal
from checker.model.rule import Confidence
from checker.model.settings import Policy
from checker.model.stage_view import StageView, curl, shown
from checker.model.unavailable import NotApplicable

_KINDS: Mapping[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}
_BODILESS = (204, 205, 304)


class ErrorParams(Frozen):
    """The envelopes that are asked of one body at once; `common` where none is."""

    engineer: bool = False
    coder: bool = False

    def asked(self, policy: Policy) -> tuple[str, ...]:
        """Their names in `rules/envelopes/`. Where the policy settles on one for the contract, that one rules here too."""
        named = {"backend-engineer": self.engineer, "backend-coder": self.coder}
        winner = policy.resolve.get("error-envelope.schema")
        if winner is not None and named.get(winner):
            return (winner,)
        return tuple(name for name, wanted in named.items() if wanted) or ("common",)


class SuccessParams(Frozen):
    """`schema`: the envelope whose outermost keys a success has too."""

    envelope: Literal["backend-coder"] = Field(default="backend-coder", alias="schema")


def observed_error_envelope(
    rehearsal: Rehearsal, api: Api | NotApplicable, envelopes: Envelopes, policy: Policy, params: ErrorParams
) -> Iterator[Observation]:
    """One observation for each operation and error status that was seen.

    Sources: backend-engineer 2.17, backend-coder 3.10 and 3.17, RFC 9457.
    """
    view = StageView.of(rehearsal, api).tried()
    names = params.asked(policy)
    choices = [envelopes.variants(name) for name in names]
    asked = " and ".join(outline(variants[0]) for variants in choices)
    seen = [one for _, one in view.answered() if one.status >= 400 and one.method != "HEAD" and not one.cut]

    def each() -> Iterator[Observation]:
        for name, status, some in _grouped(seen):
            wrong = {one.url + (one.body or ""): (one, gaps) for one in some if (gaps := _lacks(choices, one))}
            yield _observation(view, name, status, wrong, f"answers {status} without the error envelope {asked}")

    yield from view.judged(each())


def observed_success_envelope(
    rehearsal: Rehearsal, api: Api | NotApplicable, envelopes: Envelopes, params: SuccessParams
) -> Iterator[Observation]:
    """One observation for each operation and 2xx JSON answer that was seen. Source: backend-coder 3.10."""
    view = StageView.of(rehearsal, api).tried()
    asked = envelopes.frame(params.envelope)
    seen = [one for _, one in view.answered() if 200 <= one.status < 300 and _is_json(one)]

    def each() -> Iterator[Observation]:
        for name, status, some in _grouped(seen):
            wrong = {one.url + (one.body or ""): (one, gaps) for one in some if (gaps := _gaps_of(asked, one))}
            yield _observation(view, name, status, wrong, f"answers {status} without the envelope {outline(asked)}")

    yield from view.judged(each())


def _grouped(exchanges: Sequence[Exchange]) -> Iterator[tuple[str, int, list[Exchange]]]:
    found: dict[tuple[str, int], list[Exchange]] = {}
    for one in exchanges:
        found.setdefault((one.operation, one.status), []).append(one)
    for (name, status), some in sorted(found.items()):
        yield name, status, some


def _is_json(one: Exchange) -> bool:
    kind = one.headers.get("content-type", "").partition(";")[0]
    return one.status not in _BODILESS and one.method != "HEAD" and kind.endswith(("/json", "+json")) and not one.cut


def _observation(
    view: StageView, name: str, status: int, wrong: Mapping[str, tuple[Exchange, list[str]]], verdict: str
) -> Observation:
    place, also = view.places(name, "responses", str(status))
    evidence, framework = "", False
    if wrong:
        one, gaps = wrong[min(wrong, key=len)]
        framework = all(status == 400 and "\ufffd" in request for request in wrong)
        evidence = f"{', '.join(gaps[:4])}; {curl(one)} → {status} {shown(one.answer, 200) or 'no body'}"
    return Observation(
        subject=f"{name} {status}",
        ok=not wrong,
        place=place,
        message=f"{name} {verdict}",
        evidence=evidence,
        confidence=Confidence.LOW if framework else None,
        also=also,
    )


def _lacks(choices: Sequence[Sequence[Mapping[str, Any]]], one: Exchange) -> list[str]:
    """What the body lacks of each envelope that is asked, of the nearest variant where one leaves a choice."""
    nearest = (min((_gaps_of(asked, one) for asked in variants), key=len) for variants in choices)
    return list(dict.fromkeys(gap for gaps in nearest for gap in gaps))


def _gaps_of(asked: Mapping[str, Any], one: Exchange) -> list[str]:
    try:
        value = json.loads(one.answer)
    except ValueError:
        return [f"the body is not JSON ({one.headers.get('content-type', 'no content type')})"]
    return list(_gaps(asked, value, ""))


def _gaps(asked: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    """What a body lacks of an envelope, in the words that the files of rules/envelopes/ use."""
    shown_path = f"`{path}`" if path else "the body"
    kinds = asked.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, _KINDS[kind]) for kind in kinds):
        yield f"{shown_path} is {type(value).__name__}, not {' or '.join(kinds)}"
        return
    if "const" in asked and value != asked["const"]:
        yield f"{shown_path} is {value!r}, not {asked['const']!r}"
    if isinstance(value, str) and "pattern" in asked and not re.search(asked["pattern"], value):
        yield f"{shown_path} is {shown(value, 60)!r}, which the envelope's pattern refuses"
    if isinstance(value, str) and len(value) < asked.get("minLength", 0):
        yield f"{shown_path} is empty"
    if isinstance(value, Mapping):
        for name in asked.get("required", ()):
            if name not in value:
                yield f"`{path}.{name}` is missing" if path else f"`{name}` is missing"
        for name, inner in asked.get("properties", {}).items():
            if name in value:
                yield from _gaps(inner, value[name], f"{path}.{name}" if path else name)
    if isinstance(value, list) and "items" in asked:
        for item in value[:3]:
            yield from _gaps(asked["items"], item, f"{path}[]")
