"""The only place that reads migrations written as SQL files: Prisma, dbmate, goose, Flyway, sqlx and the like."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from checker.collect.revision_conditions import in_sql
from checker.collect.revision_source import from_statement
from checker.model.migrations import Body, BodyState, Revision, Tree
from checker.model.sql_text import actions, statements

Read = Callable[[str], str | None]
_PAIR = re.compile(r"(?P<stem>.+)\.(?P<way>up|down)\.sql$")
_FLYWAY = re.compile(r"(?P<kind>[VU])(?P<number>\d[\d._]*)__(?P<name>.+)\.sql$")
_NUMBERED = re.compile(r"(?P<number>\d{3,})[_-].+\.sql$")
_MARKED = {
    "dbmate": (re.compile(r"(?m)^--\s*migrate:up\b.*$"), re.compile(r"(?m)^--\s*migrate:down\b.*$")),
    "goose": (re.compile(r"(?m)^--\s*\+goose\s+Up\b.*$"), re.compile(r"(?m)^--\s*\+goose\s+Down\b.*$")),
}
_COMMENT = re.compile(r"(?m)--[ \t]?(.*)$|/\*(.*?)\*/", re.DOTALL)


@dataclass(frozen=True)
class _Way:
    """One direction's text and the line of its file where it begins."""

    path: str
    text: str
    first_line: int = 1


def sql_trees(paths: Iterable[str], read: Read) -> Iterator[Tree]:
    """The histories among some `.sql` files, one a folder; folders without a convention that is known are none."""
    prisma: dict[str, list[str]] = {}
    folders: dict[str, list[str]] = {}
    for path in sorted(paths):
        parent, _, name = path.rpartition("/")
        if name in ("migration.sql", "down.sql") and "/" in parent:
            prisma.setdefault(parent.rpartition("/")[0], []).append(path)
        else:
            folders.setdefault(parent, []).append(path)
    for folder, files in prisma.items():
        yield from _tree("prisma", folder, list(_prisma(files, read)))
    for folder, files in folders.items():
        tool, found = _convention(files, read)
        yield from _tree(tool, folder, found)


def _tree(tool: str, folder: str, revisions: list[Revision]) -> Iterator[Tree]:
    if revisions:
        yield Tree(tool, folder, (folder,), tuple(revisions), folder=folder or ".")


def _prisma(files: list[str], read: Read) -> Iterator[Revision]:
    last: tuple[str, ...] = ()
    for path in files:
        if path.endswith("/migration.sql"):
            name = path.split("/")[-2]
            down = f"{path.rpartition('/')[0]}/down.sql"
            yield _revision(name, last, _whole(path, read), _whole(down, read) if down in files else None, path)
            last = (name,)


def _convention(files: list[str], read: Read) -> tuple[str, list[Revision]]:
    names = {path: path.rpartition("/")[2] for path in files}
    pairs = {path: found for path, name in names.items() if (found := _PAIR.match(name))}
    if pairs:
        return "sqlx", list(_paired(files, pairs, read))
    flyway = {path: found for path, name in names.items() if (found := _FLYWAY.match(name))}
    if any(found["kind"] == "V" for found in flyway.values()):
        return "flyway", list(_flyway(flyway, read))
    numbered = [path for path, name in names.items() if _NUMBERED.match(name)]
    for tool, marks in _MARKED.items():
        texts = {path: read(path) or "" for path in numbered}
        if texts and all(marks[0].search(text) for text in texts.values()):
            return tool, list(_marked(texts, *marks))
    return "", []


def _paired(files: list[str], pairs: dict[str, re.Match[str]], read: Read) -> Iterator[Revision]:
    last: tuple[str, ...] = ()
    for path, found in pairs.items():
        if found["way"] == "up":
            down = path.removesuffix(".up.sql") + ".down.sql"
            yield _revision(
                found["stem"], last, _whole(path, read), _whole(down, read) if down in files else None, path
            )
            last = (found["stem"],)


def _flyway(files: dict[str, re.Match[str]], read: Read) -> Iterator[Revision]:
    undo = {found["number"]: path for path, found in files.items() if found["kind"] == "U"}
    last: tuple[str, ...] = ()
    forward = {path: found for path, found in files.items() if found["kind"] == "V"}
    for path, found in sorted(
        forward.items(), key=lambda one: [int(part) for part in re.findall(r"\d+", one[1]["number"])]
    ):
        back = undo.get(found["number"])
        yield _revision(found["number"], last, _whole(path, read), _whole(back, read) if back else None, path)
        last = (found["number"],)


def _marked(texts: dict[str, str], up: re.Pattern[str], down: re.Pattern[str]) -> Iterator[Revision]:
    last: tuple[str, ...] = ()
    for path, text in texts.items():
        begins, back = up.search(text), down.search(text)
        assert begins is not None
        name = path.rpartition("/")[2].removesuffix(".sql")
        forward = text[begins.end() : back.start() if back and back.start() > begins.end() else len(text)]
        reverse = _Way(path, text[back.end() :], text.count("\n", 0, back.end()) + 1) if back else None
        yield _revision(name, last, _Way(path, forward, text.count("\n", 0, begins.end()) + 1), reverse, path, text)
        last = (name,)


def _whole(path: str, read: Read) -> _Way:
    return _Way(path, read(path) or "")


def _revision(name: str, parents: tuple[str, ...], up: _Way, down: _Way | None, path: str, whole: str = "") -> Revision:
    text = whole or up.text
    notes = "\n".join((found[1] or found[2] or "").strip() for found in _COMMENT.finditer(text))
    return Revision(
        id=name,
        path=path,
        parents=parents,
        up=_body(up),
        down=_body(down) if down else Body(BodyState.MISSING),
        notes=notes,
        digest=hashlib.sha256("\n".join(one.text for one in statements(text)).encode()).hexdigest(),
        beside=(down.path,) if down and down.path != path else (),
        conditions=tuple(_conditions(up)),
        sql=up.text,
        sql_down=down.text if down else "",
        sql_line=up.first_line,
    )


def _conditions(way: _Way) -> Iterator[tuple[str, int]]:
    for one in statements(way.text, way.first_line):
        found = in_sql(one.text)
        if found:
            yield found, one.lines[0]


def _body(way: _Way) -> Body:
    found = list(statements(way.text, way.first_line))
    lines = (way.first_line, way.first_line + way.text.rstrip("\n").count("\n"))
    if not found:
        return Body(BodyState.EMPTY, lines)
    return Body(
        BodyState.WORKS, lines, tuple(from_statement(part, part.lines) for one in found for part in actions(one))
    )
