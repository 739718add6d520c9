"""The one pass over source: each content shown once to the patterns and to the grammar, or taken from the cache."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from checker import resources
from checker.collect.code import functions
from checker.collect.code.cache import Cache, outside
from checker.collect.code.module import module_facts
from checker.collect.code.reached import reached
from checker.collect.code.sources import Candidate, Content, candidates, content
from checker.collect.code.traits import import_lines, table, traits
from checker.collect.files import Root
from checker.model.code import Function, Language, Match, Source, Unjudged
from checker.model.execution import CacheFolder
from checker.model.repo import Inventory
from checker.model.unavailable import GAVE_UP, NotApplicable, Unavailable
from checker.probe import ast_grep, ruff
from checker.probe.ast_grep import Hit
from checker.probe.git import Git

_REVISION = re.compile(rb"(?m)^down_revision\b")  # an Alembic revision, wherever it lies, is the migrations family's
_GRAMMARS = ("tree-sitter", "tree-sitter-python", "tree-sitter-typescript")
_MOST_MATCHES = 400  # of one pattern in one file
_LONGEST_MATCH = 2000  # characters kept
_WEB = re.compile(
    rb"(?m)^[^\S\n]*(?:from|import)\s+(?:fastapi|flask|starlette|litestar|sanic|quart|aiohttp|django|rest_framework|ninja|falcon|bottle)\b"
    rb"""|["'](?:express|fastify|@nestjs/[\w-]+|hono|koa|koa-router|@koa/router|@hapi/hapi|next/server|next|@trpc/server)["']"""
)


_BROKEN: Mapping[str, Any] = {
    "web": False,
    "traits": [],
    "functions": [],
    "matches": [],
    "module": None,
    "broken": [1, GAVE_UP],
}


@dataclass(frozen=True)
class Reading:
    """What every file of source shows: the records by path, in the order of paths, and what was not read and why."""

    files: tuple[tuple[Candidate, Mapping[str, Any]], ...]
    skipped: tuple[str | Unjudged, ...]


def reading(root: Root, inventory: Inventory, git: Git | NotApplicable | Unavailable, folder: CacheFolder) -> Reading:
    """Read all runtime source. NotApplicable where there is none; Unavailable where the engine cannot be run."""
    notes: list[str | Unjudged] = []
    wanted = candidates(root, inventory, notes)
    if not wanted and not any(isinstance(one, Unjudged) for one in notes):
        raise NotApplicable("; ".join(["no Python or TypeScript source of a backend", *map(str, notes[:3])]))
    changed = set(git.changed_in_worktree()) if isinstance(git, Git) else set()
    engine = ast_grep.program()
    files: list[tuple[Candidate, Mapping[str, Any]]] = []
    with Cache(outside(folder, root), _key(engine)) as kept:
        while wanted:
            files += _of(root, engine, wanted, changed, kept, notes)
            wanted = reached(root, inventory, files, frozenset(one.path for one, _ in files))
    return Reading(tuple(sorted(files, key=lambda one: one[0].path)), tuple(notes))


def _of(
    root: Root, engine: Path, wanted: list[Candidate], changed: set[str], kept: Cache, notes: list[str | Unjudged]
) -> list[tuple[Candidate, Mapping[str, Any]]]:
    """Each file that can be read with its record, which is made where nobody kept it."""
    ids = {one.path: _record_id(one, one.blob) for one in wanted if one.blob is not None and one.path not in changed}
    contents: dict[str, Content | None] = {}
    for one in wanted:
        if one.path not in ids:
            contents[one.path] = found = content(root, one, notes)
            if found is not None:
                ids[one.path] = _record_id(one, found.blob)
    known = {name: one for name, one in kept.get(ids.values()).items() if _is_record(one)}
    fresh = _once_each(wanted, ids, known)
    read = _read(root, engine, fresh, contents, notes)
    for path, record in read.items():
        known[ids[path]] = record
    kept.put({ids[path]: record for path, record in read.items() if record is not _BROKEN})
    return [(one, known[ids[one.path]]) for one in wanted if ids.get(one.path) in known]


def _once_each(wanted: Iterable[Candidate], ids: Mapping[str, str], known: Mapping[str, Any]) -> dict[str, Candidate]:
    """The files whose content nobody has read yet, one for each content."""
    first: dict[str, Candidate] = {}
    for one in wanted:
        name = ids.get(one.path)
        if name is not None and name not in known:
            first.setdefault(name, one)
    return {one.path: one for one in first.values()}


def _record_id(one: Candidate, blob: str) -> str:
    return f"{blob}{one.path[one.path.rfind('.') :]}"


@cache
def _rules() -> str:
    """Our patterns as YAML documents; those for TypeScript are asked of both of its grammars."""
    folder = resources.tree("rules") / "patterns"
    documents = []
    for language in ("python", "typescript"):
        for file in sorted(folder.joinpath(language).iterdir(), key=lambda one: one.name):
            if file.name.endswith(".yml"):
                text = file.read_text("utf-8")
                documents.append(text)
                if language == "typescript":
                    documents.append(_as_tsx(text))
    return "\n---\n".join(documents)


def _as_tsx(text: str) -> str:
    return re.sub(r"(?m)^id: typescript-", "id: tsx-", re.sub(r"(?m)^language: typescript$", "language: tsx", text))


def _key(engine: Path) -> str:
    """What a record depends on beside the content: the engines, the rules, and how we read what they say."""
    digest = hashlib.sha256()
    stat = os.stat(engine)
    digest.update(f"{engine} {stat.st_size} {stat.st_mtime_ns} {ruff.identity()}".encode())
    digest.update(" ".join(f"{one} {version(one)}" for one in _GRAMMARS).encode())
    digest.update(_rules().encode() + table().encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _read(
    root: Root,
    engine: Path,
    fresh: Mapping[str, Candidate],
    contents: dict[str, Content | None],
    notes: list[str | Unjudged],
) -> dict[str, Mapping[str, Any]]:
    """The record of each file that is not known yet; files that cannot be read have none."""
    if not fresh:
        return {}
    for path, one in fresh.items():
        if path not in contents:
            contents[path] = content(root, one, notes)
    shown = {path: found for path, one in fresh.items() if (found := contents[path]) is not None}
    top = str(root.path.resolve())
    with tempfile.TemporaryDirectory(prefix="checker-code-") as name:
        folder = Path(name).resolve()
        places = {_place(top, folder, number, path, one): path for number, (path, one) in enumerate(shown.items())}
        scan = ast_grep.scan(engine, _rules(), list(places), folder)
        hits: dict[str, list[Hit]] = defaultdict(list)
        more, left = ruff.scan([one for one in places if one.endswith(".py")], folder)
        for hit in (*scan.hits, *more):
            hits[places[hit.file]].append(hit)
    if len(scan.failed) == len(shown):
        raise Unavailable("ast-grep broke on every file; pip install --force-reinstall ast-grep-cli")
    broken = {places[file] for file in (*scan.failed, *left)}
    return {path: _BROKEN if path in broken else _record(path, one.data, hits[path]) for path, one in shown.items()}


def _place(top: str, folder: Path, number: int, path: str, one: Content) -> str:
    """Where an engine finds a content: on disk, or in our own folder where it was rewritten, or has a name that is none.

    A line break in a name would begin another option in a list of files, and bytes that are no text come back as others.
    """
    place = f"{top}/{path}"
    if not one.rewritten and place.isprintable():
        return place
    copy = folder / f"{number}{path[path.rfind('.') :]}"
    copy.write_bytes(one.data)
    return str(copy)


def _record(path: str, data: bytes, hits: Iterable[Hit]) -> dict[str, Any]:
    """What is kept of one content: plain JSON, without its path."""
    hits = sorted(hits, key=lambda hit: (hit.bytes, hit.rule))
    module = module_facts(path, data)
    record: dict[str, Any] = {
        "web": bool(_WEB.search(import_lines(data))),
        "traits": traits(path, data),
        "functions": [],
        "matches": [],
        "module": module,
    }
    broken = next((hit for hit in hits if hit.rule.endswith("-unparsed")), None)
    if broken is not None:
        record["broken"] = [broken.lines[0], broken.text[:80]]
    hits = [hit for hit in hits if not hit.rule.endswith("-unparsed")]
    if not hits or _REVISION.search(data):
        return record
    tree = functions.parsed(path, data)
    numbers: dict[Function, int] = {}
    counts: dict[str, int] = defaultdict(int)
    for hit in hits:
        pattern = hit.rule.partition("-")[2]
        counts[pattern] += 1
        if counts[pattern] > _MOST_MATCHES:
            continue
        symbol, holder = functions.around(tree, *hit.bytes)
        number = -1 if holder is None else numbers.setdefault(holder, len(numbers))
        names = {name: text[:_LONGEST_MATCH] for name, text in hit.names.items()}
        record["matches"].append([pattern, *hit.lines, hit.text[:_LONGEST_MATCH], names, symbol, number])
    record["functions"] = [
        [one.symbol, *one.lines, one.text, one.is_async, one.parameters, list(one.decorators)] for one in numbers
    ]
    return record


def _is_record(record: object) -> bool:
    """Whether a record has the shape that we write: a cache is not trusted."""
    try:
        one: Any = record
        list(matches_of("", "python", one))
        return isinstance(one["module"], dict | None) and source_of("", "python", one) is not None
    except (LookupError, TypeError, ValueError, AttributeError):
        return False


def source_of(path: str, language: Language, record: Mapping[str, Any]) -> Source:
    """A file as a fact."""
    line, text = record.get("broken") or (None, "")
    shown = frozenset(str(one) for one in record["traits"])
    names = record["module"]["names"].values() if record["module"] else ()
    imports = tuple(".".join(map(str, found[1:])) for found in names if found[0] == "import")
    return Source(path, language, line, str(text), bool(record["web"]), imports, shown)


def matches_of(path: str, language: Language, record: Mapping[str, Any]) -> list[Match]:
    """The matches of a file as facts."""
    known = [
        Function(symbol, (int(first), int(last)), str(text), bool(is_async), str(parameters), tuple(decorators))
        for symbol, first, last, text, is_async, parameters, decorators in record["functions"]
    ]
    return [
        Match(
            pattern,
            language,
            path,
            (int(first), int(last)),
            str(text),
            dict(names),
            str(symbol),
            None if number < 0 else known[number],
        )
        for pattern, first, last, text, names, symbol, number in record["matches"]
    ]
