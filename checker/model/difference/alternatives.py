"""Which alternative of a schema at the base became which at the head."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from checker.model.difference.values import types_of
from checker.model.shape import Shape


@dataclass(frozen=True, slots=True)
class Match:
    """Alternatives that belong together, those of the base that are gone, and those of the head that are new."""

    pairs: list[tuple[Shape, Shape]]
    gone: list[Shape]
    new: list[Shape]


def matched(base: tuple[Shape, ...], head: tuple[Shape, ...]) -> Match:
    """Pair by name (`#/components/schemas/Cat`), by type and properties, by place, by type; two single ones at once."""
    if len(base) == 1 == len(head):
        return Match([(base[0], head[0])], [], [])
    pairs: list[tuple[Shape, Shape]] = []
    gone, new = list(base), list(head)
    for mark in (_name_and_content, _name, _content, _place, _kind):
        gone = _pair_by(mark, gone, new, pairs)
    return Match(pairs, gone, new)


def _pair_by(
    mark: Callable[[Shape], Hashable], gone: list[Shape], new: list[Shape], pairs: list[tuple[Shape, Shape]]
) -> list[Shape]:
    left = []
    for one in gone:
        other = next((candidate for candidate in new if mark(candidate) == mark(one)), None)
        if other is None:
            left.append(one)
        else:
            new[:] = [candidate for candidate in new if candidate is not other]
            pairs.append((one, other))
    return left


def _name_and_content(one: Shape) -> Hashable:
    return _name(one), _content(one)


def _name(one: Shape) -> Hashable:
    """A place that ends in a word; one that ends in a position says nothing once something was put before it."""
    pointer = one.node.pointer
    return id(one) if not pointer or pointer[-1].isdigit() else pointer


def _place(one: Shape) -> Hashable:
    return one.node.pointer


def _content(one: Shape) -> Hashable:
    return types_of(one), frozenset(one.properties)


def _kind(one: Shape) -> Hashable:
    """Objects are told apart by more than their type, so that only other kinds are paired by it."""
    kinds = types_of(one)
    return id(one) if not kinds or "object" in kinds else kinds
