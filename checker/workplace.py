"""What a run stands on: the audited folder, its git and base revision, the configuration it obeys, and its facts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from checker import catalog, custom, sarif_import, settings
from checker.catalog import Catalog
from checker.collect import COLLECTORS
from checker.collect.changes import Base
from checker.collect.facts import Facts
from checker.collect.files import Root, Unreadable, decoded
from checker.collect.traced import Traces
from checker.model.contract import joined
from checker.model.custom import CustomRules
from checker.model.execution import CacheFolder, Execution
from checker.model.git import SYMLINK
from checker.model.imported import Imported
from checker.model.outputs.work import AsOf
from checker.model.rule import Profile
from checker.model.settings import Description, DescriptionChange, Policy
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe import keeping
from checker.probe.git import Git
from checker.settings import Settings
from checker.toml_source import ConfigurationError

LARGEST_CONFIGURATION = 1024 * 1024  # bytes
NoGit = NotApplicable | Unavailable
UNBORN = "HEAD"  # as a base it asks for what is not committed yet: everything, before the first commit and without git


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
    mysql_bin: str | None = None
    install: bool = False
    allow_remote: str | None = None
    progress: int = -1
    plain: bool = False  # progress in lines of their own, on a terminal too
    contain: bool = True
    changed: bool = False  # judge the added lines of the change alone, where a rule is about lines
    cache: bool = False  # what was read of source may come from, and go to, the user's cache folder
    imports: tuple[Path, ...] = ()  # SARIF of other tools
    custom: CustomRules | None = None  # rules to be tried, in place of those that the policy names
    given: Mapping[type, Any] = field(default_factory=dict)  # facts that a caller already has, as golden files of tests


@dataclass(frozen=True)
class Workplace:
    """The folder, opened; closed again by the stack that it was opened with."""

    root: Root
    git: Git | NoGit
    base: Base
    catalog: Catalog
    proposed_catalog: Catalog  # with the custom rules of the head, where those are others than the base's
    custom: CustomRules
    proposed: CustomRules
    settings: Settings
    facts: Facts
    today: date  # no earlier than the base was committed, so that a clock set back revives no waiver

    @classmethod
    def open(cls, request: Request, stack: ExitStack) -> Workplace:
        """Look for git, a base and the configuration; ConfigurationError for what is wrong with them."""
        ours = catalog.load()
        root = Root(request.path)
        git = _git(request.path, stack)
        base = _base(git, request)
        if request.changed and base.revision is None and request.base != UNBORN:
            raise ConfigurationError(
                "--changed", None, "there is no base revision to find a change; name one with --base"
            )
        head, ruling = _head(root), _at(git, base.revision)
        before = ruling if base.fork == base.revision else _at(git, base.fork)
        rules, proposed = _custom(request, git, base, (head, ruling), ours)
        known = custom.joined(ours, rules)
        wanted = custom.joined(ours, proposed)
        config = settings.load(head, ruling, before, known, request.as_of.date(), wanted)
        traces = Traces()
        given = {
            Root: root,
            Git: git,
            Base: base,
            AsOf: traces.view(AsOf.__name__, AsOf(request.as_of)),
            Policy: config.policy,
            Description: config.description,
            CustomRules: rules,
            Imported: sarif_import.read(request.imports, request.path),
            DescriptionChange: config.description_change(),
            CacheFolder: CacheFolder(_cache(request.environment) if request.cache else ""),
            Execution: _execution(request, _templates(request, stack)),
            **request.given,
        }
        return cls(
            root,
            git,
            base,
            known,
            wanted,
            rules,
            proposed,
            config,
            Facts(COLLECTORS, given, traces),
            _today(git, base, request),
        )


def catalog_at(folder: Path) -> Catalog:
    """The catalogue as a folder's own configuration has it: ours, and the custom rules that it names."""
    ours = catalog.load()
    listing, read = custom.on_disk(folder)
    return custom.joined(ours, custom.load(settings.extra_rules(_head(Root(folder))), listing, read, ours))


def _custom(
    request: Request,
    git: Git | NoGit,
    base: Base,
    reads: tuple[settings.Read, settings.Read | NoGit | None],
    ours: Catalog,
) -> tuple[CustomRules, CustomRules]:
    """The custom rules that rule, and those that the head proposes: the same where nothing is proposed."""
    if request.custom is not None:
        return request.custom, request.custom
    head, ruling = reads
    listing, read = custom.on_disk(request.path)
    proposed = custom.load(settings.extra_rules(head), listing, read, ours)
    if not isinstance(git, Git) or base.revision is None or not callable(ruling):
        return proposed, proposed
    folders = settings.extra_rules(ruling, " (at the base revision)")
    paths = (
        sorted(entry.path for entry in git.ls_tree(base.revision) if entry.mode.startswith("100")) if folders else []
    )
    return custom.load(
        folders, lambda folder: [one for one in paths if one.startswith(folder.rstrip("/") + "/")], ruling, ours
    ), proposed


def _cache(environment: Mapping[str, str]) -> str:
    """The user's cache folder (XDG base directories); empty where the environment names none."""
    folder = environment.get("XDG_CACHE_HOME", "")
    home = environment.get("HOME", "")
    if not os.path.isabs(folder):
        folder = f"{home}/.cache" if os.path.isabs(home) else ""
    return f"{folder}/backend-checker" if folder else ""


def _templates(request: Request, stack: ExitStack) -> str:
    """Where new databases may be copied from: the user's cache folder, or one that lasts as long as this run."""
    if request.profile == "static":
        return ""
    kept = _cache(request.environment) if request.cache else ""
    if kept:
        return f"{kept}/postgresql"
    return stack.enter_context(TemporaryDirectory(prefix="checker-pg-template-", dir=keeping.base()))


def _execution(request: Request, templates: str) -> Execution:
    return Execution(
        templates=templates,
        profile=request.profile,
        pg_bin=request.pg_bin,
        mysql_bin=request.mysql_bin,
        environment=request.environment,
        changed=request.changed,
        install=request.install,
        allow_remote=request.allow_remote,
        progress=request.progress,
        plain=request.plain,
    )


def _git(path: Path, stack: ExitStack) -> Git | NoGit:
    try:
        git = Git.open(path)
    except Unavailable as broken:
        return Unavailable(f"git: {broken.reason}")
    if git is None:
        return NotApplicable("not a git repository, so no history and no base")
    git.look_ahead()
    return stack.enter_context(git)


def _base(git: Git | NoGit, request: Request) -> Base:
    if request.changed and request.base == UNBORN and not (isinstance(git, Git) and git.head):
        return Base(
            None, git if isinstance(git, (NotApplicable, Unavailable)) else NotApplicable("nothing is committed yet")
        )
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


def _today(git: Git | NoGit, base: Base, request: Request) -> date:
    today = request.as_of.astimezone(UTC).date()
    if not isinstance(git, Git) or base.revision is None:
        return today
    try:
        return max(today, git.committed(base.revision).date())
    except Unavailable:
        return today


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

    @cache
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
