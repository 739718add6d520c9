"""The only place that says what a change brings into the tree that no run sees, or that can stand in for what judges."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from checker.model.git import TrackedEntry
from checker.model.proof import Signal
from checker.model.repo import Role
from checker.proofs import js_tests
from checker.proofs.revision import Revision
from checker.proofs.weakened import used

_UNREADABLE = (".pyc", ".pyd", ".so", ".dll", ".dylib", ".node", ".wasm", ".jar", ".class")
_CODE = (".py", *js_tests.SUFFIXES)
_ASKS = re.compile(rb"^[^\S\n]*(?:from|import|export)\b[^\n]*|\brequire\([^)\n]*\)|\bimport\([^)\n]*\)", re.MULTILINE)
_WORD = re.compile(rb"[\w$-]+")
_ROOTS = ("", "src/")
_RUNNERS = frozenset(
    {
        "_hypothesis_pytestplugin",
        "_pytest",
        "anyio",
        "coverage",
        "exceptiongroup",
        "hypothesis",
        "iniconfig",
        "packaging",
        "pluggy",
        "py",
    }
    | {"pygments", "pytest", "pytest_asyncio", "pytest_cov", "pytest_mock", "ruff", "setuptools", "tomli", "xdist"}
)


def signals(left_out: Mapping[str, str], base: Revision, head: Revision) -> tuple[Signal, ...]:
    """Everything of the kind that the base does not have as the head has it; a person must say whether it is meant."""
    if head.entries == base.entries:
        return ()
    known = {*base.entries, *base.records}
    new = [one for one in head.entries if one not in known]
    found = {
        *_unseen(left_out, new),
        *(
            Signal(kind="code-unreadable", about=f"{one.path} is compiled, and nobody can read what it does")
            for one in new
            if one.path.endswith(_UNREADABLE)
        ),
        *_shadows(base, head),
        *_installed(new),
        *_carried(head, new),
    }
    return tuple(sorted(found, key=lambda one: (one.kind, one.about)))


def _unseen(left_out: Mapping[str, str], new: Sequence[TrackedEntry]) -> Iterator[Signal]:
    for entry in new:
        if entry.path in left_out:
            yield Signal(kind="unseen", about=f"{left_out[entry.path]}, so no run saw what it holds")


def _shadows(base: Revision, head: Revision) -> Iterator[Signal]:
    """New modules at the top that are called as one of the standard library, or as one that the runners ask for."""
    for name, path in sorted(_tops(head).items() - _tops(base).items()):
        if name in sys.stdlib_module_names or name in _RUNNERS:
            yield Signal(
                kind="runner-shadowed", about=f"{path} stands before the module {name} that the runner may ask for"
            )


def _tops(revision: Revision) -> dict[str, str]:
    found = {}
    for path in revision.python:
        for root in _ROOTS:
            rest = path.removeprefix(root) if path.startswith(root) else ""
            name, _, inner = rest.partition("/")
            if (not inner and name.endswith(".py")) or inner == "__init__.py":
                found[name.removesuffix(".py")] = path
    return found


def _carried(head: Revision, new: Sequence[TrackedEntry]) -> Iterator[Signal]:
    """Code in folders of others' work, or of tests, that the project's own source asks for: none of it is changed to see who
    notices."""
    fresh = {one.path for one in new if one.path.endswith(_CODE)}
    carried = sorted(path for path in fresh if head.role(path) is Role.VENDORED)
    beside = [path for path in fresh if head.role(path) in (Role.TEST, Role.FIXTURE) and path.endswith(".py")]
    side = head.side() if carried or beside else None
    asked = _asked((*side.source.values(), *head.scripts.values())) if side and carried else frozenset()
    found = [path for path in carried if asked & set(_modules(path, head.role))]
    for path in (*found, *sorted(used(side).keys() & set(beside) if side else ())):
        about = (
            f"{path} ({_short(path, new)}) is new in a folder of others' work or of tests, and the source asks for it"
        )
        yield Signal(kind="unjudged", about=about)


def _short(path: str, new: Sequence[TrackedEntry]) -> str:
    return next(one.blob[:12] for one in new if one.path == path)


def _asked(source: Iterable[bytes]) -> frozenset[bytes]:
    return frozenset(word for data in source for line in _ASKS.findall(data) for word in _WORD.findall(line))


def _modules(path: str, role: Callable[[str], Role]) -> list[bytes]:
    """The names by which a file can be asked for: the folder that makes it others' work, those in it, and its own."""
    parts = path.split("/")
    within = (at for at in range(len(parts)) if role("/".join((*parts[: at + 1], "x.py"))) is Role.VENDORED)
    first = next(within, 0)
    return [part.partition(".")[0].encode("utf-8", "surrogatepass") for part in parts[first:]]


def _installed(new: Sequence[TrackedEntry]) -> Iterator[Signal]:
    """Packages that come in the tree itself: runners among them judge the change that brings them."""
    folders = {
        one.path.partition("node_modules/")[0] + "node_modules" for one in new if "node_modules/" in f"/{one.path}"
    }
    for folder in sorted(folders):
        yield Signal(kind="runner-changed", about=f"{folder} is in the tree, and the change touches what runs from it")
