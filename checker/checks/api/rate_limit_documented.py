"""What can be abused says that it is rate limited: mutating and open operations document 429."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.contract import Api, Contract, Response
from checker.model.observation import Observation
from checker.model.purpose import is_about_itself, is_probe
from checker.model.rule import Confidence

_LIMIT = re.compile(r"(?:x-)?rate-?limit")


def rate_limit_documented(api: Api) -> Iterator[Observation]:
    """One observation for each operation that mutates or needs no credentials; probes and the API's own pages are left out.

    Sources: RFC 6585 section 4, draft-ietf-httpapi-ratelimit-headers, Zalando #153, OWASP API4:2023.
    """
    for contract in api.contracts:
        silent = not _speaks_of_security(contract)
        for operation in contract.operations:
            if not (operation.mutates or operation.is_open) or is_probe(operation) or is_about_itself(operation):
                continue
            yield Observation(
                subject=operation.name,
                ok=any(_is_limit(one) for one in operation.responses),
                place=operation.place,
                message=f"{operation.name} does not document 429",
                evidence=f"it documents {', '.join(one.status for one in operation.responses) or 'no response'}",
                confidence=Confidence.LOW if silent and not operation.mutates else None,
            )


def _is_limit(response: Response) -> bool:
    """429 itself, a family of errors that can be told to wait, or the limit's own headers on any answer."""
    if response.status == "429" or any(_LIMIT.match(name) for name in response.headers):
        return True
    return response.status in ("4XX", "default") and "retry-after" in response.headers


def _speaks_of_security(contract: Contract) -> bool:
    """Where no operation is ever guarded, an open GET says nothing: the document may just be silent about it."""
    return any(not one.is_open for one in contract.operations)
