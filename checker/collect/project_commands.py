"""The only place that looks for the commands by which a project builds, lints and tests itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from checker.collect.files import Root, Unreadable
from checker.model.globs import covers
from checker.model.project import Command
from checker.model.repo import Inventory, Role
from checker.model.unavailable import Unavailable
from checker.proofs import gates

LARGEST = 1 << 20  # bytes of one file
KINDS = ("build_output", "lint_output", "test_output")
_READ = re.compile(
    r"(?:GNUm|[Mm])akefile|[Jj]ustfile|package\.json|pyproject\.toml|tox\.ini|\.gitlab-ci\.yml|\.github/workflows/[^/]+\.ya?ml"
    r"|(?:bin|scripts?)/[\w.-]+\.sh"
)
_TASK = re.compile(r"""^[\w"-]+\s*=\s*(?:\{\s*(?:cmd|shell)\s*=\s*)?["'](.+?)["']\s*[,}]?""")  # of poe, taskipy, PDM
_LEAD = re.compile(r"""^[\s@-]*(?:(?:run|script|commands)\s*[:=]\s*)?[\s|>"']*""")
_APART = re.compile(r"&&|\|\||[;|]")
_WRAPS = frozenset(
    "poetry uv pdm pipenv hatch rye run npx pnpm yarn bunx exec python python3 -m coverage cross-env dotenv -- docker compose"
    " docker-compose sudo time".split()
)
_SET = re.compile(r"^[A-Z_]\w*=\S*$|^--?[\w-]+(?:=\S+)?$")
_TOOLS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (  # proof type, how it is called, how we call it
    ("test_output", ("pytest",), ("python", "-m", "pytest")),
    ("test_output", ("py.test",), ("python", "-m", "pytest")),
    ("test_output", ("unittest",), ("python", "-m", "unittest")),
    ("test_output", ("vitest",), ("npx", "vitest", "run")),
    ("test_output", ("jest",), ("npx", "jest")),
    ("test_output", ("node", "--test"), ("node", "--test")),
    ("lint_output", ("ruff", "check"), ("ruff", "check")),
    ("lint_output", ("eslint",), ("npx", "eslint")),
)
_WORD = re.compile(r"^[\w.][\w./*-]*$")


def found_commands(root: Root, inventory: Inventory) -> Mapping[str, Command]:
    """By proof type: what the project's own Makefile, packages, tools or pipeline call, else the default that fits.

    Only tools whose results are read are taken from a file's line, with the paths that they are given and none of their
    options: an option can leave out what was to be judged.
    """
    paths = {file.path for file in inventory.files}
    found: dict[str, Command] = {}
    for path, text in _texts(root, inventory):
        for number, line in _lines(path, text):
            for kind, argv, words in _called(line):
                places = _places(words, paths) or (".",) * (kind == "lint_output")
                found.setdefault(kind, Command((*argv, *places), f"{path}:{number}"))
    for kind in KINDS:
        default = None if kind in found else _default(kind, root, inventory)
        if default:
            found[kind] = default
    return {kind: found[kind] for kind in KINDS if kind in found}


def _lines(path: str, text: str) -> Iterator[tuple[int, str]]:
    """The lines of a file that a shell would be given, as far as that can be told, with their numbers."""
    if path == "package.json":
        for name, line in scripts(text).items():
            yield text[: max(0, text.find(f'"{name}"'))].count("\n") + 1, line
        return
    for number, line in enumerate(text.splitlines(), 1):
        if path == "pyproject.toml":
            task = _TASK.match(line)
            yield number, task[1] if task else ""
        elif not line.lstrip().startswith("#"):
            yield number, _LEAD.sub("", line)


def _called(line: str) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """The tools that a line calls: the proof type, how we call it, and the words after it."""
    for part in _APART.split(line):
        words = [word.strip("\"'`()") for word in part.split()]
        while words and (words[0] in _WRAPS or _SET.match(words[0])):
            del words[0]
        for kind, names, argv in _TOOLS:
            if tuple(words[: len(names)]) == names:
                yield kind, argv, tuple(words[len(names) :])


def scripts(text: str) -> dict[str, str]:
    """The scripts of a package.json; none of what is no such file."""
    try:
        known = json.loads(text).get("scripts", {})
        return {str(name): str(line) for name, line in known.items()}
    except (ValueError, AttributeError, RecursionError):
        return {}


def _texts(root: Root, inventory: Inventory) -> Iterator[tuple[str, str]]:
    known = sorted(
        (file.path.startswith("."), file.path)
        for file in inventory.files
        if _READ.fullmatch(file.path) and not file.symlink
    )
    for _, path in known:
        try:
            yield path, root.text(path, LARGEST).text
        except (Unreadable, Unavailable):
            continue


def _places(words: tuple[str, ...], paths: set[str]) -> tuple[str, ...]:
    """The files and folders of the tree among the words that follow a tool."""
    plain = (one for one in words if _WORD.match(one))
    return tuple(one for one in plain if _is_there(one.removeprefix("./").strip("/"), paths))


def _is_there(place: str, paths: set[str]) -> bool:
    return bool(place) and any(path == place or path.startswith(f"{place}/") for path in paths)


def _default(kind: str, root: Root, inventory: Inventory) -> Command | None:
    """The command that a proof of this type would be made with where nobody names one."""
    for one in gates.load().types[kind].defaults:
        for file in inventory.files:
            if file.role in (Role.VENDORED, Role.GENERATED) or file.symlink or file.path.startswith("."):
                continue
            if any(covers(pattern, file.path) for pattern in one.files) and _holds(root, file.path, one.text):
                because = (
                    f"the default for {file.path}" if one.text is None else f"{file.path} has {one.text.strip(':')}"
                )
                return Command(tuple(one.argv), because)
    return None


def _holds(root: Root, path: str, text: str | None) -> bool:
    if text is None:
        return True
    try:
        return text in root.text(path, LARGEST).text
    except (Unreadable, Unavailable):
        return False
