"""No operation of the base breaks its clients at the head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checker.model.contract import Api, BaseApi, Contract, Operation
from checker.model.difference.change import Change
from checker.model.difference.churn import words_changed
from checker.model.difference.graphql import schema_changes
from checker.model.difference.matching import Match
from checker.model.difference.operations import Compared, compared
from checker.model.graphql import BaseGraphqlApi, GraphqlApi
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable

_NONE = NotApplicable("no GraphQL schema")


def breaking_change(
    api: Api | NotApplicable,
    base: BaseApi | NotApplicable,
    graphql: GraphqlApi | NotApplicable = _NONE,
    base_graphql: BaseGraphqlApi | NotApplicable = _NONE,
) -> Iterator[Observation]:
    """One observation for each operation or GraphQL type of the base that still holds, one for each change that may break it.

    Sources: Zalando RESTful guidelines #106 to #109, AIP-180, backend-agent "avoid breaking changes".
    """
    if isinstance(base_graphql, BaseGraphqlApi):
        head_schema = graphql if isinstance(graphql, GraphqlApi) else GraphqlApi((), {})
        yield from _of_schema(base_graphql.schema, head_schema)
    elif isinstance(base, NotApplicable):
        raise base
    if isinstance(base, BaseApi):
        yield from _of_contracts(api if isinstance(api, Api) else Api(()), base)


def _of_schema(base: GraphqlApi, head: GraphqlApi) -> Iterator[Observation]:
    unread = {defect.subject for defect in head.defects}
    for old, place, changes in schema_changes(base, head):
        if not changes:
            yield Observation(f"type {old.name}", ok=True, place=place)
        for change in changes:
            hidden = old.place.path in unread
            sure = Confidence.MEDIUM if hidden else change.confidence
            yield Observation(
                subject=change.subject,
                ok=False,
                place=change.place,
                message=f"the GraphQL schema {'breaks' if sure is Confidence.HIGH else 'may break'} its clients: {change.subject}",
                evidence=f"{change.seen}; {old.place.path} cannot be read" if hidden else change.seen,
                confidence=sure,
            )


def _of_contracts(head: Api, base: BaseApi) -> Iterator[Observation]:
    now = {base.moved.get(contract.path, contract.path): contract for contract in head.contracts}
    for one in compared(base, head):
        yield from _observed(one, now)
    yield from _words(base, head)


def _observed(one: Compared, now: Mapping[str, Contract]) -> Iterator[Observation]:
    operation = one.match.base[1]
    if one.match.head is None:
        yield _gone(one.match, now.get(one.match.base[0].path))
        return
    head = one.match.head[1]
    if one.match.moved:
        yield _moved(one.match)
    for change in _each_once(one.changes):
        yield _broken(operation, head, change)
    if not one.changes and not one.match.moved:
        yield Observation(operation.name, ok=True, place=head.place)


def _each_once(changes: tuple[Change, ...]) -> Iterator[Change]:
    """A body of several media types, or a component that is used twice, says the same thing more than once."""
    seen: set[tuple[object, ...]] = set()
    for change in changes:
        keys = {(change.trail, change.what), (change.node.path, change.node.pointer, change.step, change.what)}
        if seen.isdisjoint(keys):
            yield change
        seen |= keys


def _broken(base: Operation, head: Operation, change: Change) -> Observation:
    part = f"{change.trail.strip()} {change.what}".strip()
    node = change.node
    inside = node.path == head.node.path and node.pointer[: len(head.node.pointer)] == head.node.pointer
    shared = node.name if node.path == head.node.path else f"{node.path}{node.name if node.pointer else ''}"
    return Observation(
        subject=f"{base.name} {part}",
        ok=False,
        place=head.place if change.at_use and not inside else node.place,
        message=_title(base, part, change.confidence),
        evidence=change.seen,
        cause="" if inside else f"{shared}{change.step} {change.what}",
        confidence=change.confidence,
        also=() if inside or change.at_use else (head.place,),
    )


def _title(operation: Operation, what: str, confidence: Confidence) -> str:
    verb = "breaks" if confidence is Confidence.HIGH else "may break"
    return f"{operation.name} {verb} its clients: {what}"


def _gone(match: Match, same: Contract | None) -> Observation:
    """`same` is the head's contract in the place of the one that offered the operation."""
    contract, operation = match.base
    old = operation.node.get("deprecated") is True
    confidence = Confidence.MEDIUM if old else Confidence.HIGH
    successor = f"; the head has {match.elsewhere}" if match.elsewhere else ""
    item = same.root.at("paths", operation.path) if same else None
    return Observation(
        subject=f"{operation.name} removed",
        ok=False,
        place=item.place if item else Place(same.path if same else "."),
        message=_title(operation, "removed" if same else f"removed, as is all of {contract.path}", confidence),
        evidence=f"{contract.path} at the base {'marks it deprecated' if old else 'offers it'}, the head does not{successor}",
        cause="" if same else f"{contract.path} removed",
        confidence=confidence,
    )


def _moved(match: Match) -> Observation:
    """A contract that names a base path promises it; of one that names none it cannot be told."""
    base, head = match.base[0], (match.head or match.base)[0]
    confidence = Confidence.HIGH if base.base_paths and head.base_paths else Confidence.LOW
    return Observation(
        subject=f"{match.base[1].name} moved",
        ok=False,
        place=(head.root.at("servers") or head.root.at("basePath") or head.root).place,
        message=_title(match.base[1], "the base path moved", confidence),
        evidence=f"{_prefixes(base)} → {_prefixes(head)}",
        cause=f"{head.path} base path",
        confidence=confidence,
    )


def _prefixes(contract: Contract) -> str:
    return ", ".join(dict.fromkeys(one or "/" for one in contract.base_paths)) or "none named"


def _words(base: BaseApi, head: Api) -> Iterator[Observation]:
    """What changed in words alone, as one number for each document."""
    before = {contract.path: contract for contract in base.contracts}
    for contract in head.contracts:
        old = before.get(base.moved.get(contract.path, contract.path))
        count = words_changed(old.root.value, contract.root.value) if old else 0
        if count:
            seen = f"{count} descriptions, examples, tags or extensions changed; they break nobody"
            yield Observation(f"{contract.path} words", ok=True, place=contract.root.place, evidence=seen)
