"""The only place that tells from the repository which database its app wants, and how it writes the address of one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.collect.files import Root, Unreadable
from checker.model.database_names import SCHEME, is_postgres, part_of
from checker.model.database_plan import DatabasePlan
from checker.model.repo import Inventory, Role
from checker.model.settings import Description
from checker.model.unavailable import Unavailable

LARGEST_FILE = 1024 * 1024  # bytes
MOST_FILES = 2_000
_EXAMPLES = (".env.example", ".env.sample", ".env.template", "env.example", ".env.dist", ".env.test", ".env")
_CODE = (".py", ".js", ".ts", ".mjs", ".cjs")
_COMPOSE = re.compile(r"(?:docker-)?compose[\w.-]*\.ya?ml$")
_MANIFEST = re.compile(
    r"(?:^|/)(?:requirements[\w./-]*\.(?:txt|in)|pyproject\.toml|Pipfile|setup\.(?:cfg|py)|package\.json)$"
)
_DRIVER = re.compile(
    r"(?im)(?:^|[\"'\s,\[])(asyncpg|psycopg2?(?:-binary|-pool|-c)?|pg8000|aiopg)(?:\[[\w,]+\])?\s*(?:[<>=~!\"';,^]|$)"
)
_NODE_DRIVER = re.compile(r'"(pg|pg-promise|postgres|@prisma/adapter-pg)"\s*:')
_SETTING = re.compile(r"\b([A-Z][A-Z0-9]*(?:_+[A-Z0-9]+)+|PGHOST|PGPORT|PGUSER|PGPASSWORD|PGDATABASE)\b")
_FIELD = re.compile(r"(?m)^[^\S\n]+([a-z]\w*)\s*:\s*\S")
_ASSIGNED = re.compile(r"(?m)^[^\S\n]*(?:export\s+|-\s+)?([A-Z][A-Z0-9_]*)\s*[=:]\s*[\"']?([a-z][\w+]*://[^\s\"'#]*)")


def app_database(root: Root, inventory: Inventory, description: Description) -> DatabasePlan:
    """The engine with what showed it, the schemes of its URLs and the settings that name it. No server is started here.

    Raises Unavailable for an engine of which no server of our own can be started.
    """
    found = _Signs()
    for path, text in _texts(root, inventory):
        found.read(path, text)
    engine, why = _engine(found, description)
    if engine not in ("postgresql", "sqlite"):
        raise Unavailable(
            f"the app wants {engine} ({why}), and no such server of our own can be started here;"
            ' name another engine for the rehearsal: [database] engine = "sqlite"'
        )
    return DatabasePlan(
        engine="postgresql" if engine == "postgresql" else "sqlite",
        why=why,
        schemes=tuple(dict.fromkeys(scheme for scheme, _ in found.schemes)),
        names=tuple(sorted(found.names)),
        shown=dict(sorted(found.shown.items())),
        extensions=description.database.extensions if engine == "postgresql" else (),
    )


class _Signs:
    """What the files say about a database."""

    def __init__(self) -> None:
        self.schemes: list[tuple[str, str]] = []  # with the file
        self.drivers: list[tuple[str, str]] = []
        self.names: set[str] = set()
        self.shown: dict[str, str] = {}

    def read(self, path: str, text: str) -> None:
        if _MANIFEST.search(path):
            self.drivers += [(one, path) for one in (*_DRIVER.findall(text), *_NODE_DRIVER.findall(text))]
            return
        self.schemes += [(one.lower(), path) for one in SCHEME.findall(text)]
        self.names |= {name for name in _SETTING.findall(text) if part_of(name)}
        if path.endswith(_CODE):
            if "BaseSettings" in text:
                self.names |= {name.upper() for name in _FIELD.findall(text) if part_of(name)}
            return
        for name, url in _ASSIGNED.findall(text):
            if SCHEME.match(url):
                self.shown.setdefault(name, url)


def _texts(root: Root, inventory: Inventory) -> Iterator[tuple[str, str]]:
    """Examples of an environment first, then configuration, then code: the order in which a scheme is believed."""
    ranked = sorted(
        (rank, file.path)
        for file in inventory.files
        if not file.symlink and file.size < LARGEST_FILE and (rank := _rank(file.path, file.role)) is not None
    )
    for _, path in ranked[:MOST_FILES]:
        try:
            yield path, root.text(path, LARGEST_FILE).text
        except (Unreadable, Unavailable):
            continue


def _rank(path: str, role: Role) -> int | None:
    name = path.rpartition("/")[2]
    if role in (Role.VENDORED, Role.TEST, Role.FIXTURE):
        return None
    if name in _EXAMPLES:
        return 0
    if name == "alembic.ini" or _COMPOSE.search(name):
        return 1
    if name.endswith(_CODE) and role is Role.RUNTIME:
        return 2
    return 3 if _MANIFEST.search(path) and "dev" not in name and "test" not in name else None


def _engine(found: _Signs, description: Description) -> tuple[str, str]:
    if description.database.engine:
        return description.database.engine, "as configured"
    families: dict[str, str] = {}
    for scheme, path in found.schemes:
        family = "postgresql" if is_postgres(scheme) else scheme.partition("+")[0]
        families.setdefault(family, f"{scheme}:// in {path}")
    families.pop("mongodb", None)
    if "postgresql" in families:
        return "postgresql", families["postgresql"]
    if "sqlite" in families:
        return "sqlite", families["sqlite"]
    if found.drivers:
        return "postgresql", f"{found.drivers[0][0]} in {found.drivers[0][1]}"
    return next(iter(families.items()), ("sqlite", ""))
