"""The only place that takes an output apart into the lines and values in which it can claim something, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.collect.outputs.markdown import blocks
from checker.model.observation import Place, Pointer
from checker.model.outputs import headings
from checker.model.outputs.artefact import Artefact, Kind
from checker.model.outputs.fields import key, take

MOST_TOLD = 20_000  # lines or values of one output
MOST_OF_A_LINE = 100_000  # characters
LONGEST = 1000  # characters of one of them; a longer line is read sentence by sentence
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
SPEAKING = (Kind.RUN_REPORT, Kind.CHECKPOINT, Kind.OUTPUT_DOCUMENT, Kind.PR_PAYLOAD, Kind.DELIVERY)
_WRAPPED = 20  # characters; a shorter line was ended, and not wrapped
_OWN_LINE = re.compile(r"^\s*(?:[-*+>#|]|\d+[.)]\s|```|~~~|\*\*|\$ |$)")
_GOES_ON = re.compile(r"^\s*[a-z0-9`(%&]")
_ENDED = re.compile(r"[.!?:;|]\W*$")
_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_HANDS_OVER = re.compile(r"(?im)^\s*(?://|#|--|/\*|<!--|;)\s*(?:file|path)\W{0,4}:")
_OUTPUT = ("", "text", "txt", "console", "bash", "sh", "shell", "log", "output", "none")
_FILES_TITLE = re.compile(
    r"(?i)files? (?:created|changed|modified|added|touched)|(?:changed|modified|touched) files"
    r"|impact map|locations|touch map|^implementation$"
)


@dataclass(frozen=True, slots=True)
class Told:
    """Words of an output and where they stand. `number` is their line in its text, 0 where it is data.

    `wanted`: they tell what was planned; `files`: they stand in a list of files; `cells`: of a row of a table, the title of
    each column with what stands there.
    """

    text: str
    place: Place
    number: int
    wanted: bool = False
    files: bool = False
    cells: tuple[tuple[str, str], ...] = ()


def told(one: Artefact) -> list[Told]:
    """What an output says, line by line where it is text, value by value where it is data."""
    if one.kind is Kind.PR_PAYLOAD:
        body = take(one.value, "body", "description")
        place = one.at(body.name) if body else one.at()
        lines = _lines(one, str(body.value) if body else "")
        found = [Told(_seen(text), place, 0, False, files, cells) for text, _, _, files, cells in lines]
        return [*found, *_beside_the_body(one)]
    if isinstance(one.value, Mapping) and not one.sections:
        left_out = _MEASURED.get(one.kind, ())
        mine = {name: held for name, held in one.value.items() if key(str(name)) not in left_out}
        return list(_values(one, mine, ()))[:MOST_TOLD]
    return [
        Told(_seen(text), one.lines(number), number, wanted, files, cells)
        for text, number, wanted, files, cells in _lines(one, one.text)
    ]


_MEASURED: Mapping[Kind, tuple[str, ...]] = {  # what is read as numbers by itself, and what tells of earlier tries
    Kind.HANDOFF: ("deliverables", "verification", "self_healing_log", "self_healing", "attempts"),
    Kind.RUN_CHECKS: ("lint", "tests", "test", "build"),
}


def _beside_the_body(one: Artefact) -> Iterator[Told]:
    """The title of a draft and the messages of its commits."""
    for field in (take(one.value, "title"), take(one.value, "commits")):
        if field is not None:
            yield from _named(one, "", field.value, (field.name,))


def _seen(text: str) -> str:
    """Words as they look: signs that are not seen taken out, every blank a plain one, no blank inside a number."""
    if text.isascii() and "  " not in text and "\t" not in text:
        return text
    bare = re.sub(r"(?<=\d)[\u00a0\u202f\u2009](?=\d{3}\b)", "", _UNSEEN.sub("", text))
    return re.sub(r"(?<=\S)\s+", " ", bare)


def _values(one: Artefact, value: Any, pointer: Pointer) -> Iterator[Told]:
    """Each scalar with its name; a mapping of scalars inside a list is one saying."""
    if isinstance(value, Mapping):
        for name, held in value.items():
            yield from _named(one, str(name), held, (*pointer, str(name)))
    elif isinstance(value, list):
        for position, held in enumerate(value):
            at = (*pointer, str(position))
            if isinstance(held, Mapping) and not any(isinstance(part, (Mapping, list)) for part in held.values()):
                yield _value(one, "; ".join(_pair(str(name), part) for name, part in held.items()), at)
            elif isinstance(held, (Mapping, list)):
                yield from _values(one, held, at)
            else:
                yield _value(one, str(held), at)


_SAYS = ("criterion", "criteria", "item", "name", "title", "text", "check", "description")


def _pair(name: str, held: Any) -> str:
    """A field as words: true is passed, false is failed, and what only names something stands alone."""
    said = {True: "passed", False: "failed"}.get(held, str(held)) if isinstance(held, bool) else str(held)
    return said if key(name) in _SAYS else f"{name}: {said}"


def _named(one: Artefact, name: str, held: Any, pointer: Pointer) -> Iterator[Told]:
    if isinstance(held, (Mapping, list)):
        yield from _values(one, held, pointer)
    elif isinstance(held, str) and "\n" in held.strip():
        yield from (_value(one, line, pointer) for line in held.split("\n") if line.strip())
    elif held is not None:
        yield _value(one, _pair(name, held), pointer)


def _value(one: Artefact, said: str, pointer: Pointer) -> Told:
    files = one.kind is not Kind.HANDOFF and any(_FILES_TITLE.search(part.replace("_", " ")) for part in pointer)
    return Told(_seen(said.removeprefix(": "))[:LONGEST], one.at(*pointer), 0, files=files)


def _lines(one: Artefact, text: str) -> Iterator[tuple[str, int, bool, bool, tuple[tuple[str, str], ...]]]:
    lines = text.split("\n")[:MOST_TOLD]
    wanted, files = _spans(one, text)
    hidden = _hidden(one, text)
    columns: tuple[str, ...] = ()
    skip = 0
    for number, line in enumerate(lines, 1):
        cells = _cells(line)
        columns = columns if cells else ()
        if cells and not columns and number < len(lines) and _RULE.match(lines[number]):
            columns = tuple(cells)
        if number <= skip or any(first <= number <= last for first, last in hidden):
            continue
        said, skip = _whole(lines, number)
        row = tuple(zip(columns, cells, strict=False)) if columns and tuple(cells) != columns else ()
        planned, listed = (any(first <= number <= last for first, last in spans) for spans in (wanted, files))
        for part in [said] if len(said) <= LONGEST else re.split(r"(?<=[.!?;])\s+", said[:MOST_OF_A_LINE]):
            yield part[:LONGEST], number, planned, listed, row


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if line.lstrip().startswith("|") else []


def _whole(lines: list[str], number: int) -> tuple[str, int]:
    """A line with those onto which its sentence, or its command, was wrapped; and the last of them."""
    said, last = lines[number - 1], number
    while last < len(lines) and len(said) < LONGEST:
        following = lines[last]
        if said.rstrip().endswith("\\") and following.strip():
            said = f"{said.rstrip()[:-1]} {following.strip()}"
        elif (
            len(lines[last - 1]) >= _WRAPPED
            and not _ENDED.search(lines[last - 1])
            and not lines[number - 1].lstrip().startswith(("|", "#", "```", "~~~"))
            and _GOES_ON.match(following)
            and not _OWN_LINE.match(following)
        ):
            said = f"{said.rstrip()} {following.strip()}"
        else:
            break
        last += 1
    return said, last if last > number else 0


def _spans(one: Artefact, text: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The lines of what was only wanted, and those that list files."""
    if one.kind is Kind.PR_PAYLOAD:
        heads = [
            (text.count("\n", 0, head.start()) + 1, head.group(1)) for head in re.finditer(r"(?m)^#{1,6}\s*(.+)$", text)
        ]
        ends = [line - 1 for line, _ in heads[1:]] + [text.count("\n") + 1]
        return [], [(line, end) for (line, title), end in zip(heads, ends, strict=False) if _FILES_TITLE.search(title)]
    if one.kind is Kind.RUN_REPORT:
        plans = (headings.SNAPSHOT, headings.PLAN, headings.ACCESS)
        wanted = [part.lines for part in one.sections if headings.run_section(part.title) in plans]
    elif one.kind is Kind.DELIVERY:
        ahead = (headings.PLAN_PREVIEW, headings.CHECKLIST_FIRST, headings.MISSING_INPUTS)
        wanted = [part.lines for part in one.sections if headings.delivery_section(part.title) in ahead]
    else:
        wanted = []
    kinds = (Kind.RUN_REPORT, Kind.OUTPUT_DOCUMENT)
    return wanted, [part.lines for part in one.sections if one.kind in kinds and _FILES_TITLE.search(part.title)]


def _hidden(one: Artefact, text: str) -> list[tuple[int, int]]:
    """The blocks of a delivery that are files, in which nobody claims anything."""
    if one.kind is not Kind.DELIVERY:
        return []
    return [part.lines for part in blocks(text) if part.language not in _OUTPUT or _HANDS_OVER.search(part.text)]


def is_review(one: Artefact) -> bool:
    """Whether an output document judges what others made, and so repeats what they claim."""
    return one.kind is Kind.OUTPUT_DOCUMENT and bool(
        re.search(r"(?im)^[\W]*mode\b\W{1,6}(?:audit|review)\b", one.text[:2000])
    )


def is_design(one: Artefact) -> bool:
    """Whether an output document designs what is not built yet."""
    return one.kind is Kind.OUTPUT_DOCUMENT and bool(re.search(r"(?im)^[\W]*mode\b\W{1,6}design\b", one.text[:2000]))
