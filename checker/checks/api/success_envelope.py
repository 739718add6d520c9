"""Every documented success in JSON has the keys of the envelope."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from checker.model.answers import BODILESS, Answer, answers, by_body
from checker.model.base import Frozen
from checker.model.contract import Api
from checker.model.envelope import Asked, Envelopes, gaps, is_possible, outline
from checker.model.observation import Observation
from checker.model.rule import Confidence
from checker.model.shape import shape

_TOKEN_PATH = re.compile(r"(?i)oauth|token")
_PROTOCOL_PATH = re.compile(
    r"(?i)/\.well-known/|/(?:oauth2?|oidc)/(?:introspect(?:ion)?|register(?:/\{[^/]+\})?|userinfo|jwks(?:\.json)?)/?$"
)
_TOKEN = frozenset({"access_token", "token_type"})


class Params(Frozen):
    """`schema`: the envelope, by its name in `rules/envelopes/`; one whose outermost keys a success has too."""

    envelope: Literal["backend-coder"] = Field(default="backend-coder", alias="schema")


def success_envelope(api: Api, envelopes: Envelopes, params: Params) -> Iterator[Observation]:
    """One observation for each JSON body of a 2xx: its schema requires every key of the envelope.

    Source: backend-coder 3.10. 204, 205 and HEAD have no body; a body that is not JSON has no keys. Left out is what
    another protocol fixes: well-known URIs (RFC 8615), OAuth tokens (RFC 6749, 5.1), introspection (RFC 7662),
    client registration (RFC 7591) and OpenID userinfo.
    """
    asked = envelopes.frame(params.envelope)
    for contract in api.contracts:
        for answer in answers(contract):
            if _has_json(answer) and not _is_of_a_protocol(answer):
                yield from (_observation(one, asked) for one in by_body(answer))


def _has_json(answer: Answer) -> bool:
    response = answer.response
    return (
        response.is_success
        and response.status not in BODILESS
        and response.json is not None
        and answer.operation.method != "HEAD"
    )


def _is_of_a_protocol(answer: Answer) -> bool:
    if _PROTOCOL_PATH.search(answer.operation.path):
        return True
    if answer.schema is None or not _TOKEN_PATH.search(answer.operation.path):
        return False
    return shape(answer.schema).properties.keys() >= _TOKEN


def _observation(answer: Answer, asked: Asked) -> Observation:
    spot = answer.spot
    found = gaps(asked, answer.schema) if answer.schema and not answer.lack else ()
    unsure = answer.dangles or (not answer.lack and is_possible(found))
    seen = answer.lack or ", ".join(map(str, found))
    verb = "does not promise all of" if unsure else "does not have"
    return Observation(
        subject=answer.subject,
        ok=not answer.lack and not found,
        place=spot.place,
        message=f"{answer.subject} {verb} the envelope {outline(asked)}",
        evidence=f"{spot.cause}: {seen}" if spot.cause and seen else seen,
        cause=spot.cause,
        confidence=Confidence.MEDIUM if unsure else None,
        also=spot.also,
    )
