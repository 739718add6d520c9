"""The only place that notes what a fact was made from, so that a later run can tell whether it would be made the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from checker.collect.files import Root
from checker.injection import Get
from checker.model.outputs.work import AsOf
from checker.probe.git import Git

CLOCK, EVERYTHING, HISTORY, INDEX = "clock", "everything", "history", "index"
# What each answer of git depends on; one that is not named here depends on everything that git and the disk hold.
_HISTORY = frozenset(
    "head branch shallow resolve merge_base show ls_tree whole_tree log history blobs blob_ids upstream_base".split()
)
_NOTHING = frozenset(("top", "prefix", "close"))


@dataclass
class Trace:
    """Paths whose content, or absence, was looked at; what else of the repository, or the clock, was asked; other facts."""

    reads: set[str] = field(default_factory=set)
    sees: set[str] = field(default_factory=set)
    facts: set[str] = field(default_factory=set)


class Traces:
    """What each fact, by its name, was made from. A fact that goes on reading after it was made is noted like others.

    It is handed views of the given facts, which note and pass on: one for each fact, because a view outlives the collector.
    """

    def __init__(self) -> None:
        self.by_fact: dict[str, Trace] = {}

    def asking(self, of: str, get: Get) -> Get:
        """How one fact asks for others. What it does not come to ask, because another is missing, it does not rest on."""

        def asked(fact: type[Any]) -> Any:
            self.by_fact.setdefault(of, Trace()).facts.add(fact.__name__)
            return self.view(of, get(fact))

        return asked

    def view(self, of: str, given: Any) -> Any:
        """A given fact as one fact may see it."""
        trace = self.by_fact.setdefault(of, Trace())
        if isinstance(given, Root):
            return _RootView(given, trace.reads.add)
        if isinstance(given, Git):
            return _GitView(given, trace.sees.add)
        if isinstance(given, AsOf) and not isinstance(given, _Clock):
            return _Clock(given, trace.sees.add)
        return given


class _RootView(Root):
    """The folder, noting each path that is opened or looked for; every way to a file leads through `_open`."""

    def __init__(self, root: Root, note: Callable[[str], None]) -> None:
        super().__init__(root.path)
        object.__setattr__(self, "_folders", root._folders)
        object.__setattr__(self, "_note", note)

    def _open(self, path: str) -> int:
        self._noted(path)
        return super()._open(path)

    def names(self, folder: str) -> list[str]:
        self._noted(f"{folder}/")
        return super().names(folder)

    def _noted(self, path: str) -> None:
        note: Callable[[str], None] = object.__getattribute__(self, "_note")
        note(path)


class _GitView(Git):
    def __init__(self, git: Git, note: Callable[[str], None]) -> None:
        self.__dict__["_seen"] = git, note

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return object.__getattribute__(self, name)
        git, note = object.__getattribute__(self, "_seen")
        if name not in _NOTHING:
            note(HISTORY if name in _HISTORY else INDEX if name == "tracked" else EVERYTHING)
        return getattr(git, name)


class _Clock(AsOf):
    def __init__(self, as_of: AsOf, note: Callable[[str], None]) -> None:
        super().__init__(as_of.moment)
        object.__setattr__(self, "_note", note)

    def __getattribute__(self, name: str) -> Any:
        if name == "moment":
            object.__getattribute__(self, "_note")(CLOCK)
        return object.__getattribute__(self, name)
