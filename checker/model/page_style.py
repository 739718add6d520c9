"""Where a contract decides, in its own words, for numbered pages instead of cursors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.model.contract import Contract, Operation

_OFFSET = frozenset({"offset", "page", "page-number", "limit-offset"})
_DECIDED = re.compile(
    r"(?i)\b(?:offset|page|page[- ]number|numbered[- ]page|limit[-/ ]offset)(?:[- ]based)?[- ]pagination\b"
    r"|\bpaginat\w+ (?:by|with|via|through|uses?|using|is|are) (?:an? |the |its )?"
    r"(?:`?offset`?|page numbers?|numbered pages)\b"
)
_TAKEN_BACK = re.compile(
    r"(?i)\b(?:not|no longer|never|deprecated|avoid|instead|legacy|removed?|cursors?|rather than|migrat\w+|unlike)\b"
)
_CURSORS_REFUSED = re.compile(
    r"(?i)\b(?:not|no|without|instead of|rather than|over) (?:\w+[- ]){0,2}cursors?(?:[- ]based)?(?: pagination)?\b"
)


def says_offset(contract: Contract, operation: Operation) -> bool:
    """Whether the contract decides for offsets: `x-pagination` with a reason, or a sentence in a description.

    A sentence that speaks of offsets only to take them back ("deprecated, use cursors instead") decides nothing. SCIM
    decides by itself: RFC 7644 section 3.4.2.4 fixes `startIndex`.
    """
    if "scim" in operation.path.lower().split("/"):
        return True
    if any(style in _OFFSET and reason for style, reason in _marks(contract, operation)):
        return True
    info = contract.root.get("info")
    said = [operation.node.get("description"), info.get("description") if isinstance(info, Mapping) else None]
    sentences = (
        one for text in said if isinstance(text, str) for one in re.split(r"(?<=[.!?;])\s|\n\s*\n|\n[-*#]", text)
    )
    return any(_DECIDED.search(one) and not _TAKEN_BACK.search(_CURSORS_REFUSED.sub("", one)) for one in sentences)


def gives_no_reason(contract: Contract, operation: Operation) -> bool:
    """Whether an `x-pagination` says offset without saying why."""
    return any(style in _OFFSET and not reason for style, reason in _marks(contract, operation))


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
    return str(value).lower(), reason.strip() if isinstance(reason, str) else ""
