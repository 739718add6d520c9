"""The only place that says which files are source to judge, reads them, and says of the others why they are not."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from checker.collect.files import Root, Unreadable
from checker.model.code import Language
from checker.model.repo import File, Inventory, Role
from checker.model.unavailable import Unavailable

LARGEST = 1 << 20  # bytes of one file
LONGEST_LINE = 20_000  # bytes; nobody wrote such a line by hand
MOST_NAMED = 10  # files named one by one in the notes
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


def candidates(root: Root, inventory: Inventory, notes: list[str]) -> list[Candidate]:
    """Runtime source in Python and TypeScript (JavaScript too), without the packages of a frontend."""
    packages = _packages(root, inventory)
    left: dict[str, int] = {}
    found = []
    for file in inventory.files:
        language = _LANGUAGES.get(file.path[file.path.rfind(".") :])
        if language is None or file.role is not Role.RUNTIME or file.symlink:
            continue
        if language == "typescript":
            if _CONFIGURATION.fullmatch(file.path):
                continue
            package = _nearest(file.path, packages)
            if package is not None and not packages[package]:
                left[package or "."] = left.get(package or ".", 0) + 1
                continue
        if file.size > LARGEST:
            notes.append(f"{file.path} is larger than {LARGEST >> 20} MiB and was not judged as source")
            continue
        found.append(Candidate(file.path, language, file.blob))
    notes += _of_frontends(left)
    return found


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


def content(root: Root, candidate: Candidate, notes: list[str]) -> Content | None:
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
        notes.append(f"{path} is not text and was not judged as source")
        return None
    if len(text) > LONGEST_LINE and any(len(line) > LONGEST_LINE for line in text.splitlines()):
        notes.append(f"{path} has lines of more than {LONGEST_LINE} characters and was not judged as source")
        return None
    if b"ast-grep-ignore" in text:  # no comment of the audited code silences us
        text, rewritten = text.replace(b"ast-grep-ignore", b"ast_grep_ignore"), True
    return Content(text, blob, rewritten)


def _as_utf8(path: str, data: bytes) -> tuple[bytes | None, bool]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16").encode("utf-8"), True
        except UnicodeError:
            return None, False
    try:
        data.decode("utf-8")
        return data, False
    except UnicodeDecodeError:
        cookie = next((found for line in data.splitlines()[:2] if (found := _COOKIE.match(line))), None)
        name = cookie[1].decode("ascii") if cookie and path.endswith(".py") else "cp1252"
    try:
        return data.decode(name, "replace").encode("utf-8"), True
    except LookupError:
        return None, False


def blob_id(data: bytes) -> str:
    """What git calls this content (SHA-1)."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
