"""The only place that builds environments for audited projects, in the user's cache folder, one for each set of pins."""

from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from checker.model.installed import Installed, Pins
from checker.model.unavailable import Unavailable
from checker.probe.command import CommandMissing, executable, run

SECONDS = 1200.0
_KEPT = re.compile(
    r"^(?:PATH|HOME|LANG|LC_\w+|(?:HTTPS?|NO|ALL)_PROXY|PIP_\w+|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|NETRC|XDG_\w+_HOME)$",
    re.IGNORECASE,
)
_VERSION = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
_MINORS = range(15, 7, -1)
_TAG = re.compile(r"-(?P<python>[\w.]+)-(?P<abi>[\w.]+)-(?P<platform>[\w.]+)\.whl$")
_ERROR = re.compile(r"^(?:ERROR|Error|error|fatal error|[\w.]*Error)\b.*:|(?i:could not|not found|failed building)")
_DONE = "complete"


def environment(pins: Pins, caller: Mapping[str, str], fits: Callable[[str, str], bool]) -> Installed:
    """A virtual environment with the pins. `fits` says whether a version of Python is one that a specifier allows.

    It is built once for the same lines and the same Python. Raises Unavailable with pip's last words.
    """
    python, version = _interpreter(pins, caller, fits)
    lines = pins.lines(version)
    key = hashlib.sha256("\n".join((version, python, str(pins.exact), *lines)).encode()).hexdigest()[:24]
    folder = _cache(caller) / key
    with _alone(folder):
        if not (folder / _DONE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            _build(folder, python, pins, lines, caller)
    told = f"environment built from {pins.source} ({len(lines)} requirements) with Python {version}"
    return Installed(str(folder / "bin" / "python"), told)


def _build(folder: Path, python: str, pins: Pins, lines: tuple[str, ...], caller: Mapping[str, str]) -> None:
    given = {name: value for name, value in caller.items() if _KEPT.match(name)}
    _ran([python, "-m", "venv", str(folder)], folder.parent, given, "no virtual environment could be made")
    wanted = folder / "requirements.txt"
    wanted.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    options = ["--no-deps"] if pins.exact else ["--prefer-binary"]
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    _ran([*pip, *options, "-r", str(wanted)], folder, given, f"pip could not install {pins.source}")
    (folder / _DONE).touch()


def _ran(argv: list[str], cwd: Path, given: Mapping[str, str], failed: str) -> None:
    try:
        done = run(argv, cwd=cwd, env=given, timeout=SECONDS, max_output=1 << 20)
    except (CommandMissing, OSError) as missing:
        raise Unavailable(f"--install: {failed}: {missing}") from None
    if done.timed_out:
        raise Unavailable(f"--install: {failed} within {SECONDS:.0f} s")
    if done.code:
        said = [line.strip() for line in (done.stderr or done.stdout).decode("utf-8", "replace").splitlines()]
        errors = [line for line in said if _ERROR.search(line) and "subprocess-exited" not in line]
        shown = list(dict.fromkeys(errors or [line for line in said if line]))[-3:]
        raise Unavailable(f"--install: {failed}: {' / '.join(shown)[:600]}; or name an interpreter: [app] python")


def _interpreter(pins: Pins, caller: Mapping[str, str], fits: Callable[[str, str], bool]) -> tuple[str, str]:
    """The Python that the project hints at, else the one for which its lock has most wheels; ours where all are equal."""
    found = dict(_interpreters(caller))
    allowed = {python: version for python, version in found.items() if fits(version, pins.requires)}
    if not allowed:
        known = ", ".join(sorted(set(found.values())))
        raise Unavailable(
            f"--install: {pins.source} wants Python {pins.requires}, and this machine has {known}; install one (pyenv, uv)"
            " where PATH leads, or name an interpreter that has the packages: [app] python"
        )
    hinted = [one for one, version in allowed.items() if pins.hinted and version.startswith(f"{pins.hinted}.")]
    best = hinted[0] if hinted else min(allowed, key=lambda one: _unbuilt(pins, allowed[one]))
    return best, allowed[best]


def _interpreters(caller: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Ours first, then every other that answers, where PATH leads and where version managers keep theirs."""
    yield sys.executable, ".".join(map(str, sys.version_info[:3]))
    folders = list(_folders(caller))
    for minor in _MINORS:
        if minor != sys.version_info.minor:
            known = (_answering(folder, minor, caller) for folder in folders)
            yield from islice(filter(None, known), 1)


def _folders(caller: Mapping[str, str]) -> Iterator[str]:
    yield from (one for one in caller.get("PATH", "").split(os.pathsep) if os.path.isabs(one))
    home = caller.get("HOME", "/nonexistent")
    kept = (
        caller.get("PYENV_ROOT") or f"{home}/.pyenv",
        f"{home}/.local/share/uv/python",
        f"{home}/.asdf/installs/python",
    )
    for folder in (f"{kept[0]}/versions", *kept[1:]):
        yield from sorted(glob.glob(f"{glob.escape(folder)}/*/bin"), reverse=True)


def _answering(folder: str, minor: int, caller: Mapping[str, str]) -> tuple[str, str] | None:
    """The interpreter of a version in a folder, with its whole version; None where there is none that runs."""
    try:
        program = str(executable(f"python3.{minor}", Path("/"), {"PATH": folder}))
        told = run([program, "-c", _VERSION], cwd=Path("/"), env=dict(caller), timeout=20, max_output=4096)
    except (CommandMissing, OSError):
        return None
    version = told.stdout.decode("ascii", "replace").strip()
    return (program, version) if told.code == 0 and version.startswith(f"3.{minor}.") else None


def _unbuilt(pins: Pins, version: str) -> int:
    """How many packages of the lock have no wheel for a version of Python and would have to be compiled."""
    minor = int(version.split(".")[1])
    return sum(bool(files) and not any(_is_for(name, minor) for name in files) for files in pins.files)


def _is_for(name: str, minor: int) -> bool:
    found = _TAG.search(name)
    if found is None:
        return False
    pythons = found["python"].split(".")
    if found["platform"] == "any" or "none" in found["abi"]:
        return any(one in ("py3", f"py3{minor}", f"cp3{minor}") for one in pythons)
    if "linux" not in found["platform"]:
        return False
    older = [int(one[3:]) for one in pythons if re.fullmatch(r"cp3\d+", one)]
    return f"cp3{minor}" in pythons or ("abi3" in found["abi"] and bool(older) and min(older) <= minor)


def _cache(caller: Mapping[str, str]) -> Path:
    """Our folder in the user's cache. Unavailable where somebody else could have written into it."""
    base = caller.get("XDG_CACHE_HOME") or str(Path(caller.get("HOME") or Path.home(), ".cache"))
    folder = Path(base, "backend-checker", "environments")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        seen = folder.stat()
    except OSError as refused:
        raise Unavailable(f"--install: {folder}: {refused.strerror or refused}") from None
    if seen.st_uid != os.geteuid() or seen.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Unavailable(f"--install: {folder} can be written by others; chmod go-w it, or remove it")
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One at a time, whoever else builds the same."""
    with open(f"{folder}.lock", "w", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
