"""The only place that compares two runs over a fleet: which repositories got worse, better, came or went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from checker.fleet.judging import Row

Became = Literal["worse", "better", "other", "new", "gone"]
_ORDER: tuple[Became, ...] = ("worse", "better", "other", "new", "gone")


@dataclass(frozen=True)
class Since:
    """What changed: by name how it became and in words. What stayed is not in it; `compared` is false with nothing earlier."""

    changes: Mapping[str, tuple[Became, str]]
    compared: bool = True

    def word(self, name: str) -> str:
        became, said = self.changes.get(name, ("", ""))
        return f"{became}: {said}" if said else became

    @property
    def summary(self) -> str:
        """`since the earlier run: 2 worse, 1 better, 3 new`."""
        counts = {one: sum(became == one for became, _ in self.changes.values()) for one in _ORDER}
        said = ", ".join(f"{number} {_NAMES[one]}" for one, number in counts.items() if number)
        return f"since the earlier run: {said or 'nothing changed'}"

    def of(self, became: Became) -> tuple[str, ...]:
        return tuple(sorted(name for name, (word, _) in self.changes.items() if word == became))


_NAMES: Mapping[Became, str] = {one: one if one != "other" else "with other findings" for one in _ORDER}


def since(rows: Sequence[Row], earlier: Sequence[Row], *, whole: bool = True) -> Since:
    """`whole`: the rows are all of the list, so what only the earlier run has is gone."""
    before = {row.name: row for row in earlier}
    changes: dict[str, tuple[Became, str]] = {}
    for row in rows:
        old = before.pop(row.name, None)
        if old is None:
            changes[row.name] = ("new", "")
        elif (told := _change(old, row)) is not None:
            changes[row.name] = told
    if whole:
        changes |= {name: ("gone", f"was {row.status}") for name, row in before.items()}
    return Since(changes, compared=bool(earlier))


def _change(old: Row, new: Row) -> tuple[Became, str] | None:
    """How grave findings moved, the gravest first; a verdict that was not there before, or is not now, counts before all."""
    names = ("critical", "major", "minor", "info")
    moved = [(getattr(new, name) - getattr(old, name), name) for name in names]
    said = ", ".join(f"{by:+d} {name}" for by, name in moved if by)
    if old.status != new.status:
        said = "; ".join(filter(None, (f"was {old.status}", said)))
    if not said:
        return None
    ranks = {"ready": 0, "blocked": 1}
    step = ranks.get(new.status, 2) - ranks.get(old.status, 2) or next((by for by, _ in moved if by), 0)
    return ("worse" if step > 0 else "better" if step < 0 else "other"), said
