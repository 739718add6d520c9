"""What `checker init` puts into a repository: shown first, never over a file, and taken back by its own record."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from checker import resources
from checker.doctor import looked_at
from checker.model.project import Command, Project
from checker.proofs import gates
from checker.render.visible import visible
from checker.toml_source import ConfigurationError

RECORD = ".checker/init.json"
BEGIN, END = "<!-- checker: begin -->", "<!-- checker: end -->"
PARTS: Mapping[str, tuple[str, str]] = {  # part: (path, template); the pipeline is the host's
    "config": ("checker.toml", "checker.toml"),
    "workflow": (".github/workflows/checker.yml", "github.yml"),
    "pre-commit": (".pre-commit-config.yaml", "pre-commit.yaml"),
    "hooks": (".claude/settings.json", "claude.json"),
    "mcp": (".mcp.json", "mcp.json"),
    "agents": ("AGENTS.md", "agents.md"),
}
_OF_THE_TOP = ("workflow", "pre-commit")  # hosts read these at the top of a repository alone
_GITLAB = (".gitlab/checker.gitlab-ci.yml", "gitlab.yml")
_WRITES = frozenset(path for path, _ in (*PARTS.values(), _GITLAB))
_GAPS = ("", "\n", "\n\n")  # what may stand between a file's own text and our section
UNPUBLISHED = (  # a name that nobody holds on an index belongs to whoever takes it first
    "the package is not on an index, so the pipeline fails until you say what pip installs: "
    "checker init --install 'git+https://HOST/OWNER/backend-checker@TAG', or the path of a wheel in the repository"
)
GATED = ("build_output", "lint_output", "test_output")  # proofs that a hand-over needs, whatever the project
_LARGEST = 10 * 1024 * 1024  # bytes of a file that a section is added to
How = Literal["write", "append", "keep"]


@dataclass(frozen=True)
class Step:
    """A file that would be written (`write`), one that would get a section (`append`), or one that stays (`keep`, with why)."""

    part: str
    path: str
    text: str
    how: How
    why: str = ""


def plan(
    root: Path, environment: Mapping[str, str], parts: tuple[str, ...] = (), install: str | None = None
) -> tuple[Step, ...]:
    """What would be done in `root`, in order; nothing is written. `parts` are some of PARTS, all where none is named.

    `install` is what pip installs in the pipeline: a requirement, an address of a git reference, or a wheel's path. Without
    it the pipeline names nothing and fails with the reason.
    """
    if install is not None and (not install.strip() or not install.isprintable() or "${{" in install):
        raise ConfigurationError("--install", None, f"{install!r} is nothing that pip can install")
    found, project = looked_at(root, environment)
    detected = {**found["detected"], "install": install or "", "project": project}
    return tuple(_step(root, part, detected) for part in PARTS if not parts or part in parts)


def _step(root: Path, part: str, detected: Mapping[str, Any]) -> Step:
    path, template = _GITLAB if part == "workflow" and (root / ".gitlab-ci.yml").is_file() else PARTS[part]
    text = _text(template, detected)
    if not _is_inside(root, path):
        return Step(part, path, text, "keep", "a link on the way leads out of the repository")
    if _is_as_written(root / path, _section(text) if part == "agents" else text):
        return Step(part, path, text, "keep", "as written")
    if part in _OF_THE_TOP and detected.get("below"):
        return Step(part, path, text, "keep", f"hosts read it at the top alone: checker init {detected['below']}")
    if part == "config" and detected["configuration"]:
        return Step(part, path, text, "keep", f"{detected['configuration']} configures the checker already")
    if part == "agents" and (root / path).is_file() and not (root / path).is_symlink():
        there = _read(root / path)
        if BEGIN in there:
            return Step(part, path, text, "keep", "as written" if _section(text) in there else "has its section")
        return Step(part, path, _section(text), "append")
    if os.path.lexists(root / path):
        return Step(part, path, text, "keep", "is there already; add these lines by hand")
    why = UNPUBLISHED if part == "workflow" and not detected["install"] else ""
    return Step(part, path, _section(text) if part == "agents" else text, "write", why)


def _is_as_written(file: Path, text: str) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    return file.stat().st_size == len(text.encode()) and file.read_bytes() == text.encode()


def _text(template: str, detected: Mapping[str, Any]) -> str:
    text = resources.text("reports", "init", template)
    branch = str(detected.get("default_branch") or "main")
    text = text.replace("@BRANCH@", json.dumps(branch)).replace("@INSTALL@", json.dumps(detected["install"]))
    if template != "checker.toml":
        return text
    contracts = detected.get("openapi", [])
    layout = f"\n[layout]\nopenapi = {json.dumps(contracts)}\n" if contracts else ""
    return (
        text + layout + "".join(f"{line}\n" for line in (*_commands(detected["project"]), *_app(detected["project"])))
    )


def _commands(project: Project) -> Iterator[str]:
    """The commands that make proofs, each with what it was found in; one that was not found is left as a comment."""
    yield "\n[commands] # what makes the proofs that a gate asks for; found in the files that stand behind them"
    known = project.commands or {}
    for kind, types in gates.load().types.items():
        if kind in known:
            yield f"{kind} = {_array(known[kind].argv)} # {_remark(known[kind].found)}"
        elif kind in GATED:
            shown = Command(types.example, "nothing of the kind was found; name yours")
            yield f"# {kind} = {_array(shown.argv)} # {shown.found}"


def _app(project: Project) -> Iterator[str]:
    """How the app is started; as a comment where that is a guess, because one that is named is the only one tried."""
    start = project.start
    if start is None:
        return
    lines = [f"start = {_array(start.argv)} # {_remark(start.found)}"]
    lines += [f"workdir = {json.dumps(start.workdir)}"] if start.workdir != "." else []
    yield "\n[app]" if start.sure else "\n# [app] # likely; while it is a comment, all that looks like an app is tried"
    yield from lines if start.sure else (f"# {line}" for line in lines)


def _array(words: Iterable[str]) -> str:
    return f"[{', '.join(json.dumps(word, ensure_ascii=False) for word in words)}]"


def _remark(text: str) -> str:
    return visible(text)


def _section(text: str) -> str:
    return f"{BEGIN}\n{text.strip()}\n{END}\n"


def _is_inside(root: Path, path: str) -> bool:
    return (root / path).parent.resolve().is_relative_to(root.resolve())


def carry_out(root: Path, steps: tuple[Step, ...]) -> None:
    """Write what the plan says, and a record of it; ConfigurationError where the system refuses, with nothing left half done."""
    done = _recorded(root)
    earlier = len(done)
    try:
        for step in steps:
            if step.how != "keep":
                done.append(_write(root, step))
        _record(root, done)
    except OSError as refused:
        for one in reversed(done[earlier:]):
            _taken_back(root, one)
        raise ConfigurationError(str(refused.filename), None, refused.strerror or "cannot be written") from None


def _record(root: Path, done: list[dict[str, Any]]) -> None:
    """Put the record in its place in one step: what lies there may have been made by somebody else."""
    if not done:
        return
    (root / RECORD).parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=(root / RECORD).parent, delete=False, encoding="utf-8") as file:
        file.write(json.dumps({"files": done}, indent=2) + "\n")
    os.replace(file.name, root / RECORD)


def _write(root: Path, step: Step) -> dict[str, Any]:
    """Write a file, or add a section with the blank line before it; what has to be known to take it back."""
    target = root / step.path
    told: dict[str, Any] = {"path": step.path, "how": step.how, "sha256": _digest(step.text), "folders": []}
    if step.how == "append":
        before = _read(target)
        gap = "" if not before or before.endswith("\n\n") else "\n" if before.endswith("\n") else "\n\n"
        with open(target, "a", encoding="utf-8", newline="") as file:
            file.write(gap + step.text)
        return {**told, "sha256": _digest(gap + step.text)}
    made = [one for one in target.relative_to(root).parents if one.name and not (root / one).exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target, "x", encoding="utf-8") as file:  # never over a file, nor through a link
        file.write(step.text)
    return {**told, "folders": [one.as_posix() for one in made]}


def undo(root: Path) -> Iterator[tuple[str, str]]:
    """Take back what the record lists: (path, what became of it). What was changed since stays, and stays recorded."""
    recorded = _recorded(root)
    if not recorded:
        raise ConfigurationError(RECORD, None, "is not there: checker init wrote nothing here that could be undone")
    stays: list[dict[str, Any]] = []
    for one in reversed(recorded):
        became = _taken_back(root, one)
        yield one["path"], became
        if became.startswith("kept: it"):
            stays.insert(0, one)
    if stays:
        _record(root, stays)
        return
    (root / RECORD).unlink()
    _remove_empty(root, [Path(RECORD).parent.as_posix()])


def _taken_back(root: Path, one: Mapping[str, Any]) -> str:
    target = root / one["path"]
    if one["path"] not in _WRITES or not _is_inside(root, one["path"]):
        return "kept: init never writes there"
    if target.is_symlink() or not target.is_file():
        return "is gone already"
    text = _read(target)
    if one["how"] == "append" or (_digest(text) != one["sha256"] and one["path"] == PARTS["agents"][0]):
        added = next(
            (gap + found for gap in _GAPS for found in _sections(text) if _digest(gap + found) == one["sha256"]), ""
        )
        if not added or added not in text:
            return "kept: its section was changed since"
        target.write_bytes(text.replace(added, "", 1).encode("utf-8", "surrogateescape"))
        return "section taken out"
    if _digest(text) != one["sha256"]:
        return "kept: it was changed since"
    target.unlink()
    _remove_empty(root, one["folders"])
    return "removed"


def _sections(text: str) -> Iterator[str]:
    if BEGIN in text and END in text:
        yield text[text.index(BEGIN) : text.index(END) + len(END) + 1]


def _remove_empty(root: Path, folders: list[str]) -> None:
    """Remove the folders that were made for a file, the innermost first, where nothing else came into them."""
    for name in folders:
        if (root / name).is_dir() and not any((root / name).iterdir()):
            (root / name).rmdir()


def _recorded(root: Path) -> list[dict[str, Any]]:
    """The record of an earlier run; ConfigurationError for anything else that lies in its place, before anything is written."""
    file = root / RECORD
    if not os.path.lexists(file) and _is_inside(root, RECORD):
        return []
    try:
        if not _is_inside(root, RECORD) or not stat.S_ISREG(file.lstat().st_mode):
            raise ValueError
        files = json.loads(_read(file))["files"]
        return [
            {**{key: str(one[key]) for key in ("path", "how", "sha256")}, "folders": _inner(one.get("folders", []))}
            for one in files
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigurationError(RECORD, None, "is not a record of checker init; remove it by hand") from None


def _inner(folders: list[Any]) -> list[str]:
    """Names of folders that init can have made: the parents of what it writes."""
    known = {parent.as_posix() for path in _WRITES for parent in Path(path).parents if parent.name}
    return [str(one) for one in folders if str(one) in known]


def _read(file: Path) -> str:
    if file.stat().st_size > _LARGEST:
        raise ConfigurationError(str(file), None, f"larger than {_LARGEST >> 20} MiB")
    return file.read_bytes().decode("utf-8", "surrogateescape")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
