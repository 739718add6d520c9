"""The only place that reads Markdown: headings with their lines, and fenced blocks of data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checker.model.outputs.artefact import Section

_ATX = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_BOLD = re.compile(r"^ {0,3}(?:\*\*|__)([^*_\n]{2,80}?):?(?:\*\*|__):?[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([\w+-]*)")
_MARKS = re.compile(r"[*`]+|(?<!\w)_+|_+(?!\w)|^\s*(?:\d+(?:\.\d+)*[.)]?|[A-Z][.)])\s+|[^\w\s&/():.,'+<>=%$#@!?-]+")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, text, and first and last line with the fences."""

    language: str
    text: str
    lines: tuple[int, int]


def sections(text: str) -> tuple[Section, ...]:
    """Every heading: `# …`, underlined, or a line that is bold from end to end (level 7). Fenced blocks are no headings."""
    lines = text.split("\n")
    heads = list(_heads(lines))
    found = []
    for position, (number, level, title) in enumerate(heads):
        after = next((line for line, other, _ in heads[position + 1 :] if other <= level), len(lines) + 1)
        body = "\n".join(lines[number : after - 1])
        last = number + len(body.rstrip().split("\n")) if body.strip() else number
        found.append(Section(title, level, number, last, body))
    return tuple(found)


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks, in order; one that is not closed ends with the text."""
    lines = text.split("\n")
    start, mark, language = 0, "", ""
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if not mark and fence:
            start, mark, language = number, fence.group(1), fence.group(2).lower()
        elif mark and fence and fence.group(1).startswith(mark) and not fence.group(2):
            yield Block(language, "\n".join(lines[start : number - 1]), (start, number))
            mark = ""
    if mark:
        yield Block(language, "\n".join(lines[start:]), (start, len(lines)))


def _heads(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    mark = ""
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if fence and (not mark or (fence.group(1).startswith(mark) and not fence.group(2))):
            mark = "" if mark else fence.group(1)
        if mark or fence:
            continue
        if head := _ATX.match(line):
            yield number, len(head.group(1)), _title(head.group(2))
        elif bold := _BOLD.match(line):
            yield number, 7, _title(bold.group(1))
        elif number < len(lines) and line.strip() and not line.lstrip().startswith(("-", "|", ">")):
            under = lines[number].strip()
            if len(under) >= 3 and set(under) in ({"="}, {"-"}):
                yield number, 1 if "=" in under else 2, _title(line)


def _title(text: str) -> str:
    return _MARKS.sub("", text.strip()).strip(" :-")
