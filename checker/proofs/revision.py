"""The only place that reads a revision's Python for a proof: its suite, what judges, and what is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from checker.model.git import GITLINK, SYMLINK, TrackedEntry
from checker.model.repo import Role
from checker.probe.git import Git
from checker.proofs.gates import Gates
from checker.proofs.pytest_run import Suite
from checker.proofs.runner_settings import FILES, configured
from checker.proofs.tests_there import is_test_file
from checker.proofs.weakened import Side

LARGEST_SOURCE = 4 << 20  # bytes of one file
_OUT = (Role.VENDORED, Role.GENERATED)


@dataclass(frozen=True)
class Revision:
    """The entries of one revision without record paths, and the contents of its Python and its tools' configuration."""

    entries: tuple[TrackedEntry, ...]
    contents: Mapping[str, bytes]
    role: Callable[[str], Role]

    @classmethod
    def of(cls, git: Git, entries: Sequence[TrackedEntry], gates: Gates, role: Callable[[str], Role]) -> Revision:
        kept = tuple(entry for entry in entries if not gates.is_record(entry.path))
        wanted = [
            one
            for one in kept
            if one.mode not in (GITLINK, SYMLINK) and (one.path.endswith(".py") or one.path in FILES)
        ]
        blobs = dict(git.blobs((one.blob for one in wanted), LARGEST_SOURCE))
        contents = {one.path: data for one in wanted if (data := blobs[one.blob]) is not None}
        return cls(kept, contents, role)

    @property
    def python(self) -> list[str]:
        return sorted(path for path in self.contents if path.endswith(".py"))

    @property
    def judging(self) -> list[str]:
        """Python that judges: by its folder or its name."""
        return [path for path in self.python if is_judging(path) or self.role(path) in (Role.TEST, Role.FIXTURE)]

    def side(self, testpaths: tuple[str, ...] | None = None) -> Side:
        settings = configured(self.contents.get)
        judging = {path: self.contents[path] for path in self.judging}
        tests = {path: data for path, data in judging.items() if self.role(path) not in (*_OUT, Role.FIXTURE)}
        source = {
            path: self.contents[path]
            for path in self.python
            if path not in judging and self.role(path) is not Role.VENDORED
        }
        return Side(Suite(tests, settings, settings.testpaths if testpaths is None else testpaths), judging, source)


def is_judging(path: str) -> bool:
    name = path.rpartition("/")[2]
    runner = name in ("conftest.py", "pytest.py", "sitecustomize.py", "usercustomize.py") or "_pytest/" in path
    return runner or is_test_file(path)
