"""Every operation that returns a list lets the caller take it in pages."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.contract import Api
from checker.model.lists import Listing, listings
from checker.model.observation import Observation


class Params(Frozen):
    """`max_page_size`: the largest page that a contract may allow; None where nobody fixes one."""

    max_page_size: int | None = None


def pagination(api: Api, params: Params) -> Iterator[Observation]:
    """One observation for each list operation: it takes a page parameter, or answers with a next link.

    Sources: Zalando RESTful guidelines #159, AIP-158, backend-coder "Paginate every list endpoint".
    """
    for listing in listings(api):
        problem = _problem(listing, params)
        yield Observation(
            subject=listing.operation.name,
            ok=not problem,
            place=listing.operation.place,
            message=f"{listing.operation.name} {problem}",
            evidence=listing.seen,
            confidence=listing.confidence,
        )


def _problem(listing: Listing, params: Params) -> str:
    if not listing.is_paged:
        return "returns a list without pagination"
    largest = listing.largest_page
    if params.max_page_size is not None and largest is not None and largest > params.max_page_size:
        return f"allows pages of {largest}, more than {params.max_page_size}"
    return ""
