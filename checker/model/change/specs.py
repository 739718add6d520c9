"""What a change does to the locked specifications: the contract, the database schema, the validation schemas."""

from __future__ import annotations

from dataclasses import dataclass

from checker.model.observation import Place


@dataclass(frozen=True, slots=True)
class SpecChange:
    """One specification that the base has. `differs`: it means something else now, beyond words and order."""

    path: str
    differs: bool
    place: Place
    seen: str = ""
    gone: bool = False


@dataclass(frozen=True)
class SpecChanges:
    """Every specification of the base that the change touches."""

    specs: tuple[SpecChange, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """Something written down by which the change accounts for itself: a decision, an approval, an escalation."""

    path: str
    text: str


@dataclass(frozen=True)
class ChangeRecords:
    """What the change itself records, and what it found recorded."""

    new: tuple[Record, ...]
    old: tuple[Record, ...] = ()

    def naming(self, *words: str, new_only: bool = False) -> Record | None:
        """The first record that holds one of some words, whatever the case."""
        sought = [word.casefold() for word in words if word]
        for one in (*self.new, *(() if new_only else self.old)):
            text = one.text.casefold()
            if any(word in text for word in sought):
                return one
        return None
