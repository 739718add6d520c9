"""The only place that says what lies among records of work and takes part in what runs: code, and data that source names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from checker.model.git import GITLINK, SYMLINK, TrackedEntry
from checker.model.proof import Signal
from checker.model.repo import Role
from checker.probe.git import Git
from checker.proofs import bundle, js_tests
from checker.proofs.gates import Gates

KIND = "code-in-records"
_CODE = (".py", ".pyc", ".pyd", ".so", ".js", ".mjs", ".cjs", ".ts", ".jar", ".class", ".php", ".rb")
_PROSE = (".md", ".mdx", ".rst", ".adoc", ".txt", ".log", ".html", ".pdf", ".png", ".jpg", ".svg", ".gitkeep")
_SOURCE = (".py", *js_tests.SUFFIXES)
_LARGEST = 4 << 20  # bytes of one file of source


def signals(
    git: Git, base: Sequence[TrackedEntry], head: Sequence[TrackedEntry], rules: Gates, role: Callable[[str], Role]
) -> tuple[Signal, ...]:
    """Of whole trees, records included: what the base does not have as the head has it. The content is told as well, so
    that what a person accepted of one is accepted of no other."""
    recorded = rules.recorded
    known = {(one.path, one.mode, one.blob) for one in base if recorded(one.path)}
    new = [one for one in head if recorded(one.path) and (one.path, one.mode, one.blob) not in known]
    code = [one for one in new if one.path.endswith(_CODE) or one.mode in (GITLINK, SYMLINK)]
    data = [one for one in new if one not in code and not one.path.endswith((*_PROSE, bundle.ENDING))]
    found = [_signal(one, "is code where records lie") for one in code]
    if data:
        source = b"\n".join(_source(git, [one for one in head if not recorded(one.path)], role))
        found += [_signal(one, "lies where records lie, and source names it") for one in data if _named(one, source)]
    return tuple(sorted(found, key=lambda one: one.about))


def _signal(one: TrackedEntry, said: str) -> Signal:
    return Signal(kind=KIND, about=f"{one.path} ({one.blob[:12]}) {said}, and no run sees it")


def _source(git: Git, entries: Sequence[TrackedEntry], role: Callable[[str], Role]) -> Iterator[bytes]:
    wanted = [
        one.blob
        for one in entries
        if one.path.endswith(_SOURCE) and one.mode not in (GITLINK, SYMLINK) and role(one.path) is Role.RUNTIME
    ]
    yield from (data for _, data in git.blobs(wanted, _LARGEST) if data)


def _named(one: TrackedEntry, source: bytes) -> bool:
    """By its name, or by its folder's, which is listed then."""
    folder, _, name = (re.escape(part.encode("utf-8", "surrogateescape")) for part in one.path.rpartition("/"))
    listed = rb"|['\"](?:\./)?" + folder + rb"/?(?:\*[^'\"\n]*)?['\"]" if folder else b""
    return re.search(rb"['\"/]" + name + rb"['\"]" + listed, source) is not None
