"""The only place that runs ruff, byte-compilation, wheel builds and our own audit for a proof, and reads what they left."""

from __future__ import annotations

import json
import secrets
import sys
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from checker.model.proof import Counts, Signal
from checker.model.unavailable import Unavailable
from checker.probe.command import Completed
from checker.proofs import junit
from checker.proofs.outcome import Outcome, digest, stopped, tail
from checker.proofs.scratch import Scratch

_ABSENT = b"No module named"
_BREAKS = "E9,F63,F7,F82,TC004"


def ruff(scratch: Scratch, words: Sequence[str], sources: Sequence[str], seconds: float) -> Outcome:
    """`ruff check` in JSON. A file that cannot be parsed is planted: a run that does not report it looked at nothing."""
    looked_at = scratch.below(sources, words)
    folder = scratch.tree / (looked_at[0].rpartition("/")[0] if looked_at else "")
    planted = folder / f"c{secrets.token_hex(4)}.py"
    planted.write_text("def (\n", "utf-8")
    passed_on = [
        word for word in words if word not in ("check", "--fix", "--exit-zero", "-e", "-q", "--quiet", "-s", "--silent")
    ]
    kept = [word for word in passed_on if not word.startswith(("--output-format", "--output-file", "--config"))]
    argv = _python(
        scratch, ["ruff", "check", *kept, "--no-cache", "--no-respect-gitignore", "--output-format=json", "--no-fix"]
    )
    done = _project_first(scratch, argv, seconds)
    planted.unlink(missing_ok=True)
    signals = list(stopped(done, seconds))
    try:
        found = _objects(json.loads(done.stdout))
    except (ValueError, RecursionError):
        found = []
        signals.append(Signal(kind="unparsed", about=f"ruff wrote no JSON list: {tail(done)}"))
    ours = [one for one in found if str(one.get("filename", "")).endswith("/" + planted.name)]
    real = [one for one in found if one not in ours]
    if not ours:
        signals.append(
            Signal(kind="canary", about=f"planted broken file in {folder.relative_to(scratch.tree)} was not reported")
        )
    signals += [Signal(kind="failed", about=_lint(one, scratch.tree)) for one in real]
    if not sources:
        signals.append(Signal(kind="empty", about="no Python file to look at"))
    failed = tuple(sorted({_lint(one, scratch.tree) for one in real}))
    counts = Counts(collected=len(sources), failed=len(real))
    planting: Mapping[Any, int] = {"planted": 1, "asExpected": min(1, len(ours))}
    return Outcome(
        scratch.shown(argv), done.code, digest(done), counts, failed=failed, signals=tuple(signals), canary=planting
    )


def hidden(scratch: Scratch, paths: Sequence[str], seconds: float) -> Counter[str]:
    """What breaks a program whatever its settings say: names that do not exist, syntax; no configuration and no `noqa` obeyed."""
    if not paths:
        return Counter()
    words = [
        "--isolated",
        "--ignore-noqa",
        "--no-cache",
        "--no-respect-gitignore",
        f"--select={_BREAKS}",
        "--target-version=py313",
    ]
    argv = [sys.executable, "-I", "-m", "ruff", "check", *words, "--output-format=json", "--", *paths]
    done = scratch.run(argv, seconds)
    try:
        found = _objects(json.loads(done.stdout))
    except (ValueError, RecursionError):
        return Counter()
    return Counter(
        f"{_lint(one, scratch.tree).partition(':')[0]} {one.get('code')} {one.get('message')}" for one in found
    )


def compiled(scratch: Scratch, words: Sequence[str], sources: Sequence[str], seconds: float) -> Outcome:
    """`compileall`: every Python file below the named folders must have left its byte code."""
    kept = [word for word in words if not word.startswith(("-x", "-i", "-r", "-l"))]
    argv = [str(scratch.interpreter.path), "-I", "-m", "compileall", "-f", *kept]
    done = scratch.run(argv, seconds)
    signals = list(stopped(done, seconds))
    named = [word.strip("/").removeprefix("./") for word in kept if not word.startswith("-")]
    wanted = [
        path for path in sources if any(one in ("", ".") or path == one or path.startswith(one + "/") for one in named)
    ]
    left = [path for path in wanted if not _byte_code(scratch.tree / path)]
    signals += [Signal(kind="failed", about=f"{path} does not compile") for path in left]
    if not wanted:
        signals.append(Signal(kind="empty", about="no Python file was compiled"))
    if done.code and not left:
        signals.append(Signal(kind="exit-code", about=f"compileall ended with {done.code}: {tail(done)}"))
    counts = Counts(collected=len(wanted), passed=len(wanted) - len(left), failed=len(left))
    return Outcome(scratch.shown(argv), done.code, digest(done), counts, failed=tuple(left), signals=tuple(signals))


def wheel(scratch: Scratch, words: Sequence[str], seconds: float) -> Outcome:
    """`python -m build`: a wheel must be there, open, and hold modules."""
    out = scratch.results / "dist"
    argv = [str(scratch.interpreter.path), "-I", "-m", "build", *words, "--outdir", str(out)]
    done = scratch.run(argv, seconds)
    if done.code and _ABSENT in done.stderr:
        raise Unavailable(
            f"build is not installed for {scratch.interpreter.path}; {scratch.interpreter.path} -m pip install build"
        )
    signals = list(stopped(done, seconds))
    wheels = sorted(out.glob("*.whl")) if out.is_dir() else []
    modules = sum(map(_modules, wheels))
    if done.code:
        signals.append(Signal(kind="failed", about=f"build ended with {done.code}: {tail(done)}"))
    elif not modules:
        signals.append(Signal(kind="empty", about="the build left no wheel with a module in it"))
    counts = Counts(collected=modules, passed=modules)
    return Outcome(
        scratch.shown(argv), done.code, digest(done), counts, tuple(one.name for one in wheels), signals=tuple(signals)
    )


def own_audit(scratch: Scratch, words: Sequence[str], seconds: float) -> Outcome:
    """Our own audit of the exported tree, as JSON: ready, and something examined."""
    argv = [sys.executable, "-P", "-s", "-m", "checker", *words, "--format", "json"]
    done = scratch.run(argv, seconds, {"PYTHONPATH": str(Path(__file__).resolve().parents[2])})
    signals = list(stopped(done, seconds))
    try:
        report = json.loads(done.stdout)
        findings, results = _objects(report["findings"]), _objects(report["results"])
    except (ValueError, KeyError, TypeError, RecursionError):
        about = f"the audit left no report: {tail(done)}"
        return Outcome(
            scratch.shown(argv), done.code, digest(done), signals=(*signals, Signal(kind="unparsed", about=about))
        )
    grave = [one for one in findings if one.get("severity") in ("critical", "major")]
    signals += [Signal(kind="failed", about=f"{one.get('rule')}: {one.get('title')}") for one in grave]
    unseen = [one for one in results if one.get("outcome") in ("unavailable", "error")]
    signals += [Signal(kind="not-executed", about=f"{one.get('rule')}: {one.get('reason')}") for one in unseen]
    examined = sum(int(one.get("examined", 0)) for one in results if one.get("category") != "config")
    if not examined:
        signals.append(Signal(kind="nothing-there", about="the audit found nothing of the kind to examine"))
    counts = Counts(collected=examined, passed=max(0, examined - len(grave)), failed=len(grave))
    failed = tuple(sorted({str(one.get("fingerprint")) for one in grave}))
    return Outcome(scratch.shown(argv), done.code, digest(done), counts, failed=failed, signals=tuple(signals))


def believed(scratch: Scratch, argv: Sequence[str], seconds: float) -> Outcome:
    """A command whose results nobody here can read: its exit code is all there is, and a person must say whether it counts."""
    done = scratch.run(list(argv), seconds)
    signals = list(stopped(done, seconds))
    if done.code:
        signals.append(Signal(kind="failed", about=f"ended with {done.code}: {tail(done)}"))
    else:
        signals.append(
            Signal(kind="exit-code-alone", about=f"{argv[0]}: no results that can be read, only exit code 0")
        )
    return Outcome(scratch.shown(list(argv)), done.code, digest(done), signals=tuple(signals))


def reported(scratch: Scratch, argv: Sequence[str], place: str, seconds: float) -> Outcome:
    """A command that leaves a JUnit file where `place` stands in its words: its cases are read, and no case is no proof."""
    report = scratch.results / "reported.xml"
    report.unlink(missing_ok=True)
    words = [word.replace(place, str(report)) for word in argv]
    done = scratch.run(words, seconds)
    signals = list(stopped(done, seconds))
    cases: Mapping[str, str] = {}
    try:
        cases = junit.cases(report)
    except junit.Unparsed as wrong:
        signals.append(Signal(kind="unparsed", about=f"{wrong}; it said: {tail(done)}"))
    named = {kind: tuple(sorted(name for name, one in cases.items() if one == kind)) for kind in set(cases.values())}
    passed, failed = named.get("passed", ()), named.get("failed", ())
    signals += [Signal(kind="failed", about=name) for name in failed]
    if not passed and not failed:
        signals.append(Signal(kind="empty", about="no case passed; zero cases are no proof"))
    if done.code and not failed:
        signals.append(Signal(kind="exit-code", about=f"ended with {done.code}, and no case failed: {tail(done)}"))
    counts = Counts(collected=len(cases), **{kind: len(names) for kind, names in named.items()})
    warned = (*named.get("skipped", ()), *named.get("xfailed", ()))
    executed = frozenset(cases)
    return Outcome(
        scratch.shown(words), done.code, digest(done), counts, passed, failed, warned, executed, tuple(signals)
    )


def _python(scratch: Scratch, words: list[str]) -> list[str]:
    return [str(scratch.interpreter.path), "-I", "-m", *words]


def _project_first(scratch: Scratch, argv: list[str], seconds: float) -> Completed:
    """The project's own ruff, whose version it has chosen; ours where it has none."""
    done = scratch.run(argv, seconds)
    if done.code and _ABSENT in done.stderr:
        argv[0] = sys.executable
        done = scratch.run(argv, seconds)
    return done


def _objects(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError("not a list of objects")
    return value


def _lint(found: Mapping[str, Any], tree: Path) -> str:
    place = found.get("location")
    row = place.get("row") if isinstance(place, dict) else "?"
    path = str(found.get("filename", "?")).removeprefix(f"{tree.resolve()}/").removeprefix(f"{tree}/")
    return f"{path}:{row} {found.get('code') or 'syntax'}"


def _byte_code(file: Path) -> bool:
    return any((file.parent / "__pycache__").glob(f"{_escaped(file.stem)}.*.pyc"))


def _escaped(text: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)


def _modules(file: Path) -> int:
    try:
        with zipfile.ZipFile(file) as opened:
            return sum(name.endswith((".py", ".so", ".pyd")) for name in opened.namelist())
    except (zipfile.BadZipFile, OSError):
        return 0
