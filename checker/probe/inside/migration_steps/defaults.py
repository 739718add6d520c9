"""The only place that has the server say whether two defaults of a column are the same."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Optional

Try = Callable[[str], Optional[str]]  # runs one statement and undoes it; the error's text, or None
ALIKE = "select 1 / (case when (%s)::%s::text is not distinct from (%s)::%s::text then 1 else 0 end)"
UNLIKE = "division by zero"


def differing(attempt: Try, declared: Dict[str, Any], migrated: Dict[str, Any]) -> Iterator[List[Any]]:
    """Column, default of the models, of the database (None: none), and whether the server has said that they differ.

    Only for what the models declare: a default that the database has more is what a migration gave to rows that were there.
    """
    real = {one["name"]: one for one in migrated["column"] or ()}
    for one in declared["column"] or ():
        other = real.get(one["name"])
        if other is None or one["default"] is None or one["generated"] or other["generated"] or other["identity"]:
            continue
        have, want = other["default"], one["default"]
        if have is None:
            yield [one["name"], want, None, True]
        elif have != want and not _counts(have, want):
            same = _same(attempt, want, have, one["type"])
            if not same:
                yield [one["name"], want, have, same is False]


def _counts(one: str, other: str) -> bool:
    """Whether both take the next number of a sequence, whose name is older than that of its table, it may be."""
    return one.startswith("nextval(") and other.startswith("nextval(")


def _same(attempt: Try, one: str, other: str, type_name: str) -> Optional[bool]:
    """Whether they come to the same value; None where that cannot be told."""
    said = attempt(ALIKE % (one, type_name, other, type_name))
    if said is None:
        return True
    if UNLIKE not in said:
        return None
    random = [UNLIKE in (attempt(ALIKE % (each, type_name, each, type_name)) or "") for each in (one, other)]
    return all(random)  # what is new each time is alike in that
