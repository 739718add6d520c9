"""The only place that reads migrations written as SQL files: Prisma, dbmate, goose, Flyway, sqlx and the like."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from checker.collect.revision_conditions import in_sql
from checker.collect.revision_operations import from_statement
from checker.model.migrations import Body, BodyState, Revision, Tree, Unparsed
from checker.model.sql_text import actions, comments, statements

Read = Callable[[str], str | None]
_PAIR = re.compile(r"(?P<stem>.+)\.(?P<way>up|down)\.sql$")
_FLYWAY = re.compile(r"(?P<kind>[VU])(?P<number>\d[\d._]*)__(?P<name>.+)\.sql$")
_NUMBERED = re.compile(r"(?P<number>\d{3,})[_-].+\.sql$")
_MARKED = {
    "dbmate": (re.compile(r"(?m)^--\s*migrate:up\b.*$"), re.compile(r"(?m)^--\s*migrate:down\b.*$")),
    "goose": (re.compile(r"(?m)^--\s*\+goose\s+Up\b.*$"), re.compile(r"(?m)^--\s*\+goose\s+Down\b.*$")),
}
_DBMATE_APART = re.compile(r"(?i)\btransaction\s*:\s*false\b")
_GOOSE_APART = re.compile(r"(?im)^--\s*\+goose\s+NO\s+TRANSACTION\b")
_SQLX_APART = re.compile(r"(?im)\A\s*--\s*no-transaction\b")
_ASIDE = re.compile(r"(?i)(?:^|[._-])(?:rollback|undo|down|revert|seed|seeds)(?:[._-]|$)")


@dataclass(frozen=True)
class _Way:
    """One direction's text, the line of its file where it begins, and whether its tool runs it outside of a transaction."""

    path: str
    text: str
    first_line: int = 1
    apart: bool | None = None


@dataclass
class Written:
    """What was found: histories, files among them that their tool would refuse, folders in no layout that is known."""

    trees: list[Tree] = field(default_factory=list)
    unparsed: list[Unparsed] = field(default_factory=list)
    unknown: tuple[str, ...] = ()


def sql_trees(paths: Iterable[str], read: Read) -> Written:
    """The histories among some `.sql` files, one a folder."""
    prisma: dict[str, list[str]] = {}
    folders: dict[str, list[str]] = {}
    read = cache(read)
    for path in sorted(paths):
        parent, _, name = path.rpartition("/")
        if name in ("migration.sql", "down.sql") and "/" in parent:
            prisma.setdefault(parent.rpartition("/")[0], []).append(path)
        else:
            folders.setdefault(parent, []).append(path)
    found = Written()
    for folder, files in prisma.items():
        found.trees += _tree("prisma", folder, list(_prisma(files, read)))
        found.unparsed += _unreadable(files, read)
    for folder, files in folders.items():
        tool, revisions = _convention(files, read, found.unparsed)
        found.trees += _tree(tool, folder, revisions)
        if tool:
            found.unparsed += _unreadable(files, read)
            found.unknown += tuple(_left_over(files, revisions, found.unparsed))
        else:
            found.unknown += (folder,)
    return found


def _left_over(files: list[str], revisions: list[Revision], refused: list[Unparsed]) -> Iterator[str]:
    """Files in the folder of a history that are no step of it, such as Flyway's repeatable ones."""
    known = {one.path for one in revisions} | {one.path for one in refused}
    ways = {_PAIR.sub(r"\g<stem>", path) for path in known}
    undone = {path for path in files if re.search(r"(?:^|/)U\d[^/]*$", path)}
    yield from (path for path in files if path not in known | undone and _PAIR.sub(r"\g<stem>", path) not in ways)


def _unreadable(files: list[str], read: Read) -> Iterator[Unparsed]:
    """Files of a history that are no text, or too long: nobody knows what they do."""
    return (Unparsed(path, 1, "cannot be read as text, or is too large") for path in files if read(path) is None)


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


def _convention(files: list[str], read: Read, refused: list[Unparsed]) -> tuple[str, list[Revision]]:
    names = {path: path.rpartition("/")[2] for path in files}
    pairs = {path: found for path, name in names.items() if (found := _PAIR.match(name))}
    if pairs:
        return "sqlx", list(_paired(files, pairs, read))
    flyway = {path: found for path, name in names.items() if (found := _FLYWAY.match(name))}
    if any(found["kind"] == "V" for found in flyway.values()):
        return "flyway", list(_flyway(flyway, read))
    numbered = {path: found["number"] for path, name in names.items() if (found := _NUMBERED.match(name))}
    texts = {path: read(path) or "" for path in numbered}
    for tool, marks in _MARKED.items():
        marked = {path: text for path, text in texts.items() if marks[0].search(text)}
        if marked:
            why = f"{tool} finds no mark in it where its way up begins, and stops"
            refused += [Unparsed(path, 1, why) for path in texts if path not in marked]
            return tool, list(_marked(marked, *marks))
    plain = {path: text for path, text in texts.items() if not _ASIDE.search(names[path].removesuffix(".sql"))}
    if plain and len({numbered[path] for path in plain}) == len(plain):
        return "sqlx", list(_forward(plain))
    return "", []


def _forward(texts: dict[str, str]) -> Iterator[Revision]:
    """One file a step, with no way back: what sqlx, Drizzle and Supabase write."""
    last: tuple[str, ...] = ()
    for path, text in texts.items():
        name = path.rpartition("/")[2].removesuffix(".sql")
        yield _revision(name, last, _Way(path, text), None, path)
        last = (name,)


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
        whole = bool(_GOOSE_APART.search(text))
        ways = [whole or bool(_DBMATE_APART.search(one[0])) for one in (begins, back) if one]
        reverse = _Way(path, text[back.end() :], text.count("\n", 0, back.end()) + 1, ways[1]) if back else None
        first = _Way(path, forward, text.count("\n", 0, begins.end()) + 1, ways[0])
        yield _revision(name, last, first, reverse, path, text)
        last = (name,)


def _whole(path: str, read: Read) -> _Way:
    text = read(path) or ""
    return _Way(path, text, apart=True if _SQLX_APART.search(text) else None)


def _revision(name: str, parents: tuple[str, ...], up: _Way, down: _Way | None, path: str, whole: str = "") -> Revision:
    text = whole or up.text
    notes = "\n".join(one.strip() for one in comments(text))
    back = _body(down) if down else Body(BodyState.MISSING)
    return Revision(
        id=name,
        path=path,
        parents=parents,
        up=_body(up),
        down=back,
        notes=notes,
        digest=_digest(up.text),
        digest_down=_digest(down.text) if down else "",
        beside=(down.path,) if down and down.path != path and back.state is BodyState.WORKS else (),
        conditions=tuple(_conditions(up)),
        apart=(up.apart, down.apart if down else None),
        sql=up.text,
        sql_down=down.text if down else "",
        sql_line=up.first_line,
    )


def _digest(text: str) -> str:
    return hashlib.sha256("\n".join(one.text for one in statements(text)).encode()).hexdigest()


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
