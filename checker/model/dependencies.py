"""Facts about what the backend stands on: declared packages, container images, and the technologies behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from checker.model.observation import Place


@dataclass(frozen=True, slots=True)
class Dependency:
    """One package that a manifest declares. `pinned`: one version alone; `group`: runtime, or what it is only needed for."""

    name: str
    path: str
    line: int | None
    requirement: str
    group: str = "runtime"
    pinned: bool = False

    @property
    def place(self) -> Place:
        return Place(self.path, (self.line, self.line) if self.line else None)


@dataclass(frozen=True, slots=True)
class Image:
    """One container image or provisioned resource that the repository brings up."""

    name: str
    path: str
    line: int | None

    @property
    def place(self) -> Place:
        return Place(self.path, (self.line, self.line) if self.line else None)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One file of requirements. `locked`: a lock file beside or above it settles the versions."""

    path: str
    dependencies: tuple[Dependency, ...]
    locked: bool = False
    unread: str = ""  # why it could not be read
    exact: bool = False  # a list of requirements that is installed as it stands


@dataclass(frozen=True)
class Dependencies:
    """What the head declares."""

    manifests: tuple[Manifest, ...]
    images: tuple[Image, ...] = ()

    @property
    def direct(self) -> Iterator[Dependency]:
        """Every package that a person chose: where a project declares its own, lists of pins beside it are its result."""
        declared = {one.path.rpartition("/")[0] for one in self.manifests if not one.exact and one.dependencies}
        for one in self.manifests:
            if not (one.exact and one.path.rpartition("/")[0] in declared):
                yield from one.dependencies

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(one.name for one in self.direct)


@dataclass(frozen=True)
class BaseDependencies:
    """What the base declares."""

    before: Dependencies


@dataclass(frozen=True)
class Technology:
    """One product that packages and images stand for."""

    id: str
    kind: str
    names: tuple[str, ...]
    packages: frozenset[str]
    images: frozenset[str]


@dataclass(frozen=True)
class Technologies:
    """Every technology that `rules/technologies.toml` knows."""

    known: tuple[Technology, ...]

    @cached_property
    def by_package(self) -> Mapping[str, Technology]:
        return {package: one for one in self.known for package in one.packages}

    def of_image(self, image: str) -> Technology | None:
        bare = re.sub(r"^(?:docker\.io|index\.docker\.io)/(?:library/)?|^library/", "", re.split(r"[:@]", image)[0])
        return next((one for one in self.known if bare in one.images), None)


@dataclass(frozen=True)
class StackDocuments:
    """What says which technologies are approved: the documents of the stack, and every recorded decision."""

    stack: tuple[tuple[str, str], ...]
    decisions: tuple[tuple[str, str], ...] = ()
    memory: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    def name(self, package: str, technology: Technology | None) -> bool:
        """Whether a document or a decision names a package, or the technology that it stands for."""
        if package not in self.memory:
            words = [*spellings(package), *(technology.names if technology else ())]
            pattern = re.compile("|".join(rf"(?<![\w-]){re.escape(word)}(?![\w-])" for word in words), re.IGNORECASE)
            self.memory[package] = any(
                pattern.search(normal(text)) or pattern.search(text) for _, text in (*self.stack, *self.decisions)
            )
        return self.memory[package]


def normal(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def spellings(package: str) -> tuple[str, ...]:
    """The ways in which a document may call a package."""
    bare = normal(package) if not package.startswith("@") else package
    short = re.sub(
        r"^(?:python|py|node|django|flask|fastapi|pytest|sqlalchemy)-|-(?:binary|python|py|js|sdk|client|stubs)$",
        "",
        bare,
    )
    scope = re.match(r"@([\w-]+)/", package)
    return tuple(
        dict.fromkeys(
            [
                bare,
                bare.replace("-", " "),
                bare.replace("-", ""),
                *([short] if len(short) > 2 else []),
                *([scope[1]] if scope else []),
            ]
        )
    )
