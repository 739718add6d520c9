"""The only place that runs ESLint for a proof, with a broken file planted, and reads its JSON."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from typing import Any

from checker.model.proof import Counts, Signal
from checker.model.unavailable import Unavailable
from checker.proofs.js_run import link_modules
from checker.proofs.outcome import Outcome, digest, stopped, tail
from checker.proofs.scratch import Scratch

_ENTRY = "eslint/bin/eslint.js"
_LEFT_OUT = re.compile(
    r"^(?:--fix.*|--quiet|-f|--format|-o|--output-file|--cache.*|--no-error-on-unmatched-pattern|--pass-on-.*)(?:=.*)?$"
)
_TAKES_A_WORD = (
    "-f",
    "--format",
    "-o",
    "--output-file",
    "--cache-location",
    "--cache-strategy",
    "--cache-file",
    "--fix-type",
)
_MOST = re.compile(r"^--max-warnings(?:=(\d+))?$")


def run(scratch: Scratch, sources: Sequence[str], words: Sequence[str], seconds: float) -> Outcome:
    """ESLint over what the policy names. Unavailable where node or ESLint is not installed."""
    link_modules(scratch)
    entry = scratch.tree / "node_modules" / _ENTRY
    if scratch.node is None:
        raise Unavailable("node is not on PATH; install Node.js 20 or newer")
    if not entry.is_file():
        raise Unavailable("eslint is not in node_modules; npm ci")
    looked_at = scratch.below(sources, words)
    beside = next((path for path in looked_at if "/" in path), looked_at[0] if looked_at else "")
    ending = beside[beside.rfind(".") :] if beside else ".js"
    planted = scratch.tree / beside.rpartition("/")[0] / f"c{secrets.token_hex(4)}{ending}"
    planted.write_text("const = ;\n", "utf-8")
    argv = [str(scratch.node), str(entry), *_kept(words), "--format=json"]
    done = scratch.run(argv, seconds)
    planted.unlink(missing_ok=True)
    signals = list(stopped(done, seconds))
    try:
        files = _files(json.loads(done.stdout))
    except (ValueError, RecursionError):
        files = []
        signals.append(Signal(kind="unparsed", about=f"eslint wrote no JSON list: {tail(done)}"))
    ours = [one for one in files if str(one.get("filePath", "")).endswith("/" + planted.name) and one.get("errorCount")]
    real = [one for one in files if not str(one.get("filePath", "")).endswith("/" + planted.name)]
    if not ours:
        signals.append(Signal(kind="canary", about="a planted file that cannot be parsed was not reported"))
    errors = [
        _said(one, message, scratch)
        for one in real
        for message in one.get("messages", ())
        if message.get("severity") == 2
    ]
    warned = sum(int(one.get("warningCount", 0)) for one in real)
    signals += [Signal(kind="failed", about=one) for one in errors]
    most = _most(words)
    if most is not None and warned > most:
        signals.append(Signal(kind="failed", about=f"{warned} warnings, {most} are allowed"))
    if not real:
        signals.append(Signal(kind="empty", about="eslint looked at no file"))
    counts = Counts(collected=len(real), failed=len(errors))
    return Outcome(
        scratch.shown(argv), done.code, digest(done), counts, failed=tuple(sorted(set(errors))), signals=tuple(signals),
        canary={"planted": 1, "asExpected": min(1, len(ours))},
    )  # fmt: skip


def _kept(words: Sequence[str]) -> list[str]:
    kept, left_out = [], False
    for word in words:
        if not left_out and not _LEFT_OUT.match(word):
            kept.append(word)
        left_out = not left_out and word in _TAKES_A_WORD
    return kept or ["."]


def _most(words: Sequence[str]) -> int | None:
    for place, word in enumerate(words):
        if found := _MOST.match(word):
            following = words[place + 1] if place + 1 < len(words) else ""
            text = found[1] or following
            return int(text) if text.isdigit() else None
    return None


def _files(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError("not a list of objects")
    return value


def _said(file: dict[str, Any], message: Any, scratch: Scratch) -> str:
    path = str(file.get("filePath", "?")).removeprefix(f"{scratch.tree.resolve()}/").removeprefix(f"{scratch.tree}/")
    told = message if isinstance(message, dict) else {}
    return f"{path}:{told.get('line', '?')} {told.get('ruleId') or 'syntax'}"
