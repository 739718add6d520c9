"""The only place that calls the git executable, always against a private git directory."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from checker.probe.command import CommandMissing, executable, run
from checker.probe.git_dir import GitUnusable, PrivateDir

MOST_OUTPUT = 256 << 20  # bytes of one answer
_GONE = re.compile(r"missing (?:blob|tree|commit|object)|bad object|unable to read (?:tree|[0-9a-f]{40})")


class Runner:
    """Calls git with our directory, our environment and a limit on everything."""

    def __init__(self, private: PrivateDir, top: Path, timeout: float, path: str) -> None:
        self.private = private
        self.top = top
        self.timeout = timeout
        self._environment = {
            "PATH": _search_path(path, top),
            "HOME": str(private.path / "home"),
            "XDG_CONFIG_HOME": str(private.path / "home"),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_CEILING_DIRECTORIES": str(private.path),
            "GIT_PAGER": "cat",
        }
        try:
            program = executable("git", top, self._environment)
        except CommandMissing:
            raise GitUnusable("there is a repository here, but no git on PATH; install git 2.31 or newer") from None
        if program.resolve().is_relative_to(top):
            raise GitUnusable(f"{program} leads into the audited tree and is not run; put the system's git on PATH")
        self._argv = (str(program), "--no-pager", f"--git-dir={private.path}", f"--work-tree={top}")

    def call(
        self,
        *words: str,
        stdin: bytes = b"",
        cwd: Path | None = None,
        index: Path | None = None,
        makes: bool = False,
        missing: int | None = None,
    ) -> bytes:
        """What git answers on stdout. `words[0]` is the git command.

        `index` is an index file, by default there is none: git would read a file on disk in place of the object that an
        index calls equal to it. `makes` sends new objects to our store, without sight of theirs;
        `missing` is the exit code that means "there is none", answered as nothing. Every other one is GitUnusable.
        """
        done = run(
            (*self._argv, *words),
            cwd=cwd or self.top,
            env=self._environment | self._places(index, makes),
            timeout=self.timeout,
            max_output=MOST_OUTPUT,
            stdin=stdin,
        )
        if done.timed_out:
            raise GitUnusable(f"git {words[0]} took longer than {self.timeout:g} seconds")
        if done.truncated:
            raise GitUnusable(f"git {words[0]} answered with more than {MOST_OUTPUT >> 20} MiB")
        if done.code == missing:
            return b""
        if done.code != 0:
            said = _first_line(done.stderr).replace(str(self.private.path), "(its private copy)")
            gone = "; the clone lacks it: git fsck names what is gone, git fetch --refetch brings it"
            mend = gone if _GONE.search(said) else ""
            raise GitUnusable(f"git {words[0]} failed: {said or f'exit code {done.code}'}{mend}")
        unseen = [line for line in done.stderr.split(b"\n") if line.startswith(b"warning: could not open directory")]
        if unseen:
            raise GitUnusable(f"{_first_line(unseen[0])}; make it readable, or ignore it in .gitignore")
        return done.stdout

    def _places(self, index: Path | None, makes: bool) -> dict[str, str]:
        places = {"GIT_INDEX_FILE": str(index or self.private.path / "no-index")}
        return places | ({"GIT_OBJECT_DIRECTORY": str(self.private.store)} if makes else {})


def folder_outside(top: Path) -> Path:
    """A new empty folder for a private git directory, not inside the audited tree."""
    parent = Path(tempfile.gettempdir()).resolve()
    if parent.is_relative_to(top):
        raise GitUnusable(f"the temporary directory {parent} is inside the audited tree; set TMPDIR to one outside it")
    return Path(tempfile.mkdtemp(prefix="checker-git-", dir=parent))


def _search_path(path: str, top: Path) -> str:
    """PATH without what the audited tree could have put there."""
    entries = (entry for entry in path.split(os.pathsep) if os.path.isabs(entry))
    return os.pathsep.join(entry for entry in entries if not Path(entry).resolve().is_relative_to(top))


def _first_line(text: bytes) -> str:
    lines = (line.strip() for line in text.decode("utf-8", "replace").splitlines())
    return "".join(char if char.isprintable() else "?" for char in next(filter(None, lines), ""))[:300]
