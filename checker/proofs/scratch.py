"""The only place that says in what surroundings a proof's command runs: folders, environment, interpreter, limits."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from checker.model.settings import Description
from checker.model.unavailable import Unavailable
from checker.probe import command
from checker.probe.command import Completed
from checker.probe.keeping import MEMORY
from checker.probe.network import own_processes
from checker.proofs.gates import Gates

MOST_OUTPUT = 32 << 20  # bytes of stdout and stderr each
_LIGHT = 256 << 20  # bytes of a tree that may lie in memory
_ROOM = 4 << 30  # bytes that must be free there, so that a command that floods its folder hurts nobody
_LIMIT = Path("/sys/fs/cgroup/memory.max")
_SYSTEM = ("/usr/local/bin", "/usr/bin", "/bin")


def memory_for(weight: int) -> str | None:
    """Where a tree of so many bytes is exported to: memory, where making 40,000 files costs a fifth; None: the usual place."""
    try:
        there = os.statvfs(MEMORY)
        limit = _LIMIT.read_text("ascii").strip() if _LIMIT.exists() else "max"
    except (OSError, ValueError):
        return None
    room = there.f_bavail * there.f_frsize
    fits = weight <= _LIGHT and room >= _ROOM and (limit == "max" or int(limit) >= 2 * _ROOM)
    return str(MEMORY) if fits and not there.f_flag & os.ST_NOEXEC and os.access(MEMORY, os.W_OK) else None


@dataclass(frozen=True)
class Interpreter:
    """The Python that runs the audited project; `path` keeps its links, because they say which environment it is."""

    path: Path
    sha256: str

    @classmethod
    def find(
        cls, root: Path, description: Description, environment: Mapping[str, str], judged: Sequence[str] = ()
    ) -> Interpreter:
        """The described one, the repository's own environment, the caller's active one, else the checker's own.

        An environment of which a path of the tree under judgement (`judged`) is part judges nothing. Unavailable where
        the described one is such.
        """
        told = [root / description.app.python] if description.app.python else []
        usual = [root / name / "bin" / "python" for name in (".venv", "venv")]
        active = [Path(environment["VIRTUAL_ENV"]) / "bin" / "python"] if environment.get("VIRTUAL_ENV") else []
        for candidate in (*told, *usual, *active):
            if not (candidate.is_absolute() and candidate.is_file() and os.access(candidate, os.X_OK)):
                continue
            if not _brought(candidate, root, judged):
                return cls(candidate, _digest(candidate))
            if candidate in told:
                raise Unavailable(
                    f"[app] python {description.app.python} is part of the tree that is judged; name one outside of it"
                )
        return cls(Path(sys.executable), _digest(Path(sys.executable)))

    def inside(self, root: Path) -> str | None:
        """The environment's folder, where it lies in the repository's folder and is no part of its tree."""
        around = Path(os.path.abspath(self.path)).parent.parent
        return around.relative_to(root).as_posix() if around != root and around.is_relative_to(root) else None


@dataclass(frozen=True)
class Around:
    """What a JavaScript project needs besides its tree: node from the caller's PATH, and the packages that are installed.

    The packages are the working tree's, as a virtual environment is: they are bound by nothing, which the proof says.
    """

    node: Path | None = None
    modules: Path | None = None

    @classmethod
    def find(cls, root: Path, environment: Mapping[str, str]) -> Around:
        folders = [Path(one) for one in environment.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(one)]
        outside = (one / "node" for one in folders if not one.resolve().is_relative_to(root))
        node = next((one for one in outside if one.is_file() and os.access(one, os.X_OK)), None)
        modules = root / "node_modules"
        return cls(node, modules if modules.is_dir() and not modules.is_symlink() else None)

    @property
    def folders(self) -> tuple[str, ...]:
        return (str(self.node.parent),) if self.node else ()


@dataclass(frozen=True)
class Scratch:
    """One exported tree with a home and a temporary folder of its own; `results` lies outside the tree."""

    folder: Path
    interpreter: Interpreter
    env: Mapping[str, str] = field(default_factory=dict)
    node: Path | None = None
    modules: Path | None = None

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @classmethod
    def make(
        cls, folder: Path, interpreter: Interpreter, description: Description, gates: Gates, around: Around = Around()
    ) -> Scratch:
        """Empty folders below `folder`, and an environment in which nothing of the caller's own is left."""
        for name in ("tree", "results", "home", "tmp"):
            (folder / name).mkdir(parents=True)
        own = {
            name: value
            for name, value in description.app.env.items()
            if not any(fnmatchcase(name.upper(), pattern) for pattern in gates.environment.refused)
        }
        fixed = {
            "HOME": str(folder / "home"),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join((str(interpreter.path.parent), *around.folders, *_SYSTEM)),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONNOUSERSITE": "1",
            "TMPDIR": str(folder / "tmp"),
            "TZ": "UTC",
        }
        return cls(folder, interpreter, {**own, **fixed}, around.node, around.modules)

    def run(self, argv: list[str], seconds: float, extra: Mapping[str, str] | None = None) -> Completed:
        """Run one command in the tree, without a shell; CommandMissing where it is not there.

        It is run among processes of its own: what is under judgement neither ends its judge nor reads the key in the
        judge's environment.
        """
        env = {**self.env, **(extra or {})}
        program = str(command.executable(argv[0], self.tree, env))
        apart = own_processes()
        done = command.run(
            [*apart, program, *argv[1:]], cwd=self.tree, env=env, timeout=seconds, max_output=MOST_OUTPUT
        )
        # the shell before it says a signal as 128 and its number
        by_signal = bool(apart) and done.code - 128 in set(signal.valid_signals())
        return replace(done, argv=tuple(argv), code=128 - done.code if by_signal else done.code)

    def below(self, paths: Sequence[str], words: Sequence[str]) -> list[str]:
        """The paths below the files and folders that a command's words name; all of them where they name none."""
        said = [word.strip("/").removeprefix("./") for word in words if not word.startswith("-")]
        named = [one for one in said if one in ("", ".") or (self.tree / one).exists()]
        if not named or "" in named or "." in named:
            return list(paths)
        return [path for path in paths if any(path == one or path.startswith(one + "/") for one in named)]

    def shown(self, argv: list[str]) -> tuple[str, ...]:
        """A command line without the scratch folder's own name, so that two runs say the same."""
        return tuple(word.replace(str(self.folder), "{scratch}") for word in argv)


def _brought(interpreter: Path, root: Path, judged: Sequence[str]) -> bool:
    """Whether the environment around an interpreter, or what its links lead to, is part of the tree itself."""
    places = (interpreter, *(interpreter.parent / os.readlink(one) for one in (interpreter,) if one.is_symlink()))
    found = {os.path.normpath(place) for place in (*places, interpreter.resolve())}
    inside = [Path(one).relative_to(root) for one in found if Path(one).is_relative_to(root)]
    around = tuple(f"{one.parent.parent.as_posix()}/" for one in inside if one.parent.parent != Path("."))
    alone = {one.as_posix() for one in inside}
    return any(path in alone or (bool(around) and path.startswith(around)) for path in judged)


def _digest(file: Path) -> str:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
