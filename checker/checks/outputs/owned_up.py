"""The failures and steps left out that an output owns up to beside its verdict: counts, notes, known issues."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.model.outputs.fields import key, take, whole

_STEP = r"(?:tests?|specs?|suites?|checks?|builds?|lint(?:er|ing)?|type[- ]?check(?:s|ing)?|mypy|tsc|ci|pipeline)"
_OWNED = re.compile(
    rf"(?i)\b[1-9]\d* (?:of (?:the )?\d+ )?(?:[\w-]+ ){{0,2}}?{_STEP}\b(?: \w+){{0,2}}? (?:fail(?:s|ed|ing)?|broken|red)\b"
    r"(?! (?:if|when|unless|closed|fast)\b)"
    r"|\b[1-9]\d* (?:failed|failing)\b(?! (?!in\b|out\b|of\b|and\b|on\b)\w)"
    rf"|\b{_STEP}\b (?:(?:is|are|was|were|still|currently) ){{0,2}}"
    r"(?:fail(?:s|ed|ing)?\b(?! (?:on|for|closed|fast|without)\b)|broken\b|red\b|skipped\b"
    r"|not (?:yet |been )?(?:run|executed)\b|(?:did not|didn't|has not|have not) (?:yet )?(?:run|been run)\b)"
    r"(?! (?:if|when|where|unless|locally)\b)"
)
_NONE = re.compile(rf"(?i)\b(?:0|no|zero|none of the|without) (?:\w+ ){{0,2}}?{_STEP}\b")
_OVER = re.compile(
    r"(?i)\b(?:fixed|resolved|mended|previously|earlier|at first|first (?:run|try|attempt)|before|initially|used to|no longer"
    r"|(?:now|then|since) (?:all )?(?:pass\w*|green))\b"
)
_EARLIER = re.compile(r"self_heal|attempt|histor|earlier|before|baseline|previous|changelog")
_LEFT_OUT = re.compile(r"(?i)\W*(?:skipped|not (?:yet )?(?:run|executed)|did not run|pending|disabled|to ?do|tbd)\b.*")


def owned_up(value: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Each failure or step left out that a value tells of as it stands now, as "field: words"; earlier tries are passed over."""
    if path and _EARLIER.search(key(path[-1])):
        return
    if isinstance(value, Mapping):
        bad = take(value, "failed", "failures", "failing")
        counts = take(value, "total", "passed") or re.search(_STEP, path[-1] if path else "")
        if bad and counts and whole(bad.value):
            yield f"{'.'.join((*path, bad.name))}: {bad.value}"
        for name, held in value.items():
            yield from owned_up(held, (*path, str(name)))
    elif isinstance(value, list):
        for held in value:
            yield from owned_up(held, path)
    elif isinstance(value, str):
        for said in re.split(r"\n+|[.;]+(?:\s|$)", value):
            if not _OVER.search(said) and _OWNED.search(_NONE.sub("", said)):
                yield f"{'.'.join(path)}: {said.strip()[:100]}"


def left_out(checks: Mapping[str, Any]) -> Iterator[str]:
    """Each check of a verification that was skipped or not run, as "field: words"."""
    for name, said in checks.items():
        inner = take(said, "status", "result", "state") if isinstance(said, Mapping) else None
        word = inner.value if inner else said
        if isinstance(word, str) and _LEFT_OUT.fullmatch(word):
            yield f"{name}: {word[:60]}"
