"""The only place where tests turn fixture folders into repositories on disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests import scratch_proofs
from tests.fake_secrets import expand

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_AUTHOR_DATE": "2026-11-01T12:00:00Z",
    "GIT_COMMITTER_DATE": "2026-11-01T12:00:00Z",
}


def git(root: Path, *arguments: str) -> str:
    """Run git in a scratch repository; its output, stripped."""
    done = subprocess.run(["git", *arguments], cwd=root, env=ENVIRONMENT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def build(case: Path, target: Path) -> str | None:
    """Lay out a fixture at `target`: `repo/` as a plain folder, or `history/NN-subject/` as commits on `main`.

    Each step of a history overlays the one before; its `delete.txt` names paths that go. The last step whose name begins
    with `NN-base` is the base, and its commit id is returned. A last step called `NN-worktree` is left uncommitted, one
    called `NN-staged` is in the index alone. A step's `commit.toml` says whose it is, and of when (`author`, `date`).
    `proved.toml` says which proofs there are of the tree. `secrets.toml` names the secrets that are made up for `@@NAME@@`.
    """
    told = case / "secrets.toml"
    secrets = tomllib.loads(told.read_text("utf-8")) if told.is_file() else {}
    history = case / "history"
    if not history.is_dir():
        shutil.copytree(case / "repo", target, symlinks=True)
        zipped(target)
        expand(target, secrets)
        return None
    target.mkdir()
    git(target, "init", "-q", "-b", "main")
    base = None
    for step in sorted(history.iterdir()):
        overlay(step, target)
        expand(target, secrets)
        subject = step.name.partition("-")[2]
        if subject.startswith("staged"):
            git(target, "add", "-A", "-f")
            continue
        if subject.startswith("worktree"):
            continue
        commit(target, subject, made=step / "commit.toml")
        if subject.startswith("base"):
            base = git(target, "rev-parse", "HEAD")
    if (case / "proved.toml").is_file():
        scratch_proofs.prove(case / "proved.toml", target, base)
    return base


def overlay(step: Path, target: Path) -> None:
    """Copy a step over what is there, and remove what its `delete.txt` names."""
    # copy, not copy2: a file of the same size with an old time would look unchanged to git
    left_out = shutil.ignore_patterns("delete.txt", "commit.toml")
    shutil.copytree(step, target, copy_function=shutil.copy, dirs_exist_ok=True, symlinks=True, ignore=left_out)
    zipped(target)
    gone = step / "delete.txt"
    for name in gone.read_text().split() if gone.is_file() else ():
        (target / name).unlink()


def zipped(target: Path) -> None:
    """Turn each folder `NAME.zip.d` into the zip `NAME.zip`: archives are assembled from text, never committed."""
    for folder in sorted(target.rglob("*.zip.d")):
        with zipfile.ZipFile(folder.with_suffix(""), "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                archive.writestr(zipfile.ZipInfo(file.relative_to(folder).as_posix()), file.read_bytes())
        shutil.rmtree(folder)


def commit(root: Path, subject: str, extra: Mapping[str, str] | None = None, made: Path | None = None) -> str:
    """Commit everything; the new commit's id. `made` is a file that may say whose it is, and of when."""
    told = tomllib.loads(made.read_text("utf-8")) if made is not None and made.is_file() else {}
    git(root, "add", "-A", "-f")
    git(
        root,
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        subject,
        *(f"--trailer={key}={value}" for key, value in (extra or {}).items()),
        *(f"--{key}={value}" for key, value in told.items()),
    )
    return git(root, "rev-parse", "HEAD")


def whole(name: str, target: Path) -> Path:
    """Lay out `fixtures/repos/clean` or its twin `broken` as a git repository; the folder.

    There are two commits with the same content, so that `HEAD~1` is a base for a change that changes nothing.
    """
    shutil.copytree(FIXTURES / "repos" / "clean" / "repo", target, symlinks=True)
    if name != "clean":
        folder = FIXTURES / "repos" / name
        shutil.copytree(folder / "overlay", target, dirs_exist_ok=True, symlinks=True)
        for path in (folder / "delete.txt").read_text("utf-8").split():
            (target / path).unlink()
    git(target, "init", "-q", "-b", "main")
    commit(target, f"{name} backend")
    commit(target, "a change that changes nothing")
    return target
