"""The only place that finds agents' outputs in a tree: by path where a standard fixes one, else by what stands in the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.collect.data_parsed import Malformed
from checker.collect.files import Root, Unreadable
from checker.collect.outputs import junk, kinds, loose, transcripts
from checker.collect.outputs.markdown import blocks, sections
from checker.collect.outputs.text import LARGEST, readable
from checker.model.globs import covers
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.fields import key
from checker.model.repo import File, Inventory, Role
from checker.model.settings import Description, Layout
from checker.model.unavailable import Unavailable

_DATA, _LINES, _PROSE = (".json", ".yaml", ".yml"), (".jsonl", ".ndjson"), (".md", ".markdown")
LARGEST_REPORT = 4 * 1024 * 1024  # bytes of what a person is to read
_LARGEST_CANDIDATE = (
    8 * 1024 * 1024
)  # bytes; above it an output that is found by what stands in it is too large to be read
_WRITTEN = (Kind.RUN_REPORT, Kind.CHECKPOINT, Kind.ESCALATION, Kind.DELIVERY)
_NEVER = frozenset({Role.VENDORED, Role.FIXTURE, Role.TEST, Role.MIGRATION})
_BY_NAME = frozenset({Role.SCRIPT, Role.GENERATED})  # where only a name says that a file is an output
_WRAPPERS = ("result", "output", "response", "data", "payload", "content", "report", "artifact", "artefact", "document")
_WRAPPED = "read out of what is wrapped around it"
MOST_LISTED = 50  # outputs in one list; a longer one is a table
_INSTRUCTIONS = re.compile(
    r"(?i)(^|/)(agents?|claude|gemini|copilot-instructions|readme|contributing|changelog)\.md$"
    r"|(^|/)(?:(?:\.claude|\.cursor|\.github|prompts?|agents|constants|skills)/.*\.(?:md|markdown)$|templates?/)"
)
_PROMPT = re.compile(
    r"(?m)^<role>|^You are (?:the|a|an) \*\*|^(?:name|description|mode): .+\n(?:.*\n){0,6}---", re.IGNORECASE
)


def artefacts(root: Root, inventory: Inventory, description: Description) -> Artefacts:
    """Every output in the tree. Locks, the queue and packs are listed without their content, which other facts hold."""
    found: list[Artefact] = []
    for file in inventory.files:
        kind = fixed_kind(file.path, description.layout)
        if kind is not None and file.role in (Role.VENDORED, Role.FIXTURE):
            continue
        if kind in (Kind.LOCK, Kind.QUEUE, Kind.PACK):
            found.append(Artefact(file.path, kind))
        elif kind is not None:
            found.extend(_at_fixed_path(root, file, kind))
        elif _is_candidate(file, description.layout):
            found.extend(_by_content(root, file))
        elif _is_named(file, description.layout):
            found.extend(_of_kind(_by_content(root, file), junk.named(file.path)))
    return Artefacts(tuple(found))


def fixed_kind(path: str, layout: Layout) -> Kind | None:
    """The kind that a path means, by the standards' own paths and by the configured ones."""
    told = ((Kind.LOCK, layout.locks, ""), (Kind.QUEUE, layout.queue, ""), (Kind.RUN_REPORT, layout.runs, ".md"))
    for kind, patterns, suffix in told:
        if path.endswith(suffix) and any(covers(pattern, path) for pattern in patterns):
            return kind
    return kinds.by_path(path)


def _is_candidate(file: File, layout: Layout) -> bool:
    if layout.outputs:
        return any(covers(pattern, file.path) for pattern in layout.outputs)
    if file.role in _NEVER | _BY_NAME or _INSTRUCTIONS.search(file.path):
        return False
    in_source = any(covers(pattern, file.path) for pattern in layout.source)
    return not in_source and file.path.lower().endswith((*_DATA, *_LINES, *_PROSE))


def _is_named(file: File, layout: Layout) -> bool:
    """Whether a file that lies among sources or what is built is an output by its name, which what stands in it must bear out."""
    told = file.path.lower().endswith(_DATA) and junk.named(file.path) is not None
    return told and not layout.outputs and file.role not in _NEVER and not _INSTRUCTIONS.search(file.path)


def _of_kind(found: Iterator[Artefact], kind: Kind | None) -> Iterator[Artefact]:
    return (one for one in found if one.kind is kind and (not one.broken or junk.by_keys(one.text) is kind))


def _at_fixed_path(root: Root, file: File, kind: Kind) -> Iterator[Artefact]:
    try:
        limit = LARGEST_REPORT if kind in (Kind.RUN_REPORT, Kind.APPROVAL) else LARGEST
        text, assumed = readable(file.path, root.read(file.path, limit))
    except (Unreadable, Unavailable) as wrong:
        yield Artefact(file.path, kind, broken=str(wrong).removeprefix(f"{file.path}").lstrip(": "))
        return
    yield one_of(file.path, text, assumed, kind)
    if kind is Kind.SESSION_LOG:
        yield from _results(file.path, text, assumed)


def one_of(path: str, text: str, assumed: tuple[str, ...], kind: Kind) -> Artefact:
    """A text as one output of a known kind; what cannot be read as that says so in `broken`."""
    if not text.strip():
        return Artefact(path, kind, text, broken="the file is empty")
    named = path.lower()
    if kind is Kind.SESSION_LOG and named.endswith((*_LINES, *_PROSE, ".log", ".txt")):
        return Artefact(path, kind, text, assumed=assumed)
    prose = kind in _WRITTEN or named.endswith(_PROSE)
    if prose:
        inside = next((one for one in _fenced(path, text, assumed) if one.kind is kind), None)
        if inside is not None and kind not in _WRITTEN:
            return inside
        value = loose.pairs(text)[0] if kind is Kind.APPROVAL and ":" in text else None
        return Artefact(path, kind, text, value, sections(text), assumed=assumed)
    try:
        value, told = loose.pairs(text) if kind is Kind.APPROVAL else loose.data_and_doubles(text)
        how, doubled = (told, "") if kind is Kind.APPROVAL else ("", told)
    except Malformed as wrong:
        return Artefact(path, kind, text, assumed=assumed, broken=str(wrong), broken_line=wrong.line)
    if kind is Kind.SESSION_LOG and not junk.has_steps(value):
        return Artefact(path, kind, text, assumed=assumed, broken="holds no step of a session", broken_line=1)
    if kind in junk.FIELDS and kind not in kinds.by_value(value):
        inside = next((held for told, held in _held(value) if told is kind), None)
        if inside is not None:
            span = (1, text.rstrip("\n").count("\n") + 1)
            return Artefact(path, kind, text, _unwrapped(inside, kind), block=span, assumed=(*assumed, _WRAPPED))
        if not isinstance(value, Mapping):
            return Artefact(path, kind, text, assumed=assumed, broken="a list where a mapping should be", broken_line=1)
    said = (*assumed, how) if how else assumed
    return Artefact(path, kind, text, _unwrapped(value, kind), assumed=said, doubled=doubled)


def _unwrapped(value: object, kind: Kind) -> object:
    """The payload itself where a method's result is wrapped around it."""
    if kind is Kind.PR_PAYLOAD and isinstance(value, dict) and isinstance(value.get("draft_pr_payload"), dict):
        return value["draft_pr_payload"]
    return value


def _by_content(root: Root, file: File) -> Iterator[Artefact]:
    try:
        data = root.read(file.path, LARGEST)
    except Unreadable as wrong:
        yield from _junk(file.path, root.head(file.path, _LARGEST_CANDIDATE), str(wrong))
        return
    except Unavailable:
        return
    if len(data) > _LARGEST_CANDIDATE:
        yield from _junk(file.path, data, f"is larger than {_LARGEST_CANDIDATE >> 20} MiB, so nobody reads it")
        return
    try:
        text, assumed = readable(file.path, data)
    except Unreadable as wrong:
        kind = _in_binary(file.path, data)
        yield from [Artefact(file.path, kind, broken=_said(file.path, wrong))] if kind else ()
        return
    yield from in_text(file.path, text, assumed)


def announced(root: Root, path: str) -> Kind | None:
    """What a file that is no text, or is too large, was to be, by its name or the keys in it."""
    try:
        return _in_binary(path, root.read(path, LARGEST))
    except Unreadable:
        return junk.named(path)


def _in_binary(path: str, data: bytes) -> Kind | None:
    if not path.lower().endswith(_DATA) or len(data) > _LARGEST_CANDIDATE:
        return junk.named(path)
    return junk.meant(path, data.replace(b"\0", b"").decode("utf-8", "replace"))


def _junk(path: str, data: bytes, why: str) -> Iterator[Artefact]:
    """What is too large to be read, where its name or its rarest keys say that it was to be an output."""
    kind = junk.named(path) or junk.in_bytes(data) if path.lower().endswith(_DATA) else None
    if kind is not None:
        yield Artefact(path, kind, broken=_said(path, why))


def _unparsed(wrong: Exception) -> str:
    return f"the line is no JSON ({str(wrong)[:80]})"


def _said(path: str, wrong: object) -> str:
    return str(wrong).removeprefix(path).lstrip(": ")


def in_text(path: str, text: str, assumed: tuple[str, ...]) -> Iterator[Artefact]:
    """The outputs that a text holds, told by their shape; what was to be one and does not parse is there, broken."""
    named = path.lower()
    telling = kinds.TELLING.search(text) or transcripts.MARKS.search(text)
    if named.endswith(_DATA) and (junk.named(path) or telling):
        yield from _in_data(path, text, assumed)
        return
    if not telling:
        return
    if named.endswith(_LINES):
        if kinds.calls(text) or (transcripts.MARKS.search(text) and transcripts.NAMED.search(path)):
            yield Artefact(path, Kind.SESSION_LOG, text, assumed=assumed)
        yield from _lines(path, text, assumed)
    elif not named.endswith(_DATA) and not _PROMPT.search(text[:3000]):
        found = sections(text)
        for kind in list(kinds.by_text(text, found))[:1]:
            yield Artefact(path, kind, text, None, found, assumed=assumed)
        yield from _fenced(path, text, assumed)


def _in_data(path: str, text: str, assumed: tuple[str, ...]) -> Iterator[Artefact]:
    said = junk.named(path)
    try:
        value, doubled = loose.data_and_doubles(text)
    except Malformed as wrong:
        kind = junk.meant(path, text)
        if kind is not None:
            broken = "the file is empty" if not text.strip() else str(wrong)
            yield Artefact(path, kind, text, assumed=assumed, broken=broken, broken_line=wrong.line)
        return
    told = list(kinds.by_value(value))[:1] or _hosted(path, text)
    if junk.is_about(path) and junk.shows_a_form(text):
        return
    if told:
        yield Artefact(path, told[0], text, _unwrapped(value, told[0]), assumed=assumed, doubled=doubled)
        if told[0] is Kind.SESSION_LOG:
            yield from _results(path, text, assumed)
    elif held := list(_held(value)):
        span, how = (1, text.rstrip("\n").count("\n") + 1), (*assumed, _WRAPPED)
        for kind, inside in held:
            yield Artefact(path, kind, json.dumps(inside), _unwrapped(inside, kind), block=span, assumed=how)
    elif said is not None and junk.holds_fields(said, value):
        yield Artefact(path, said, text, value, assumed=(*assumed, "told by its name"), doubled=doubled)
    elif said is not None and (not value or (path.lower().endswith(".json") and text.lstrip()[:1] not in "[{")):
        broken = "holds nothing" if not value else "holds words where JSON should be"
        yield Artefact(path, said, text, assumed=assumed, broken=broken, broken_line=1)


def _held(value: Any) -> Iterator[tuple[Kind, Any]]:
    """The outputs that stand one level down: in a short list, or under a name that only wraps."""
    if isinstance(value, list):
        inside = value if len(value) <= MOST_LISTED else []
    else:
        wrapped = [held for name in value if key(name) in _WRAPPERS for held in [value[name]]]
        inside = wrapped if len(value) <= len(_WRAPPERS) else []
    for one in inside:
        yield from ((kind, one) for kind in list(kinds.by_value(one))[:1] if isinstance(one, Mapping))


def _hosted(path: str, text: str) -> list[Kind]:
    """Whether data is a transcript that a host of agents wrote, by its parts and its name."""
    return [Kind.SESSION_LOG] if transcripts.MARKS.search(text) and transcripts.NAMED.search(path) else []


def candidates(path: str, text: str) -> Iterator[Kind]:
    """Every kind that a text could be, by its shape, wherever it lies."""
    if path.lower().endswith(_LINES) and (kinds.calls(text) or transcripts.MARKS.search(text)):
        yield Kind.SESSION_LOG
        return
    if path.lower().endswith(_LINES):
        yield from (one.kind for one in _lines(path, text, ()))
        return
    try:
        told = list(kinds.by_value(loose.data(text))) or ([Kind.SESSION_LOG] if transcripts.MARKS.search(text) else [])
    except Malformed:
        told = list(kinds.by_text(text, sections(text))) or [one.kind for one in _fenced(path, text, ())]
    yield from told or (one.kind for one in _in_data(path, text, ()) if path.lower().endswith(_DATA))


def unparsed(path: str, text: str) -> tuple[int | None, str]:
    """Where and why a text does not parse that its name, or its first sign, says to be data; nothing for what does."""
    if not path.lower().endswith(_DATA) and text.lstrip()[:1] not in ("{", "["):
        return None, ""
    try:
        loose.data(text)
    except Malformed as wrong:
        return wrong.line, str(wrong)
    return None, ""


def _lines(path: str, text: str, assumed: tuple[str, ...]) -> Iterator[Artefact]:
    for number, line in enumerate(text.split("\n"), 1):
        if not kinds.TELLING.search(line):
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as wrong:
            if (kind := junk.by_top(line)) is not None:
                yield Artefact(path, kind, line, assumed=assumed, broken=_unparsed(wrong), broken_line=number)
            continue
        value, how = _result(value)
        for kind in list(kinds.by_value(value))[:1]:
            yield Artefact(path, kind, line, _unwrapped(value, kind), block=(number, number), assumed=(*assumed, *how))


def held_by(one: Artefact) -> Iterator[Artefact]:
    """The outputs that another output holds: the results of the calls in a session log."""
    if one.kind is Kind.SESSION_LOG and not one.broken:
        yield from _results(one.path, one.text, one.assumed)


def _results(path: str, text: str, assumed: tuple[str, ...]) -> Iterator[Artefact]:
    """The outputs that a session log holds as results of its calls."""
    if path.lower().endswith(_LINES):
        yield from _lines(path, text, assumed)
    elif path.lower().endswith(_DATA):
        try:
            value = loose.data(text)
        except Malformed:
            return
        for line, record in loose.records(text, value):
            held, how = _result(record)
            for kind in list(kinds.by_value(held))[:1] if how else ():
                yield Artefact(
                    path, kind, json.dumps(held), _unwrapped(held, kind), block=(line, line), assumed=(*assumed, *how)
                )


def _result(record: Any) -> tuple[Any, tuple[str, ...]]:
    """What a call returned, where a record is one of a call; else the record itself."""
    if isinstance(record, Mapping):
        for name in ("result", "output", "response"):
            held = record.get(name)
            if isinstance(held, str) and held.lstrip()[:1] == "{":
                try:
                    held = loose.data(held)
                except Malformed:
                    continue
            if isinstance(held, Mapping) and any(kinds.by_value(held)):
                return held, ("read from the result of a call",)
    for held in transcripts.results(record):
        if isinstance(held, Mapping) and any(kinds.by_value(held)):
            return held, ("read from the result of a call",)
    return record, ()


def _fenced(path: str, text: str, assumed: tuple[str, ...]) -> Iterator[Artefact]:
    for block in blocks(text):
        if block.language not in ("json", "yaml", "yml", "jsonc", "") or not kinds.TELLING.search(block.text):
            continue
        if junk.shows_a_form(block.text):
            continue
        try:
            value = loose.data(block.text)
        except Malformed as wrong:
            if (kind := junk.by_top(block.text)) is not None:
                line = block.lines[0] + (wrong.line or 1)
                yield Artefact(path, kind, block.text, assumed=assumed, broken=str(wrong), broken_line=line)
            continue
        for kind in list(kinds.by_value(value))[:1]:
            how = (*assumed, "read from a fenced block")
            yield Artefact(path, kind, block.text, _unwrapped(value, kind), block=block.lines, assumed=how)
