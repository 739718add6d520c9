"""The only place that says which files are source to judge, reads them, and says of the others why they are not."""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from checker.collect.files import Root, Unreadable
from checker.collect.roles import roles_of
from checker.model.code import Language, Unjudged
from checker.model.repo import File, Inventory, Role
from checker.model.settings import Layout
from checker.model.unavailable import Unavailable

LARGEST = 1 << 20  # bytes of one file
LONGEST_LINE = 20_000  # bytes; nobody wrote such a line by hand
MOST_NAMED = 10  # files named one by one in the notes
_ROLE = roles_of(Layout())
_LANGUAGES: dict[str, Language] = {
    ".py": "python",
    **dict.fromkeys((".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"), "typescript"),
}
_SERVER = re.compile(
    r"express|fastify|@nestjs/.+|koa|hono|@hapi/hapi|restify|elysia|polka|@trpc/server|apollo-server.*|@apollo/server|"
    r"prisma|@prisma/client|typeorm|drizzle-orm|sequelize|knex|mongoose|kysely|pg|mysql2?|ioredis|bullmq|jsonwebtoken|bcrypt(?:js)?|"
    r"@mikro-orm/.+|graphql-yoga|@adonisjs/core|@feathersjs/.+|@loopback/.+|serverless|aws-lambda"
)
_CONFIGURATION = re.compile(
    r"(?i).*\.(?:config|conf|setup|stories|d)\.[cm]?[jt]sx?|(?:.*[/.])?(?:gulpfile|gruntfile|karma)\b.*"
)
LARGEST_LOOKED_AT = 16 << 20  # bytes; of what is too large to be judged, to tell code from data
_SERVES = re.compile(
    rb"(?m)^[^\S\n]*(?:@\w+(?:\.\w+)*\.(?:get|post|put|patch|delete|route|websocket)\("
    rb"|from (?:fastapi|flask|starlette|litestar|django)\b)"
    rb"|\b(?:app|router|server|fastify)\.(?:get|post|put|patch|delete|use|all)\(\s*[\"'`]/|[\"'](?:express|fastify|koa|hono|@nestjs/\w+)[\"']"
    rb"|\.execute\(\s*(?:f[\"']|text\()|\$queryRawUnsafe\("
)
_FRAMEWORK = re.compile(
    rb"(?:from|require\(|import)\s*[\"'](?:express|fastify|koa|hono|restify|@hapi/hapi|@nestjs/\w+)[\"']"
)
_CONCEALS = re.compile(  # encodings whose ASCII bytes Python reads as other characters (PEP 263), as it calls them itself
    r"utf-(?:7|16|32).*|.*unicode.?escape|hz|iso2022.*|idna|punycode|cp(?:037|273|424|500|864|875|1026|1140)|rot.?13"
)
_ENDLESS = ("idna", "punycode")  # decoding takes the square of the length
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")  # PEP 263


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file of source that is to be judged, by its path and what its content is called."""

    path: str
    language: Language
    blob: str | None


@dataclass(frozen=True, slots=True)
class Content:
    """What is in it, as UTF-8. `rewritten` when the bytes on disk are not what is to be shown to an engine."""

    data: bytes
    blob: str
    rewritten: bool = False


def candidates(root: Root, inventory: Inventory, notes: list[str | Unjudged]) -> list[Candidate]:
    """Runtime source in Python and TypeScript (JavaScript too), without the packages of a frontend."""
    packages = _packages(root, inventory)
    left: dict[str, int] = {}
    found = []
    for file in inventory.files:
        language = language_of(file.path)
        if language is None or file.role is not Role.RUNTIME or (file.symlink and _stands_itself(root, file.path)):
            continue
        if language == "typescript":
            package, of_a_tool = _nearest(file.path, packages), _CONFIGURATION.fullmatch(file.path) is not None
            of_a_page = package is not None and not packages[package]
            if (of_a_tool or of_a_page) and not _starts_a_server(root, file):
                if not of_a_tool:
                    left[package or "."] = left.get(package or ".", 0) + 1
                continue
        if file.size > LARGEST:
            notes.append(
                Unjudged(file.path, f"is larger than {LARGEST >> 20} MiB", _speaks_of_a_server(root, file.path))
            )
            continue
        found.append(Candidate(file.path, language, None if file.symlink else file.blob))
    notes += _of_frontends(left)
    return found


def _starts_a_server(root: Root, file: File) -> bool:
    """Whether a script names a framework for servers and registers routes; components of a page are not looked at."""
    if file.path.endswith("x") or file.size > LARGEST:
        return False
    try:
        text = root.read(file.path, LARGEST)
    except (Unreadable, Unavailable):
        return False
    return _FRAMEWORK.search(text) is not None and serves(text)


def _stands_itself(root: Root, path: str) -> bool:
    """Whether what a link leads to is judged under its own name; what lies elsewhere as data is judged under the link's."""
    try:
        target = (root.path / path).resolve(strict=True).relative_to(root.path.resolve()).as_posix()
    except (OSError, RuntimeError, ValueError):
        return True  # it leads out, and is not followed
    return language_of(target) is not None and _ROLE(target) is Role.RUNTIME


def language_of(path: str) -> Language | None:
    """The language of a file of source, by its ending."""
    return _LANGUAGES.get(path[path.rfind(".") :])


def serves(text: bytes) -> bool:
    """Whether source speaks of a server: routes, a framework, SQL that is run."""
    return _SERVES.search(text) is not None


def _of_frontends(left: dict[str, int]) -> Iterator[str]:
    if left:
        most = sorted(left, key=lambda name: (-left[name], name))
        more = f" and {len(most) - 5} more packages" if len(most) > 5 else ""
        named = ", ".join(most[:5])
        yield f"{sum(left.values())} files of {named}{more} were not judged as backend source: no server in their package.json"


def _packages(root: Root, inventory: Inventory) -> dict[str, bool]:
    """Each folder with a package.json, and whether what it depends on serves or stores anything."""
    return {
        file.path[: -len("package.json")]: _serves(root, file)
        for file in inventory.files
        if file.path.rpartition("/")[2] == "package.json" and file.role is Role.RUNTIME and not file.symlink
    }


def _serves(root: Root, file: File) -> bool:
    try:
        package = json.loads(root.read(file.path, LARGEST))
        names = {
            name for key in ("dependencies", "devDependencies", "peerDependencies") for name in package.get(key) or ()
        }
    except (Unreadable, Unavailable, ValueError, AttributeError, TypeError, RecursionError):
        return True  # what cannot be read says nothing, and is judged
    return not names or any(_SERVER.fullmatch(str(name)) for name in names)


def _nearest(path: str, packages: dict[str, bool]) -> str | None:
    folder = path
    while folder:
        folder = folder[: folder.rstrip("/").rfind("/") + 1]
        if folder in packages:
            return folder
    return None


def content(root: Root, candidate: Candidate, notes: list[str | Unjudged]) -> Content | None:
    """A file's content, None with a note for what a person cannot have written or nobody can read."""
    path = candidate.path
    try:
        data = root.read(path, LARGEST)
    except (Unreadable, Unavailable) as refused:
        notes.append(str(refused))
        return None
    blob = blob_id(data)
    text, rewritten = _as_utf8(path, data)
    if text is None or b"\0" in text:
        notes.append(Unjudged(path, "is not text"))
        return None
    if len(text) > LONGEST_LINE and any(len(line) > LONGEST_LINE for line in text.splitlines()):
        notes.append(Unjudged(path, f"has lines of more than {LONGEST_LINE} characters", serves(text)))
        return None
    if b"ast-grep-ignore" in text:  # no comment of the audited code silences us
        text, rewritten = text.replace(b"ast-grep-ignore", b"ast_grep_ignore"), True
    return Content(text, blob, rewritten)


def _speaks_of_a_server(root: Root, path: str) -> bool:
    """Whether a file that is too large to be judged is code of a backend, and no table of data; it is, where nobody can tell."""
    try:
        return serves(root.read(path, LARGEST_LOOKED_AT))
    except (Unreadable, Unavailable):
        return True


def _as_utf8(path: str, data: bytes) -> tuple[bytes | None, bool]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16").encode("utf-8"), True
        except UnicodeError:
            return None, False
    cookie = next((found for line in data.splitlines()[:2] if (found := _COOKIE.match(line))), None)
    told = cookie[1].decode("ascii") if cookie and path.endswith(".py") else ""
    try:
        data.decode("utf-8")
        if not told or _CONCEALS.fullmatch(_codec(told)) is None:
            return data, False
    except UnicodeDecodeError:
        told = told or "cp1252"
    if _codec(told) in _ENDLESS:
        return None, False
    try:
        return data.decode(told, "replace").encode("utf-8", "replace"), True  # what Python makes of it
    except (LookupError, ValueError, RuntimeError, Warning):  # an escape that is none is a warning
        return None, False


def _codec(name: str) -> str:
    """What Python calls an encoding, whatever alias was written."""
    try:
        return codecs.lookup(name).name
    except LookupError:
        return name


def blob_id(data: bytes) -> str:
    """What git calls this content (SHA-1)."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
