"""A paginated list hands out cursors, unless the contract itself decides for numbered pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.model.contract import Api, Contract, Operation, Parameter
from checker.model.lists import Listing, listings
from checker.model.observation import Observation
from checker.model.paging import OPAQUE, Paging, is_shared, plain

_DECIDED = re.compile(
    r"(?i)\b(?:offset|page|page[- ]number|numbered[- ]page|limit[-/ ]offset)(?:[- ]based)?[- ]pagination\b"
    r"|\bpaginat\w+ (?:by|with|via|through|uses?|using|is|are) (?:an? |the |its )?(?:`?offset`?|page numbers?|numbered pages)\b"
)
_UNDECIDED = re.compile(
    r"(?i)\b(?:not?|never|deprecated|avoid|instead|legacy|removed?|cursors?|rather than|migrat\w+|unlike)\b"
)
_REFUSED = re.compile(
    r"(?i)\b(?:not|no|without|instead of|rather than|over) (?:\w+[- ]){0,2}cursors?(?:[- ]based)?(?: pagination)?\b"
)


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
    if offset is not None and not _says_offset(listing.contract, operation):
        is_one = is_shared(offset, operation)
        return Observation(
            subject=operation.name,
            ok=False,
            place=offset.node.place if is_one else operation.place,
            message=f"{operation.name} pages by {offset.name!r}, not by a cursor",
            evidence=_unreasoned(listing.contract, operation) or "the contract does not say that it is meant so",
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


def _says_offset(contract: Contract, operation: Operation) -> bool:
    """Whether the contract decides for offsets: `x-pagination` with a reason, or a sentence in a description."""
    if any(style == "offset" and reason for style, reason in _marks(contract, operation)):
        return True
    info = contract.root.get("info")
    said = [operation.node.get("description"), info.get("description") if isinstance(info, Mapping) else None]
    sentences = (
        one for text in said if isinstance(text, str) for one in re.split(r"(?<=[.!?;])\s|\n\s*\n|\n[-*#]", text)
    )
    return any(_DECIDED.search(one) and not _UNDECIDED.search(_REFUSED.sub("", one)) for one in sentences)


def _unreasoned(contract: Contract, operation: Operation) -> str:
    if any(style == "offset" for style, _ in _marks(contract, operation)):
        return "`x-pagination` says offset and gives no reason"
    return ""


def _marks(contract: Contract, operation: Operation) -> Iterator[tuple[str, str]]:
    """Style and reason of each `x-pagination` that covers an operation: its own, its path's, the document's."""
    item = contract.root.at("paths", operation.path)
    holders = [operation.node.value, item.value if item else None, contract.root.value, contract.root.get("info")]
    for holder in holders:
        if isinstance(holder, Mapping) and "x-pagination" in holder:
            yield _mark(holder["x-pagination"], holder.get("x-pagination-reason"))


def _mark(value: Any, reason: Any) -> tuple[str, str]:
    if isinstance(value, Mapping):
        value, reason = value.get("style"), value.get("reason", reason)
    style = "offset" if str(value).lower() in ("offset", "page", "page-number", "limit-offset") else str(value)
    return style, reason.strip() if isinstance(reason, str) else ""
