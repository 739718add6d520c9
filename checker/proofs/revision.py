"""The only place that reads a revision's Python for a proof: its suite, what judges, and what is judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from checker.model.git import GITLINK, SYMLINK, TrackedEntry
from checker.model.repo import Role
from checker.probe.git import Git
from checker.proofs import js_tests, js_weakened
from checker.proofs.gates import Gates
from checker.proofs.js_run import JsSuite
from checker.proofs.js_weakened import JsSide
from checker.proofs.pytest_run import Suite
from checker.proofs.runner_settings import FILES, configured
from checker.proofs.tests_there import is_test_file
from checker.proofs.weakened import Side

LARGEST_SOURCE = 4 << 20  # bytes of one file
_TEXT = re.compile(rb"""['"]([^'"\n]{1,200})['"]""")
_OUT = (Role.VENDORED, Role.GENERATED)


@dataclass(frozen=True)
class Revision:
    """The entries of one revision without record paths, and the contents of its Python and its tools' configuration."""

    entries: tuple[TrackedEntry, ...]
    contents: Mapping[str, bytes]
    role: Callable[[str], Role]
    records: tuple[TrackedEntry, ...] = ()
    scripts: Mapping[str, bytes] = field(default_factory=dict)  # JavaScript and TypeScript, where it was asked for

    @classmethod
    def of(cls, git: Git, entries: Sequence[TrackedEntry], gates: Gates, role: Callable[[str], Role]) -> Revision:
        recorded = gates.recorded
        kept = tuple(entry for entry in entries if not recorded(entry.path))
        records = tuple(entry for entry in entries if recorded(entry.path)) if len(kept) < len(entries) else ()
        wanted = [
            one
            for one in kept
            if one.mode not in (GITLINK, SYMLINK)
            and (one.path.endswith(".py") or one.path.rpartition("/")[2] in FILES or js_weakened.configures(one.path))
        ]
        blobs = dict(git.blobs((one.blob for one in wanted), LARGEST_SOURCE))
        contents = {one.path: data for one in wanted if (data := blobs[one.blob]) is not None}
        return cls(kept, contents, role, records)

    def with_javascript(self, git: Git) -> Revision:
        """The same with its JavaScript and TypeScript read; vendored files stay unread."""
        wanted = [
            one
            for one in self.entries
            if one.path.endswith(js_tests.SUFFIXES)
            and one.mode not in (GITLINK, SYMLINK)
            and self.role(one.path) is not Role.VENDORED
        ]
        blobs = dict(git.blobs((one.blob for one in wanted), LARGEST_SOURCE))
        return replace(self, scripts={one.path: data for one in wanted if (data := blobs[one.blob]) is not None})

    @property
    def javascript(self) -> list[str]:
        return sorted(self.scripts)

    def js_side(self) -> JsSide:
        config = {path: data for path, data in self.contents.items() if js_weakened.configures(path)}
        told = {path: data for path, data in self.scripts.items() if path not in config}
        judging = {
            path: data
            for path, data in told.items()
            if js_weakened.judges(path) or self.role(path) in (Role.TEST, Role.FIXTURE)
        }
        tests = {path: data for path, data in judging.items() if self.role(path) not in (*_OUT, Role.FIXTURE)}
        source = {path: data for path, data in told.items() if path not in judging}
        stored = {path: blob for path, blob in self.data.items() if path not in judging}
        return JsSide(JsSuite(tests), judging, source, config, stored)

    @property
    def python(self) -> list[str]:
        return sorted(path for path in self.contents if path.endswith(".py"))

    @cached_property
    def judging(self) -> list[str]:
        """Python that judges: by its folder or its name."""
        return [path for path in self.python if is_judging(path) or self.role(path) in (Role.TEST, Role.FIXTURE)]

    @cached_property
    def data(self) -> Mapping[str, str]:
        """What tests compare with, by path: stored answers, tables of cases; no Python, but whatever else lies among them, or
        is named by them and by no source."""
        of_tests = (one for one in self.entries if not one.path.endswith(".py") and one.mode not in (GITLINK, SYMLINK))
        judging = set(self.judging)
        tests, source = self._texts(judging), self._texts(path for path in self.python if path not in judging)
        return {
            one.path: one.blob
            for one in of_tests
            if self.role(one.path) in (Role.TEST, Role.FIXTURE)
            or (_named(one.path, tests) and one.path.rpartition("/")[2] not in source and one.path not in source)
        }

    def _texts(self, paths: Iterable[str]) -> frozenset[str]:
        """The short texts of some Python."""
        found = (one for path in paths for one in _TEXT.findall(self.contents[path]))
        return frozenset(one.decode("utf-8", "replace").removeprefix("./") for one in found)

    def side(self, testpaths: tuple[str, ...] | None = None) -> Side:
        settings = configured(self.contents.get)
        judging = {path: self.contents[path] for path in self.judging}
        tests = {path: data for path, data in judging.items() if self.role(path) not in (*_OUT, Role.FIXTURE)}
        source = {
            path: self.contents[path]
            for path in self.python
            if path not in judging and self.role(path) is not Role.VENDORED
        }
        suite = Suite(tests, settings, settings.testpaths if testpaths is None else testpaths)
        nested = {
            path: data for path, data in self.contents.items() if "/" in path and path.rpartition("/")[2] in FILES
        }
        vendored = {path: self.contents[path] for path in self.python if path not in judging and path not in source}
        return Side(suite, judging, source, self.data, nested, vendored)


def _named(path: str, texts: frozenset[str]) -> bool:
    """As a whole, or in its parts: `Path("expected") / "bill.txt"`."""
    return path in texts or ("/" in path and all(part in texts for part in path.split("/")))


def is_judging(path: str) -> bool:
    name = path.rpartition("/")[2]
    runner = name in ("conftest.py", "pytest.py", "sitecustomize.py", "usercustomize.py") or "_pytest/" in path
    return runner or is_test_file(path)
