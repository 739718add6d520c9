"""What a run stands on: the audited folder, its git and base revision, the configuration it obeys, and its facts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from checker import catalog, settings
from checker.catalog import Catalog
from checker.collect import COLLECTORS
from checker.collect.changes import Base
from checker.collect.facts import Facts
from checker.collect.files import Root, Unreadable, decoded
from checker.model.contract import joined
from checker.model.execution import Execution
from checker.model.git import SYMLINK
from checker.model.outputs.work import AsOf
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
    pg_bin: str | None = None
    install: bool = False
    allow_remote: str | None = None
    progress: int = -1
    contain: bool = True
    given: Mapping[type, Any] = field(default_factory=dict)  # facts that a caller already has, as golden files of tests


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
        head, ruling, before = _head(root), _at(git, base.revision), _at(git, base.fork)
        config = settings.load(head, ruling, before, known, request.as_of.date())
        given = {
            Root: root,
            Git: git,
            Base: base,
            AsOf: AsOf(request.as_of),
            Policy: config.policy,
            Description: config.description,
            DescriptionChange: config.description_change(),
            Execution: _execution(request),
            **request.given,
        }
        return cls(root, git, base, known, config, Facts(COLLECTORS, given))


def _execution(request: Request) -> Execution:
    return Execution(
        request.profile, request.pg_bin, request.environment, request.install, request.allow_remote, request.progress
    )


def _git(path: Path, stack: ExitStack) -> Git | NoGit:
    try:
        git = Git.open(path)
    except Unavailable as broken:
        return Unavailable(f"git: {broken.reason}")
    return stack.enter_context(git) if git else NotApplicable("not a git repository, so no history and no base")


def _base(git: Git | NoGit, request: Request) -> Base:
    if not isinstance(git, Git):
        asked = request.base or request.environment.get("CHECKER_BASE")
        if asked:
            option = "--base" if request.base else "CHECKER_BASE"
            raise ConfigurationError(option, None, f"there is no history to find {asked!r} in: {git}")
        return Base(None, git)
    try:
        revision = git.upstream_base(request.environment) if request.base is None else git.resolve(request.base)
    except Unavailable as refused:
        raise ConfigurationError("base revision", None, refused.reason) from None
    if revision is None and request.base is not None:
        raise ConfigurationError("--base", None, f"no revision {request.base!r} here; fetch it, or name another")
    return Base(revision, _fork(git, revision))


def _fork(git: Git, revision: str | None) -> str | NotApplicable | Unavailable:
    """Where HEAD left a revision: their merge base, or the revision itself where they share nothing."""
    found = git.merge_base(revision, "HEAD") if revision and git.head else revision
    if found is None and git.shallow:
        return Unavailable(
            "the clone is shallow, so what the change is made against cannot be seen; git fetch --unshallow"
        )
    return found or revision or NotApplicable("no base revision; name one with --base")


def _head(root: Root) -> settings.Read:
    def read(path: str) -> str | None:
        place = root.path / path
        others = path == settings.SHARED_FILE and place.is_symlink() and not root.exists(path)  # links out, not ours
        if others or not os.path.lexists(place):
            return None
        try:
            return root.text(path, LARGEST_CONFIGURATION).text
        except (Unreadable, Unavailable) as wrong:
            raise _refused(path, wrong) from None

    return read


def _at(git: Git | NoGit, revision: str | NoGit | None) -> settings.Read | NoGit | None:
    """How files of a revision are read: as they would be in the tree, one link inside it followed."""
    if not isinstance(git, Git) or not isinstance(revision, str):
        return revision if isinstance(revision, (NotApplicable, Unavailable)) else None

    def read(path: str) -> str | None:
        try:
            data = git.show(revision, path, LARGEST_CONFIGURATION)
            if data is not None and b"\n" not in data and _is_link(git, revision, path):
                target = joined(path, os.fsdecode(data))
                data = None if data.startswith(b"/") or target.startswith("..") else git.show(revision, target)
                if data is None and path == settings.OWN_FILE:
                    raise ConfigurationError(path, None, "links to no file of the base revision")
            return None if data is None else decoded(path, data).text
        except (Unreadable, Unavailable) as wrong:
            raise _refused(path, wrong, " (at the base revision)") from None

    return read


def _refused(path: str, wrong: Exception, revision: str = "") -> ConfigurationError:
    said = str(wrong).removeprefix(path).removeprefix(":").strip() + revision
    line, _, after = said.partition(": ")
    return ConfigurationError(path, int(line), after) if line.isdigit() else ConfigurationError(path, None, said)


def _is_link(git: Git, revision: str, path: str) -> bool:
    return any(entry.path == path and entry.mode == SYMLINK for entry in git.ls_tree(revision))
