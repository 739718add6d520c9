"""What a run stands on: the audited folder, its git and base revision, the configuration it obeys, and its facts."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from checker import catalog, settings
from checker.catalog import Catalog
from checker.collect import COLLECTORS
from checker.collect.changes import Base
from checker.collect.facts import Facts
from checker.collect.files import Root, Unreadable
from checker.model.rule import Profile
from checker.model.settings import Description, DescriptionChange, Policy
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git
from checker.settings import Settings
from checker.toml_source import ConfigurationError

LARGEST_CONFIGURATION = 1024 * 1024  # bytes
NoGit = NotApplicable | Unavailable


@dataclass(frozen=True)
class Request:
    """What the caller asks for; the only consent to execute anything is `profile`."""

    path: Path
    standards: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    profile: Profile = "static"
    base: str | None = None
    as_of: datetime = field(default_factory=lambda: datetime.now(UTC))
    environment: Mapping[str, str] = field(default_factory=dict)
    baseline: Path | None = None
    contain: bool = True


@dataclass(frozen=True)
class Workplace:
    """The folder, opened; closed again by the stack that it was opened with."""

    root: Root
    git: Git | NoGit
    base: Base
    catalog: Catalog
    settings: Settings
    facts: Facts

    @classmethod
    def open(cls, request: Request, stack: ExitStack) -> Workplace:
        """Look for git, a base and the configuration; ConfigurationError for what is wrong with them."""
        known = catalog.load()
        root = Root(request.path)
        git = _git(request.path, stack)
        base = _base(git, request)
        config = settings.load(_head(root), _at_base(git, base), known, request.as_of.date())
        given = {
            Root: root,
            Git: git,
            Base: base,
            Policy: config.policy,
            Description: config.description,
            DescriptionChange: config.description_change(),
        }
        return cls(root, git, base, known, config, Facts(COLLECTORS, given))


def _git(path: Path, stack: ExitStack) -> Git | NoGit:
    try:
        git = Git.open(path)
    except Unavailable as broken:
        return Unavailable(f"git: {broken.reason}")
    return stack.enter_context(git) if git else NotApplicable("not a git repository, so no history and no base")


def _base(git: Git | NoGit, request: Request) -> Base:
    if not isinstance(git, Git):
        if request.base:
            raise ConfigurationError("--base", None, f"there is no history to find {request.base!r} in: {git}")
        return Base(None, str(git))
    if request.base is None:
        found = git.upstream_base(request.environment)
        return Base(found, "" if found else "no base revision; name one with --base")
    revision = git.resolve(request.base)
    if revision is None:
        raise ConfigurationError("--base", None, f"no revision {request.base!r} here; fetch it, or name another")
    return Base(git.merge_base(revision, "HEAD") or revision)


def _head(root: Root) -> settings.Read:
    def read(path: str) -> str | None:
        if not (root.path / path).is_file():
            return None
        try:
            return root.text(path, LARGEST_CONFIGURATION).text
        except (Unreadable, Unavailable) as wrong:
            raise ConfigurationError(path, None, str(wrong)) from None

    return read


def _at_base(git: Git | NoGit, base: Base) -> settings.Read | None:
    if not isinstance(git, Git) or base.revision is None:
        return None
    revision = base.revision

    def read(path: str) -> str | None:
        data = git.show(revision, path, LARGEST_CONFIGURATION)
        return None if data is None else data.decode("utf-8-sig", "replace")

    return read
