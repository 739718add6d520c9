"""The only place that reads session logs: JSON Lines, JSON, or a dialogue in Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from checker.collect.data_parsed import Malformed
from checker.collect.outputs import loose, transcripts
from checker.collect.outputs.recorded import acts_of
from checker.collect.outputs.work import moment
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.fields import take, text_of, whole
from checker.model.outputs.session import Entry, Sessions, Unread

MOST_ENTRIES = 200_000
MOST_LOOKED_INTO = 20  # records that could not be read
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
    """The entries of every session log, and the records that could not be read as one."""
    logs: dict[str, tuple[Entry, ...]] = {}
    unread: list[Unread] = []
    named = re.compile(r"(?i)(^|/)readme\b")
    for one in artefacts.of(Kind.SESSION_LOG):
        if one.broken:
            unread.append(Unread(one.path, 1, 1, 1, one.broken, True))
            continue
        found, missed, total = _read(one)
        logs[one.path] = tuple(found)
        if missed or not (found or named.search(one.path)):
            line, why = missed[0] if missed else (1, "no turn of a dialogue and no call stands in it")
            prose = one.path.lower().endswith((".md", ".markdown", ".txt", ".log"))
            reaches = any(_acts_in(one, number) for number, _ in missed[:MOST_LOOKED_INTO])
            grave = reaches or not (found or prose)
            unread.append(Unread(one.path, line, len(missed) or 1, max(total, 1), why, grave))
    return Sessions(logs, tuple(unread))


def _read(one: Artefact) -> tuple[list[Entry], list[tuple[int, str]], int]:
    """The entries of a log, the lines that were not understood with the reason, and how many records there are."""
    if one.path.lower().endswith((".md", ".markdown", ".txt", ".log")):
        return list(_dialogue(one)), [], 0
    if one.path.lower().endswith((".jsonl", ".ndjson")):
        lines = [(number, line) for number, line in enumerate(one.text.split("\n"), 1) if line.strip()]
        records = [(number, _parsed(line)) for number, line in lines[:MOST_ENTRIES]]
        missed = [(lines[MOST_ENTRIES][0], f"more than {MOST_ENTRIES} records")] if len(lines) > MOST_ENTRIES else []
    else:
        records, missed = list(loose.records(one.text, one.value)), []
    found: list[Entry] = []
    calls: dict[str, int] = {}
    for number, record in records:
        told = transcripts.steps(record)
        if told is None:
            mine = list(_record(one, number, record))
            found.extend(mine)
            missed += [] if mine else [(number, _odd(record))]
        else:
            missed += [(number, f"a part of the unknown kind {step.text!r}") for step in told if step.what == "unread"]
            for step in told:
                _keep(found, calls, one.path, number, step, _stamp(record))
    return found, missed, len(records)


def _acts_in(one: Artefact, number: int) -> bool:
    """Whether the raw text of a record that could not be read names a command that reaches outside."""
    lines = one.text.split("\n")
    return number <= len(lines) and bool(acts_of(lines[number - 1][:5_000]))


def _odd(record: Any) -> str:
    if isinstance(record, Mapping):
        return f"a record with {', '.join(sorted(map(str, record)))[:80] or 'nothing in it'}"
    return "a line that is no JSON" if record is None else f"a {type(record).__name__} where a record should be"


def _stamp(record: Any) -> datetime | None:
    found = take(record, *_TIME)
    return moment(found.value) if found else None


def _keep(
    found: list[Entry], calls: dict[str, int], path: str, line: int, step: transcripts.Step, time: datetime | None
) -> None:
    """A part of a transcript as an entry; what a call returned goes to the call."""
    if step.what == "result" and step.id in calls:
        call = found[calls[step.id]]
        code = step.code if step.code is not None or not call.command else 0  # hosts mark a failure, and no success
        command = "" if step.refused else call.command
        found[calls[step.id]] = replace(call, result=step.result, code=code, command=command, answered=line)
    elif step.what in ("words", "call", "result"):
        if step.what == "call" and step.id:
            calls[step.id] = len(found)
        found.append(
            Entry(path, line, step.person, step.name, step.text, step.given, step.result, time, step.command, step.code)
        )


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _record(one: Artefact, line: int, value: Any) -> Iterator[Entry]:
    if not isinstance(value, Mapping):
        return
    given, result, stamp = (take(value, *names) for names in (_GIVEN, _RESULT, _TIME))
    inner, outer = given.value if given else None, result.value if result else None
    words = text_of(value, *_WORDS) or _joined(take(value, "content"))
    told = take(inner, "command", "cmd", "script", "code") or take(value, "command", "cmd", "shell")
    command = transcripts.one_line(told.value) if told else ""
    code = take(value, *_CODE) or take(outer, *_CODE)
    name = text_of(value, *_NAME)
    if not (words or command or given or result or name):
        words = _plain(value, timed=stamp is not None)
        if not words:
            return
    yield Entry(
        path=one.path,
        line=line,
        person=bool(_PERSON.match(text_of(value, *_WHO))),
        name=name,
        words=words,
        given=inner,
        result=_loaded(outer),
        time=moment(stamp.value) if stamp else None,
        command=command,
        code=whole(code.value) if code else None,
    )


def _plain(value: Mapping[str, Any], *, timed: bool) -> str:
    """The words of a record with fields of its own: flat, and with a time or a saying in it; else nobody knows what it is."""
    if any(isinstance(held, (Mapping, list)) for held in value.values()):
        return ""
    said = [held for held in value.values() if isinstance(held, str) and held]
    return "; ".join(said) if said and (timed or any(" " in one.strip() for one in said)) else ""


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
