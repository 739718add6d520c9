"""The only place that runs ast-grep: one process over many files, with our rules and nobody else's configuration."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.model.unavailable import Unavailable
from checker.probe import command
from checker.probe.network import plain_environment

SECONDS = 300.0  # for one batch
_MOST_OUTPUT = 512 << 20  # bytes
_LONGEST_ARGUMENTS = 1 << 20  # bytes of paths in one batch; the kernel takes two MiB with the environment
# JavaScript is read by the grammar of TSX, which holds it; nothing of the audited project is looked for.
_CONFIG = 'languageGlobs:\n  tsx: ["*.js", "*.jsx", "*.mjs", "*.cjs", "*.tsx"]\nruleDirs: ["rules"]\n'
_EVERYTHING = tuple(
    word for kind in ("hidden", "dot", "exclude", "global", "parent", "vcs") for word in ("--no-ignore", kind)
)


@dataclass(frozen=True, slots=True)
class Hit:
    """One match: which rule, in which file, 1-based lines, byte offsets, the code, and what its variables hold."""

    rule: str
    file: str
    lines: tuple[int, int]
    bytes: tuple[int, int]
    text: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found, and the files on which the engine broke or took too long."""

    hits: tuple[Hit, ...]
    failed: tuple[str, ...]


def program() -> Path:
    """Where our ast-grep is: beside our interpreter, else on PATH. Unavailable, with the line that would mend it."""
    beside = Path(sys.executable).parent / "ast-grep"
    if beside.is_file():
        return beside
    try:
        return command.executable("ast-grep", Path("/"), plain_environment())
    except command.CommandMissing:
        raise Unavailable("ast-grep is not installed; pip install ast-grep-cli") from None


def version(engine: Path) -> str:
    """What the engine says of itself, for the key of a cache."""
    done = command.run([str(engine), "--version"], cwd=Path("/"), env=plain_environment(), timeout=20, max_output=1000)
    return done.stdout.decode("utf-8", "replace").strip()


def scan(engine: Path, rules: str, files: Sequence[str], folder: Path) -> Scan:
    """Show absolute paths to our rules (YAML documents). `folder` is ours and empty: configuration is looked up from it.

    A batch on which the engine breaks is halved until the file that breaks it stands alone.
    """
    (folder / "sgconfig.yml").write_text(_CONFIG, "utf-8")
    (folder / "rules").mkdir()
    (folder / "rules" / "ours.yml").write_text(rules, "utf-8")
    hits: list[Hit] = []
    failed: list[str] = []
    waiting = list(_batches(files))
    while waiting:
        batch = waiting.pop()
        done = _run(engine, batch, folder)
        if done is not None:
            hits.extend(done)
        elif len(batch) == 1:
            failed.append(batch[0])
        else:
            waiting += [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
    return Scan(tuple(hits), tuple(failed))


def _batches(files: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    length = 0
    for file in files:
        if batch and length + len(file) + 9 > _LONGEST_ARGUMENTS:
            yield batch
            batch, length = [], 0
        batch.append(file)
        length += len(file) + 9
    if batch:
        yield batch


def _run(engine: Path, batch: Sequence[str], folder: Path) -> list[Hit] | None:
    argv = [str(engine), "scan", "--config", str(folder / "sgconfig.yml"), "--json=stream", *_EVERYTHING, *batch]
    try:
        done = command.run(argv, cwd=folder, env=plain_environment(), timeout=SECONDS, max_output=_MOST_OUTPUT)
    except command.CommandMissing as missing:
        raise Unavailable(f"ast-grep cannot be run: {missing}; pip install --force-reinstall ast-grep-cli") from None
    if done.code not in (0, 1) or done.timed_out or done.truncated:
        if b"rule" in done.stderr[:400].lower():
            raise Unavailable(f"ast-grep refused our rules: {done.stderr[:300].decode('utf-8', 'replace')}")
        return None
    return [_hit(json.loads(line)) for line in done.stdout.splitlines() if line]


def _hit(found: Mapping[str, Any]) -> Hit:
    span, offsets = found["range"], found["range"]["byteOffset"]
    single = found.get("metaVariables", {}).get("single", {})
    last = span["end"]["line"] + (1 if span["end"]["column"] else 0)
    return Hit(
        rule=found["ruleId"],
        file=found["file"],
        lines=(span["start"]["line"] + 1, max(last, span["start"]["line"] + 1)),
        bytes=(offsets["start"], offsets["end"]),
        text=found["text"],
        names={name: one["text"] for name, one in single.items()},
    )
