"""Which operation of the head stands in the place of which of the base."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from checker.model.contract import Api, BaseApi, Contract, Operation

_TEMPLATE = re.compile(r"\{[^{}]*\}")
_VERSION = re.compile(r"/v\d+(?=/|$)")
Held = tuple[Contract, Operation]


@dataclass(frozen=True, slots=True)
class Match:
    """An operation of the base and what became of it. `moved` where only its base path is another now."""

    base: Held
    head: Held | None
    moved: bool = False
    elsewhere: str = ""  # an operation of the head that looks like its successor


@dataclass(frozen=True)
class Heads:
    """The operations of the head by what a client calls: method and whole path, the names of path parameters apart."""

    api: Api
    whole: dict[tuple[str, str], Held] = field(default_factory=dict)
    relative: dict[tuple[str, str, str], Held] = field(default_factory=dict)
    unversioned: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for contract, operation in self.api.operations():
            for path in called_paths(contract, operation):
                self.whole.setdefault((operation.method, path), (contract, operation))
                self.unversioned.setdefault((operation.method, _VERSION.sub("", path)), operation.name)
            self.relative[contract.path, operation.method, _anonymous(operation.path)] = contract, operation


def matches(base: BaseApi, head: Api) -> Iterator[Match]:
    """Each operation of the base, in the order of its documents, with its like at the head.

    Looked for by whole path in all contracts of the head (a server's base path may have gone into the paths, or out of
    them), then by path alone in the contract that stands in the place of the base's.
    """
    heads = Heads(head)
    now = {base.moved.get(contract.path, contract.path): contract.path for contract in head.contracts}
    for contract in base.contracts:
        for operation in contract.operations:
            yield _match((contract, operation), heads, now.get(contract.path, ""))


def _match(held: Held, heads: Heads, path_at_head: str) -> Match:
    contract, operation = held
    paths = list(called_paths(contract, operation))
    same = next(
        (heads.whole[operation.method, path] for path in paths if (operation.method, path) in heads.whole), None
    )
    own = heads.relative.get((path_at_head, operation.method, _anonymous(operation.path)))
    if same is not None:
        kept = own if own is not None and same is not own and _shares_path(held, own) else same
        return Match(held, kept)
    if own is not None:
        return Match(held, own, moved=True)
    successor = next((heads.unversioned.get((operation.method, _VERSION.sub("", path))) for path in paths), None)
    return Match(held, None, elsewhere=successor or "")


def _shares_path(one: Held, other: Held) -> bool:
    return not set(called_paths(*one)).isdisjoint(called_paths(*other))


def called_paths(contract: Contract, operation: Operation) -> Iterator[str]:
    """The paths by which clients call an operation, one for each server, their parameters unnamed."""
    for prefix in dict.fromkeys(contract.base_paths) or ("",):
        yield f"{_anonymous(prefix).rstrip('/')}{_anonymous(operation.path)}"


def _anonymous(path: str) -> str:
    """The path with its parameters unnamed: a client cannot tell `{id}` from `{orderId}`."""
    return _TEMPLATE.sub("{}", path)
