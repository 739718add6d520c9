"""The only place that finds migrations outside every known layout, by their names, their folders and what they do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from checker.collect.files import Root, Unreadable
from checker.collect.migrations import LARGEST
from checker.collect.revision_operations import from_statement
from checker.collect.revision_source import unbound
from checker.model.globs import covers
from checker.model.migrations import Body, BodyState, LooseMigrations, Migrations, Operation, Revision
from checker.model.repo import Changes, Inventory, Role
from checker.model.settings import Description
from checker.model.sql_text import actions, statements
from checker.model.unavailable import NotApplicable, Unavailable

MOST = 20_000  # files that are opened
_ROLES = frozenset({Role.RUNTIME, Role.MIGRATION, Role.SCRIPT, Role.GENERATED})
_FOLDERS = frozenset("migrations migration migrate changesets ddl".split())
_OF_SQL = frozenset("schemas schema alembic versions changelogs".split())  # where other code lies as well
_NUMBERED = re.compile(r"(?i)^(?:[vr]?\d{1,14}(?:[._]\d+)*(?:__|[_-])|r__|[0-9a-f]{12}_)\w")
_OTHER_WAY = re.compile(
    r"(?i)(?:^|[._-])(?:down|undo|rollback|revert|backward|seeds?|dump|fixtures?|teardown|reset)(?:[._-]|$)|^u\d[\d._]*__"
)
_BACK = re.compile(
    r"(?im)^[ \t]*(?:--|#|/\*|//)[ \t]*(?:\+goose[ \t]+down|migrate:down|@?undo|rollback|down(?:grade)?)\b[ \t:*/-]*$"
)
_DOWN = re.compile(r"\b(?:async\s+)?(?:exports\.down|(?:function|const)\s+down|down\s*\()|\bdown\s*:")
_NAME = r"['\"`](?:[\w$]+\.)?(?P<{}>[\w$]+)['\"`]"
_TABLE, _COLUMN, _TO = (_NAME.format(name) for name in ("table", "column", "to"))
_CALLS = (
    ("drop_table", re.compile(rf"\.\s*dropTable(?:IfExists)?\s*\(\s*{_TABLE}")),
    ("drop_column", re.compile(rf"\.\s*(?:removeColumn|dropColumn)\s*\(\s*{_TABLE}\s*,\s*{_COLUMN}")),
    ("drop_column", re.compile(rf"\.\s*dropColumns?\s*\(\s*{_COLUMN}\s*\)")),
    ("drop_schema", re.compile(rf"\.\s*dropSchema(?:IfExists)?\s*\(\s*{_TABLE}")),
    ("rename_column", re.compile(rf"\.\s*renameColumn\s*\(\s*{_TABLE}\s*,\s*{_COLUMN}\s*,\s*{_TO}")),
    ("rename_table", re.compile(rf"\.\s*renameTable\s*\(\s*{_TABLE}\s*,\s*{_TO}")),
    ("create_table", re.compile(rf"\.\s*createTable(?:IfNotExists)?\s*\(\s*{_TABLE}")),
)
_RAW = re.compile(r"\.\s*(?:query|raw|execute)\s*\(\s*(?P<quote>['\"`])(?P<sql>.*?)(?P=quote)", re.DOTALL)
_DJANGO = {
    "RemoveField": "drop_column",
    "DeleteModel": "drop_table",
    "RenameField": "rename_column",
    "RenameModel": "rename_table",
    "CreateModel": "create_table",
    "AddField": "add_column",
}


def loose_migrations(
    root: Root,
    inventory: Inventory,
    description: Description,
    migrations: Migrations | NotApplicable,
    changes: Changes | NotApplicable,
) -> LooseMigrations:
    """What files that read as migrations do in the lines that the change adds; in all lines, where no change is known."""
    known = {one.path for _, one in migrations.revisions} if isinstance(migrations, Migrations) else set()
    added = changes.added if isinstance(changes, Changes) else None
    found: list[Revision] = []
    for file in inventory.files:
        if (
            file.path in known
            or file.symlink
            or file.role not in _ROLES
            or (added is not None and not added.get(file.path))
        ):
            continue
        if not _reads_so(file.path, description.layout.migrations) or len(found) >= MOST:
            continue
        try:
            one = _revision(file.path, root.text(file.path, LARGEST).text)
        except (Unreadable, Unavailable):
            continue
        if one is not None and added is not None:
            one = _only(one, added[file.path])
        if one is not None and one.up.operations:
            found.append(one)
    return LooseMigrations(tuple(found), anchored=added is not None)


def _reads_so(path: str, told: tuple[str, ...]) -> bool:
    """Whether a name or a folder says that a file takes the schema a step forward."""
    *folders, name = path.lower().split("/")
    if not name.endswith((".py", ".sql", ".js", ".ts", ".mjs", ".cjs", ".mts", ".cts")) or _OTHER_WAY.search(name):
        return False
    known = _FOLDERS | _OF_SQL if name.endswith(".sql") else _FOLDERS
    placed = not known.isdisjoint(folders) or any(
        covers(one, path) or path.startswith(one.rstrip("/") + "/") for one in told
    )
    return placed or _NUMBERED.match(name) is not None


def _revision(path: str, text: str) -> Revision | None:
    if path.endswith(".py"):
        found = unbound(path, text, _called(path))
        django = tuple(_django(text)) if found and "migrations." in text else ()
        return found and replace(found, up=replace(found.up, operations=(*found.up.operations, *django)))
    back = _BACK.search(text) if path.endswith(".sql") else _DOWN.search(text)
    forward = text[: back.start()] if back else text
    operations = tuple(_sql(forward, 1)) if path.endswith(".sql") else tuple(_script(forward))
    if path.endswith(".sql") and not _NUMBERED.match(path.rpartition("/")[2]):
        operations = tuple(_kept(operations))
    comments = "\n".join(re.findall(r"(?m)^[ \t]*(?:--|//|\*|/\*)[ \t]?(.*)$", text))
    return Revision(
        _called(path), path, (), Body(BodyState.WORKS, None, operations), Body(BodyState.MISSING), comments=comments
    )


def _called(path: str) -> str:
    """The id of a migration that has none: the number that its name begins with, or its whole name."""
    name = path.rpartition("/")[2].rpartition(".")[0]
    number = re.match(r"\d{4,}(?=[_-])", name)
    return number.group() if number else name


def _sql(text: str, line: int) -> Iterator[Operation]:
    for whole in statements(text, line):
        for one in actions(whole):
            yield from_statement(one, one.lines)


def _kept(operations: tuple[Operation, ...]) -> Iterator[Operation]:
    """What a whole schema, which drops what it makes anew, destroys beyond that."""
    made = {one.table for one in operations if one.name == "create_table"}
    return (one for one in operations if one.name != "drop_table" or one.table not in made)


def _script(text: str) -> Iterator[Operation]:
    """Calls of knex, Sequelize and TypeORM, and the SQL that is handed over as it is, in the order of their lines."""
    found: list[Operation] = []
    for name, pattern in _CALLS:
        for call in pattern.finditer(text):
            line = text.count("\n", 0, call.start() + 1) + 1
            told = call.groupdict()
            words = " ".join(call.group().split())[:300]
            said = Operation(name, (line, line), words, told.get("table"), told.get("column"), renamed=told.get("to"))
            found.append(said)
    for raw in _RAW.finditer(text):
        found += _sql(raw["sql"], text.count("\n", 0, raw.start("sql")) + 1)
    return iter(sorted(found, key=lambda one: one.lines))


def _django(text: str) -> Iterator[Operation]:
    """The operations of a Django migration; a model's table is called after the model."""
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        holder = node.func.value
        if not (isinstance(holder, ast.Name) and holder.id == "migrations"):
            continue
        lines = (node.lineno, node.end_lineno or node.lineno)
        given = [*node.args, *(one.value for one in node.keywords)]
        words = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if node.func.attr == "RunSQL" and words:
            yield from (replace(one, lines=lines) for one in _sql(words[0], 1))
        elif node.func.attr in _DJANGO and words:
            name = _DJANGO[node.func.attr]
            called = {one.arg: one.value.value for one in node.keywords if isinstance(one.value, ast.Constant)}
            of_column = name.endswith("_column")
            table = called.get("model_name", called.get("name") if not of_column else None) or words[0]
            column = (called.get("old_name") or called.get("name") or [*words, ""][1]) if of_column else None
            renamed = words[-1] if name.startswith("rename") else None
            yield Operation(
                name, lines, ast.unparse(node)[:300], str(table).lower(), column and str(column), renamed=renamed
            )


def _only(one: Revision, added: tuple[tuple[int, int], ...]) -> Revision:
    """The revision with the operations alone that stand in added lines."""
    kept = tuple(
        step
        for step in one.up.operations
        if any(first <= step.lines[1] and step.lines[0] <= last for first, last in added)
    )
    return replace(one, up=replace(one.up, operations=kept))
