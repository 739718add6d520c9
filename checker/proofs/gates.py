"""The only reader of `rules/gates.toml` and `rules/approvals.toml`: record paths, proof types, gates, weights and answers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Literal

from pydantic import Field

from checker import resources, toml_source
from checker.model.base import Frozen
from checker.model.globs import covers
from checker.model.settings import Layout
from checker.toml_source import ConfigurationError, nearest

Trust = Literal["claimed", "captured", "rerun", "rerun-signed"]
Answer = Literal["approved", "ambiguous", "rejected", "unknown"]
TRUST: tuple[Trust, ...] = ("claimed", "captured", "rerun", "rerun-signed")


class Records(Frozen):
    paths: tuple[str, ...]


class Default(Frozen):
    """A command for a stack: where one of `files` is in the tree, and `text` in it where one is asked for."""

    files: tuple[str, ...]
    text: str | None = None
    argv: tuple[str, ...]


class ProofType(Frozen):
    """How a proof of one type is made; `seconds` is the longest, `minimum` a percentage for coverage."""

    seconds: float
    minimum: float | None = None
    example: tuple[str, ...] = ("…",)
    defaults: tuple[Default, ...] = ()


class Gate(Frozen):
    """What a step needs."""

    proofs: tuple[str, ...]
    audit: Literal["agent", "gate"] | None = None
    min_trust: Trust = "captured"
    approval: bool = False


class Weights(Frozen):
    """Which kinds of signals weigh how much in the three-way rule."""

    hard: frozenset[str]
    flag: frozenset[str]
    rewritten: frozenset[str]
    base: frozenset[str]
    outdated: frozenset[str]
    grave: frozenset[str]
    review: frozenset[str]
    note: frozenset[str]


class Plugins(Frozen):
    plugins: tuple[str, ...]
    mutation_seconds: float
    addopts: tuple[str, ...]


class Environment(Frozen):
    refused: tuple[str, ...]


class Answers(Frozen):
    """What the words of an answer mean, as `rules/approvals.toml` says; `approving_options` begin an option that approves."""

    approved: frozenset[str]
    ambiguous: frozenset[str]
    rejected: frozenset[str]
    approving_options: frozenset[str]
    options: Mapping[str, Answer]

    def meaning(self, text: str) -> Answer:
        """Of a whole answer: nothing is looked for inside a longer one."""
        said = " ".join(text.replace("\u2019", "'").split()).casefold().rstrip(".!?,; ")
        if said in self.options:
            return self.options[said]
        known: dict[Answer, frozenset[str]] = {
            "approved": self.approved,
            "ambiguous": self.ambiguous,
            "rejected": self.rejected,
        }
        return next((name for name, words in known.items() if said in words), "unknown")


class Gates(Frozen):
    """Both files. `sha256` is of their text."""

    records: Records
    types: Mapping[str, ProofType]
    gates: Mapping[str, Gate]
    decision: Weights
    pytest: Plugins
    environment: Environment
    approval: Answers
    sha256: str = Field(default="")

    def is_record(self, path: str) -> bool:
        """Whether a path holds a record of work, and so no part of what is proved."""
        return self.recorded(path)

    @property
    def recorded(self) -> Callable[[str], bool]:
        """The same as one function, for whoever asks of every path of a large tree."""
        return _namer(self.records.paths)

    def recording(self, layout: Layout) -> Gates:
        """With the places besides where a layout says that records of work lie; the base's layout, never the head's."""
        more = (*layout.runs, *layout.locks, *layout.queue, *layout.outputs)
        return self.model_copy(update={"records": Records(paths=(*self.records.paths, *more))})


@lru_cache(maxsize=64)
def _namer(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """One function for all patterns: whole folders and files by comparison alone, because trees are large."""
    plain = [one.removesuffix("/**").strip("/") for one in patterns]
    globs = [one for one, bare in zip(patterns, plain, strict=True) if bare in ("", ".") or re.search(r"[*?]", bare)]
    files = frozenset(plain)
    folders = tuple(f"{one}/" for one in plain if one)
    return cache(
        lambda path: (
            path.startswith(folders) or path in files or (bool(globs) and any(covers(one, path) for one in globs))
        )
    )


@cache
def load() -> Gates:
    text = "\n[approval]\n".join(resources.text("rules", name) for name in ("gates.toml", "approvals.toml"))
    gates = toml_source.load(Gates, toml_source.parse("rules/gates.toml", text))
    return gates.model_copy(update={"sha256": hashlib.sha256(text.encode()).hexdigest()})


def named(name: str) -> Gate:
    """One gate. ConfigurationError: there is none of that name."""
    known = load().gates
    if name not in known:
        raise ConfigurationError("gate", None, f"unknown gate {name!r}{nearest(name, known)}")
    return known[name]
