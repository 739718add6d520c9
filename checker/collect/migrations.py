"""The only place that finds the histories of migrations in a tree, and reads them without running them."""

from __future__ import annotations

import configparser
import hashlib
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import tomli

from checker.collect.environment_source import environment
from checker.collect.files import Root, Unreadable
from checker.collect.revision_source import revision
from checker.collect.sql_migrations import sql_trees
from checker.model.migrations import Migrations, Revision, Tree, Unparsed
from checker.model.repo import Inventory, Role
from checker.model.settings import Description
from checker.model.sql_text import statements
from checker.model.unavailable import NotApplicable, Unavailable

LARGEST = 4 << 20  # bytes
_READ = frozenset(Role) - {Role.VENDORED, Role.FIXTURE, Role.TEST, Role.DOCS}
_ROLLBACK = re.compile(
    r"(?i)^(rollback\.(?:sql|md)|rollback[-_ ]?plan\.md|down\.sql|.*\.rollback\.(?:sql|md)|.*[-_]rollback\.sql)$"
)
Read = Callable[[str], str | None]


@dataclass(frozen=True)
class Listing:
    """The files of a revision or of the working tree, and how one is read; None for what cannot be."""

    paths: tuple[str, ...]
    read: Read


def migrations(root: Root, inventory: Inventory, description: Description) -> Migrations:
    """Every history. NotApplicable where there is none."""
    paths = tuple(one.path for one in inventory.files if is_read(one.path, one.role))

    def read(path: str) -> str | None:
        try:
            return root.text(path, LARGEST).text
        except (Unreadable, Unavailable):
            return None

    found = histories(Listing(paths, read), description.layout.migrations)
    if not found.trees and not found.unparsed:
        left = f"; {', '.join(found.unknown[:3])}: SQL that was not looked at" if found.unknown else ""
        raise NotApplicable(
            f"no migrations: no Alembic configuration, and no SQL files in a layout that is known{left}"
        )
    return found


def is_read(path: str, role: Role) -> bool:
    """Whether a file may be part of a history: a slug such as `drop_ab_test` makes no test of a revision."""
    folders = path.lower().split("/")[:-1]
    is_slug = role is Role.TEST and not {"test", "tests", "__tests__"} & set(folders)
    return role in _READ or (
        is_slug and folders[-1:] != [] and bool({*folders} & {"versions", "migrations", "alembic"})
    )


def histories(listing: Listing, told: tuple[str, ...]) -> Migrations:
    """What `migrations` finds, over any listing of files. `told` are folders that the configuration names."""
    unparsed: list[Unparsed] = []
    trees: list[Tree] = []
    for draft in _alembic(listing, told):
        found: list[Revision] = []
        for path in _versions(listing, draft):
            text = listing.read(path)
            one = Unparsed(path, 1, "cannot be read as text") if text is None else revision(path, text)
            if isinstance(one, Unparsed):
                unparsed.append(one)
            elif one is not None:
                found.append(_with_files(_with_rollback(one, draft, listing), draft, listing))
        trees.append(replace(draft, revisions=tuple(found)))
    taken = tuple(tree.scripts + "/" for tree in trees)
    plain = [
        one
        for one in listing.paths
        if one.endswith(".sql") and not one.startswith(taken) and _among_migrations(one, told)
    ]
    written = sql_trees(plain, listing.read)
    return Migrations((*trees, *written.trees), (*unparsed, *written.unparsed), written.unknown)


def _among_migrations(path: str, told: tuple[str, ...]) -> bool:
    folders = path.split("/")[:-1]
    return any(name.lower() in ("migrations", "migration", "migrate") for name in folders) or any(
        path.startswith(one.rstrip("/") + "/") for one in told
    )


def _alembic(listing: Listing, told: tuple[str, ...]) -> Iterator[Tree]:
    """A tree for each folder of scripts that an `alembic.ini` or `pyproject.toml` names, or that has an `env.py`."""
    known = set(listing.paths)
    seen: set[str] = set()
    taken: set[str] = set()
    for config, section, values in _configurations(listing):
        scripts = _scripts(config, values.get("script_location", ""), known)
        if scripts is None:
            continue
        folder = posixpath.dirname(config)
        places = [one for one in re.split(r"[\s,:;]+", values.get("version_locations", "")) if one]
        versions = tuple(_resolved(config, one) for one in places) or (_joined(scripts, "versions"),)
        if taken.issuperset(versions):
            continue  # another section over the same history, for another database
        seen.add(scripts)
        taken.update(versions)
        tree = _tree(listing, scripts, versions, folder or ".", config, section, values.get("sqlalchemy.url"))
        yield replace(tree, recursive=values.get("recursive_version_locations", "").strip().lower() == "true")
    for path in listing.paths:
        scripts = posixpath.dirname(path)
        looks_so = path.endswith("/env.py") and any(one.startswith(scripts + "/versions/") for one in known)
        named = any(scripts == one.rstrip("/") for one in told)
        if (looks_so or (named and path.endswith("/env.py"))) and scripts not in seen:
            seen.add(scripts)
            yield _tree(listing, scripts, (_joined(scripts, "versions"),), ".", None, "alembic", None)


def _tree(
    listing: Listing,
    scripts: str,
    versions: tuple[str, ...],
    folder: str,
    config: str | None,
    section: str,
    url: str | None,
) -> Tree:
    text = listing.read(f"{scripts}/env.py") or ""
    return Tree("alembic", scripts, versions, (), folder, config, section, text, url, says=environment(text))


def _configurations(listing: Listing) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Path, section and values of each configuration that names scripts."""
    for path in listing.paths:
        name = path.rpartition("/")[2]
        if name == "alembic.ini" or (name.endswith(".ini") and "alembic" in name):
            yield from ((path, section, values) for section, values in _ini(listing.read(path) or ""))
    for path in listing.paths:
        if path.rpartition("/")[2] == "pyproject.toml":
            values = _toml(listing.read(path) or "")
            if values:
                yield path, "alembic", values


def _ini(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for section in parser.sections():
        values = {key: value.replace("%%", "%") for key, value in parser.items(section)}
        if "script_location" in values:
            yield section, values


def _toml(text: str) -> dict[str, str]:
    try:
        read = tomli.loads(text)
    except tomli.TOMLDecodeError:
        return {}
    found = read.get("tool", {}).get("alembic", {}) if isinstance(read.get("tool"), dict) else {}
    if not isinstance(found, dict) or "script_location" not in found:
        return {}
    return {key: "\n".join(map(str, value)) if isinstance(value, list) else str(value) for key, value in found.items()}


def _scripts(config: str, written: str, known: set[str]) -> str | None:
    """The folder of scripts that a configuration means, where there is one with an `env.py`."""
    package, _, below = written.partition(":")
    named = "/".join([package.replace(".", "/"), *below.split("/")]) if below else written
    for candidate in (_resolved(config, named), posixpath.normpath(named.replace("%(here)s/", ""))):
        if f"{candidate}/env.py" in known:
            return candidate
    return (
        next((f"{top}/{named}" for top in ("src", "app") if f"{top}/{named}/env.py" in known), None) if below else None
    )


def _resolved(config: str, written: str) -> str:
    bare = written.replace("%(here)s", ".").replace("%here%", ".").strip()
    return posixpath.normpath(posixpath.join(posixpath.dirname(config), bare))


def _joined(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(folder, name))


def _versions(listing: Listing, tree: Tree) -> Iterator[str]:
    for path in listing.paths:
        folder = posixpath.dirname(path)
        below = any(folder == one or (tree.recursive and folder.startswith(one + "/")) for one in tree.versions)
        if below and path.endswith(".py") and not path.endswith("/__init__.py"):
            yield path


def _with_rollback(one: Revision, tree: Tree, listing: Listing) -> Revision:
    """The revision with the files of rollback that speak of it: named after it, or naming it, and with something in them."""
    found = []
    stem = posixpath.basename(one.path).removesuffix(".py")
    for path in listing.paths:
        if not path.startswith((tree.scripts + "/", *(folder + "/" for folder in tree.versions))):
            continue
        name = path.rpartition("/")[2]
        if _ROLLBACK.match(name):
            text = listing.read(path) or ""
            if (name.lower().startswith(stem.lower()) or one.id in text) and _says_something(path, text):
                found.append(path)
    return replace(one, beside=tuple(found)) if found else one


def _says_something(path: str, text: str) -> bool:
    if path.endswith(".sql"):
        return any(True for _ in statements(text))
    return bool(re.search(r"(?m)^(?!\s*#).*\w", text))


def _with_files(one: Revision, tree: Tree, listing: Listing) -> Revision:
    """The revision with the contents of the files that it could read in what must stay the same."""
    if not one.files:
        return one
    folders = tuple(folder + "/" for folder in (tree.scripts, posixpath.dirname(one.path), *tree.versions))
    paths = [path for path in listing.paths if path.startswith(folders) and path.rpartition("/")[2] in one.files]
    texts = "\0".join(listing.read(path) or "" for path in sorted(paths))
    return replace(one, digest=hashlib.sha256(f"{one.digest}{texts}".encode()).hexdigest()) if paths else one
