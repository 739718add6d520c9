"""Where the members of a JSON or YAML text stand, as offsets, in a tree that a pointer can be followed through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

BLANK = " \t\r\n"
Wanted: TypeAlias = dict[str, "Wanted"]


@dataclass(slots=True)
class Branch:
    """The members of a collection that somebody may ask for; `merged` are those behind `<<`, the strongest first."""

    is_list: bool = False
    members: dict[str, Span] = field(default_factory=dict)
    merged: list[Branch] = field(default_factory=list)

    def merge(self, source: Branch | None) -> None:
        """What a later `<<` brings is stronger, what stands first in its list is strongest (yaml.org/type/merge)."""
        if source is not None:
            sources = [inside for _, _, inside in source.members.values()] if source.is_list else [source]
            self.merged[:0] = [each for each in sources if each is not None]

    def find(self, key: str) -> Span | None:
        """The member of that name, a merged one too."""
        branches, seen = [self], set[int]()
        while branches:
            branch = branches.pop()
            if key in branch.members:
                return branch.members[key]
            if id(branch) not in seen:
                seen.add(id(branch))
                branches.extend(reversed(branch.merged))
        return None


Span: TypeAlias = tuple[int, int, Branch | None]
"""Where a member starts, where its content ends (exclusive), and what is inside."""
