"""Every operation that returns a list lets the caller take it in pages."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.contract import Api
from checker.model.lists import Listing, listings
from checker.model.observation import Observation
from checker.model.rule import Confidence


class Params(Frozen):
    """`max_page_size`: the largest page that a contract may allow; None where nobody fixes one."""

    max_page_size: int | None = None


def pagination(api: Api, params: Params) -> Iterator[Observation]:
    """One observation for each list operation: it takes a page parameter, or answers with a next link.

    Sources: Zalando RESTful guidelines #159, AIP-158, backend-coder "Paginate every list endpoint".
    """
    for listing in listings(api):
        problem, evidence = _problem(listing, params)
        doubtful = not listing.paging.continues and listing.paging.unclear
        yield Observation(
            subject=listing.operation.name,
            ok=not problem,
            place=listing.operation.place,
            message=f"{listing.operation.name} {problem}",
            evidence=f"{listing.seen}{evidence}",
            confidence=max(listing.confidence, Confidence.MEDIUM, key=_rank) if doubtful else listing.confidence,
        )


def _problem(listing: Listing, params: Params) -> tuple[str, str]:
    """What is wrong, and what was seen of it beside the list itself."""
    paging = listing.paging
    if not paging.continues:
        return "returns a list without pagination", "".join(_half(listing))
    largest = listing.largest_page
    if params.max_page_size is not None and largest is not None and largest > params.max_page_size:
        return f"allows pages of {largest}, more than {params.max_page_size}", ""
    return "", ""


def _half(listing: Listing) -> Iterator[str]:
    """The parts of a pagination that lead nowhere without the others."""
    paging = listing.paging
    if paging.sizes and not paging.unclear:
        yield f"; {paging.sizes[0].name!r} bounds the first page, and nothing asks for the second"
    if paging.next_token:
        yield f"; {paging.next_token!r} names the next page, and no parameter takes it"
    if paging.unclear:
        yield f"; {paging.unclear[0].name!r} may filter as well as page, and nothing describes which"


def _rank(confidence: Confidence) -> int:
    return confidence.rank
