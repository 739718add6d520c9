"""A paginated list hands out cursors, unless the contract itself decides for numbered pages."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.contract import Api, Parameter
from checker.model.lists import Listing, listings
from checker.model.observation import Observation
from checker.model.page_style import gives_no_reason, says_offset
from checker.model.paging import OPAQUE, Paging, is_shared
from checker.model.words import plain


def cursor_pagination(api: Api) -> Iterator[Observation]:
    """One observation for each paginated list: it takes a cursor that an answer hands out.

    Lists whose contract says offset, and why, are in order. Unpaginated lists are the rule `pagination`'s.
    Sources: backend-engineer "Cursor pagination preferred except if otherwise specified", Zalando #160, AIP-158.
    """
    for listing in listings(api):
        if listing.paging.continues:
            yield _observed(listing)


def _observed(listing: Listing) -> Observation:
    operation, paging = listing.operation, listing.paging
    offset = _offset(paging)
    if offset is not None and not says_offset(listing.contract, operation):
        is_one = is_shared(offset, operation)
        return Observation(
            subject=operation.name,
            ok=False,
            place=offset.node.place if is_one else operation.place,
            message=f"{operation.name} pages by {offset.name!r}, not by a cursor",
            evidence=_evidence(listing),
            cause=offset.node.name if is_one else "",
            confidence=listing.confidence,
            also=(operation.place,) if is_one else (),
        )
    lost = _lost_cursor(paging) if offset is None else ""
    return Observation(
        subject=operation.name,
        ok=not lost,
        place=operation.place,
        message=f"{operation.name} takes {lost!r}, and no documented answer hands one out",
        evidence="neither the body nor a header of the answer holds the next cursor or link",
        confidence=listing.confidence,
    )


def _evidence(listing: Listing) -> str:
    if gives_no_reason(listing.contract, listing.operation):
        return "`x-pagination` says offset and gives no reason"
    return "the contract does not say that it is meant so"


def _offset(paging: Paging) -> Parameter | None:
    """The offset parameter of a list that has no cursor; beside one, an id such as `after` is a filter."""
    if any(plain(one.name) in OPAQUE for one in paging.cursors) or (paging.cursors and paging.next_token):
        return None
    return next(iter(paging.offsets), None)


def _lost_cursor(paging: Paging) -> str:
    """An opaque cursor that the caller has nowhere to get; an `after` may be the id of the last item."""
    if paging.next_token or paging.next_link or any(plain(one.name) not in OPAQUE for one in paging.cursors):
        return ""
    return next((one.name for one in paging.cursors), "")
