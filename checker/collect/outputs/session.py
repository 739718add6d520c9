"""The only place that reads session logs: JSON Lines, JSON, or a dialogue in Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.collect.data_parsed import Malformed
from checker.collect.outputs import loose
from checker.collect.outputs.work import moment
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.fields import take, text_of, whole
from checker.model.outputs.session import Entry, Sessions

MOST_ENTRIES = 200_000
_NAME = ("method", "tool", "tool_name", "function", "action", "event", "name", "call", "step")
_GIVEN = ("args", "arguments", "params", "input", "parameters", "request")
_RESULT = ("result", "output", "response", "return", "returned", "observation")
_WORDS = ("text", "content", "message", "words", "say", "said", "note", "summary")
_WHO = ("role", "who", "speaker", "actor", "author", "from", "by")
_TIME = ("time", "timestamp", "at", "ts", "created_at", "when")
_CODE = ("exit_code", "return_code", "returncode", "code", "status_code", "exit")
_PERSON = re.compile(r"(?i)^(?:user|human|person|reviewer|owner|customer|cto|you)\b")
_TURN = re.compile(
    r"^[>#\s*_-]*\**(User|Human|Reviewer|CTO|Agent|Assistant|AI|Claude|Codex|Me)\b[*_]*\s*(?:\([^)]*\))?\s*:\s*[*_]*\s*(.*)$",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"(?m)^[^\S\n]*\$ (\S.*)$")


def sessions(artefacts: Artefacts) -> Sessions:
    """The entries of every session log."""
    return Sessions({one.path: tuple(_entries(one)) for one in artefacts.of(Kind.SESSION_LOG) if not one.broken})


def _entries(one: Artefact) -> Iterator[Entry]:
    if one.path.lower().endswith((".md", ".markdown", ".txt", ".log")):
        yield from _dialogue(one)
    elif one.path.lower().endswith((".jsonl", ".ndjson")):
        for number, line in enumerate(one.text.split("\n"), 1):
            if line.strip() and number <= MOST_ENTRIES:
                yield from _record(one, number, _parsed(line))
    else:
        yield from _listed(one)


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _listed(one: Artefact) -> Iterator[Entry]:
    for line, record in loose.records(one.text, one.value):
        yield from _record(one, line, record)


def _record(one: Artefact, line: int, value: Any) -> Iterator[Entry]:
    if not isinstance(value, Mapping):
        return
    given, result, stamp = (take(value, *names) for names in (_GIVEN, _RESULT, _TIME))
    inner, outer = given.value if given else None, result.value if result else None
    words = text_of(value, *_WORDS) or _joined(take(value, "content"))
    command = text_of(value, "command", "cmd", "shell") or text_of(inner, "command", "cmd", "script")
    code = take(value, *_CODE) or take(outer, *_CODE)
    yield Entry(
        path=one.path,
        line=line,
        person=bool(_PERSON.match(text_of(value, *_WHO))),
        name=text_of(value, *_NAME),
        words=words,
        given=inner,
        result=_loaded(outer),
        time=moment(stamp.value) if stamp else None,
        command=command,
        code=whole(code.value) if code else None,
    )


def _joined(content: Any) -> str:
    held = content.value if content else None
    return " ".join(text_of(part, "text") for part in held) if isinstance(held, list) else ""


def _loaded(value: Any) -> Any:
    """A result that was written as JSON text, as what it holds."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return loose.data(value)
        except Malformed:
            return value
    return value


def _dialogue(one: Artefact) -> Iterator[Entry]:
    who, first = "", 1
    words: list[str] = []
    for number, line in enumerate(one.text.split("\n"), 1):
        turn = _TURN.match(line)
        if turn:
            yield from _said(one, who, words, first)
            who, words, first = turn.group(1), [turn.group(2)], number
        else:
            words.append(line)
    yield from _said(one, who, words, first)


def _said(one: Artefact, who: str, words: list[str], first: int) -> Iterator[Entry]:
    if not who:
        return
    text = "\n".join(words).strip()
    person = bool(_PERSON.match(who))
    yield Entry(one.path, first, person, "", text)
    for offset, line in enumerate(words):
        command = _COMMAND.match(line)
        if command and not person:
            yield Entry(one.path, first + offset, False, "shell", "", command=command.group(1))
