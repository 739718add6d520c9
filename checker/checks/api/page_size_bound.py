"""The size of a page has a documented maximum."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.contract import Api, Parameter
from checker.model.lists import Listing, listings
from checker.model.observation import Observation
from checker.model.paging import is_shared, upper_bound
from checker.model.rule import Confidence

_IN_WORDS = re.compile(
    r"(?i)\b(?:max(?:imum)?|at most|up to|no more than|not exceed|capped at|limited to|between \d+ and)\W*"
    r"(?:(?!default)\w+\W+){0,4}?\d+"
)


class Params(Frozen):
    """`bounds_nothing`: a maximum of at least this many items is as good as none."""

    bounds_nothing: int = 10_000


def page_size_bound(api: Api, params: Params) -> Iterator[Observation]:
    """One observation for each list that lets the caller choose the size of a page, or that fixes it.

    Sources: backend-coder "Paginate every list endpoint", AIP-158 on coercing to a maximum, OWASP API4:2023.
    """
    for listing in listings(api):
        if listing.paging.sizes or listing.paging.continues:
            yield _observed(listing, params)


def _observed(listing: Listing, params: Params) -> Observation:
    operation = listing.operation
    loose = next((one for one in listing.paging.sizes if not _is_bounded(one, params)), None)
    if loose is None:
        return Observation(operation.name, True, operation.place)
    said, shared = _in_words(loose), is_shared(loose, operation)
    bound = upper_bound(loose)
    evidence = f"`maximum: {bound}` bounds nothing" if bound is not None else "its schema has no `maximum`"
    return Observation(
        subject=operation.name,
        ok=False,
        place=loose.node.place if shared else operation.place,
        message=f"{operation.name} lets the caller choose {loose.name!r} without a maximum",
        evidence=f"{evidence}; its description says {said!r}" if said else evidence,
        cause=loose.node.name if shared else "",
        confidence=Confidence.LOW if said else listing.confidence,
        also=(operation.place,) if shared else (),
    )


def _is_bounded(parameter: Parameter, params: Params) -> bool:
    bound = upper_bound(parameter)
    return bound is not None and bound < params.bounds_nothing


def _in_words(parameter: Parameter) -> str:
    """A maximum that is said in words alone: a reader finds it, a validator does not."""
    nodes = [node for node in (parameter.node, parameter.schema) if node is not None]
    found = (_IN_WORDS.search(text) for node in nodes if isinstance(text := node.get("description"), str))
    return next((match.group(0) for match in found if match), "")
