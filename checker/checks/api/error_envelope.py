"""Every documented error carries the envelope, and all errors of one API the same one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pydantic import Field

from checker.model.answers import Answer, error_answers
from checker.model.base import Frozen
from checker.model.contract import Api, Contract
from checker.model.envelope import Asked, EnvelopeName, Envelopes, Gap, contradictions, is_possible, outline
from checker.model.observation import Observation
from checker.model.rule import Confidence
from checker.model.shape import shape

_OAUTH_PATH = re.compile(r"(?i)oauth|token|authori[sz]|revoke|introspect")
MOST_NAMED = 4  # gaps shown as evidence
Measured = tuple[tuple[Gap, ...], ...]


class Params(Frozen):
    """`schema`: an envelope of `rules/envelopes/`. `shared`: where that leaves a choice, all errors choose alike."""

    envelope: EnvelopeName = Field(default="common", alias="schema")
    shared: bool = True


def error_envelope(api: Api, envelopes: Envelopes, params: Params) -> Iterator[Observation]:
    """One observation for each documented error: its schema promises every property that the envelope requires.

    Sources: backend-engineer 2.17, backend-coder 3.10 and 3.17, Zalando RESTful guidelines #176, AIP-193, RFC 9457.
    """
    variants = envelopes.variants(params.envelope)
    for contract in api.contracts:
        found = [(answer, _measured(answer, envelopes, params.envelope)) for answer in error_answers(contract)]
        measured = [one for _, one in found if one is not None]
        house = _house(measured) if params.shared else None
        counted = "" if house is None or len(variants) == 1 else _counted(contract, measured, variants, house)
        for answer, gaps in found:
            yield _absent(answer) if gaps is None else _present(answer, gaps, variants, house, counted)


def _measured(answer: Answer, envelopes: Envelopes, name: str) -> Measured | None:
    return None if answer.schema is None or answer.lack else envelopes.measured(name, answer.schema)


def _house(measured: Sequence[Measured]) -> int | None:
    """The envelope of this API: the variant that most of its errors can be, the earliest of equals."""
    if not measured:
        return None
    votes = [(sum(map(is_possible, each)), sum(not gaps for gaps in each)) for each in zip(*measured, strict=True)]
    best = max(votes)
    return votes.index(best) if best[0] else None


def _counted(contract: Contract, measured: Sequence[Measured], variants: Sequence[Asked], house: int) -> str:
    count = sum(is_possible(one[house]) for one in measured)
    return f"{count} of {len(measured)} errors of {contract.path} carry {outline(variants[house])}"


def _absent(answer: Answer) -> Observation:
    spot = answer.spot
    return Observation(
        subject=answer.subject,
        ok=False,
        place=spot.place,
        message=f"{answer.subject} promises no error envelope",
        evidence=f"{spot.cause}: {answer.lack}" if spot.cause else answer.lack,
        cause=spot.cause,
        confidence=Confidence.MEDIUM if answer.dangles else None,
        also=spot.also,
    )


def _present(
    answer: Answer, measured: Measured, variants: Sequence[Asked], house: int | None, counted: str
) -> Observation:
    nearest = _nearest(measured)
    chosen = nearest if house is None else house
    gaps = () if _is_oauth(answer) else measured[chosen]
    spot = answer.spot
    other = "" if is_possible(gaps) or not is_possible(measured[nearest]) else outline(variants[nearest])
    if not gaps:
        gaps = tuple(dict.fromkeys(gap for one in answer.examples for gap in contradictions(variants[chosen], one)))
        spot = answer.around(answer.response.node) if gaps else spot
    return Observation(
        subject=answer.subject,
        ok=not gaps,
        place=spot.place,
        message=_message(answer, gaps, outline(variants[chosen]), other),
        evidence=_evidence(spot.cause, gaps, other, counted),
        cause=spot.cause,
        confidence=Confidence.MEDIUM if is_possible(gaps) else None,
        also=spot.also,
    )


def _nearest(measured: Measured) -> int:
    costs = [(sum(gap.certain for gap in gaps), len(gaps)) for gaps in measured]
    return costs.index(min(costs))


def _message(answer: Answer, gaps: Sequence[Gap], asked: str, other: str) -> str:
    if not gaps:
        return f"{answer.subject} carries the error envelope {asked}"
    if other:
        return f"{answer.subject} carries another envelope than the other errors of the API"
    if is_possible(gaps):
        return f"{answer.subject} does not promise all of the error envelope {asked}"
    return f"{answer.subject} does not carry the error envelope {asked}"


def _evidence(cause: str, gaps: Sequence[Gap], other: str, counted: str) -> str:
    more = f" and {len(gaps) - MOST_NAMED} more" if len(gaps) > MOST_NAMED else ""
    seen = f"it is {other}" if other else ", ".join(map(str, gaps[:MOST_NAMED])) + more
    where = f"{cause}: " if cause else ""
    return f"{where}{seen}{f'; {counted}' if counted else ''}" if gaps else ""


def _is_oauth(answer: Answer) -> bool:
    """RFC 6749 (5.2) fixes the error of a token endpoint; no envelope of the API's own may replace it."""
    if answer.schema is None or not _OAUTH_PATH.search(answer.operation.path):
        return False
    return shape(answer.schema).properties.keys() >= {"error", "error_description"}
