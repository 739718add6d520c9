"""The only place where tests make git repositories by hand, with a git that reads nobody's configuration."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from checker.probe.git import Git
from tests.scratch import ENVIRONMENT


def opened(path: Path) -> Git:
    """Git for a folder that is in a repository; what it keeps goes when it is closed or forgotten."""
    git = Git.open(path)
    assert git is not None
    return git


class Repo:
    """A scratch repository. Its own git obeys the repository's configuration, as a user's would."""

    def __init__(self, path: Path, *words: str) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *words)

    @classmethod
    def adopted(cls, path: Path) -> Repo:
        """One that is there already."""
        one = cls.__new__(cls)
        one.path = path
        return one

    def git(self, *words: str, stdin: bytes = b"", cwd: Path | None = None, check: bool = True) -> str:
        """Run git; its output without the last line break, bytes that are not UTF-8 as surrogate escapes."""
        command = ["git", "-c", "protocol.file.allow=always", *words]
        done = subprocess.run(
            command, cwd=cwd or self.path, env=ENVIRONMENT, input=stdin, capture_output=True, check=check
        )
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def write(self, path: str | bytes, content: str | bytes = "text\n") -> Path:
        place = Path(os.fsdecode(os.path.join(os.fsencode(self.path), os.fsencode(path))))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return place

    def commit(self, subject: str = "change") -> str:
        """Commit everything that is there; the new commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def added_tree(self, below: str = "") -> str:
        """What stock git makes of the working tree: `git add -A` and `write-tree`, in an index aside."""
        index = self.path.parent / "aside.index"
        index.unlink(missing_ok=True)
        environment = ENVIRONMENT | {"GIT_INDEX_FILE": str(index), "GIT_OBJECT_DIRECTORY": str(self._objects_aside())}
        for words in (["read-tree", "HEAD"], ["add", "-A"], ["write-tree", f"--prefix={below}"]):
            done = subprocess.run(["git", *words], cwd=self.path, env=environment, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def _objects_aside(self) -> Path:
        aside = self.path.parent / "aside.objects"
        (aside / "info").mkdir(parents=True, exist_ok=True)
        (aside / "info" / "alternates").write_text(f"{self.path / '.git' / 'objects'}\n")
        return aside

    def listing(self) -> dict[str, tuple[str, int, int]]:
        """Everything below the top, `.git` included: hash, mode and time of change."""
        found = {}
        for place in sorted(self.path.rglob("*")):
            seen = place.lstat()
            content = place.read_bytes() if place.is_file() and not place.is_symlink() else b""
            found[str(place)] = (hashlib.sha256(content).hexdigest(), seen.st_mode, seen.st_mtime_ns)
        return found
