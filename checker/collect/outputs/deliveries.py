"""The only place that takes a delivery apart: its blocks of code, the files that they name, and what stands after each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.collect.outputs.markdown import Block, blocks
from checker.model.outputs.artefact import Artefact, Artefacts, Kind, Section
from checker.model.outputs.delivery import CodeBlock, Deliveries, Delivery
from checker.model.outputs.headings import delivery_section

_INSIDE = re.compile(
    r"(?im)^[ \t]*(?://|#|--|/\*|<!--|;)\s*(?:(?:file|path)\W{0,3}:?\s*)?((?:[\w.@-]+/)+[\w.@-]+\.\w{1,8}|[\w-]+\.(?:sql|py|ts|js|go|rb|java|md|ya?ml|prisma))\b"
)
_FILE_MARK = re.compile(r"(?im)^[ \t]*(?://|#|--|/\*|<!--|;)\s*(?:file|path)\W{0,3}:\s*`?([\w./@-]+\.\w{1,8})")
_ABOVE = re.compile(
    r"[`*_(\s:]((?:[\w.@-]+/)+[\w.@-]+\.\w{1,8}|[\w-]+\.(?:sql|py|ts|js|go|rb|java|md|ya?ml|prisma))(?=[`*_):\s,]|$)"
)


def deliveries(artefacts: Artefacts) -> Deliveries:
    """Every delivery with its blocks."""
    return Deliveries(
        tuple(Delivery(one, tuple(_blocks(one))) for one in artefacts.of(Kind.DELIVERY) if not one.broken)
    )


def _blocks(one: Artefact) -> Iterator[CodeBlock]:
    lines = one.text.split("\n")
    found = list(blocks(one.text))
    for position, block in enumerate(found):
        first, last = block.lines
        following = found[position + 1].lines[0] if position + 1 < len(found) else len(lines) + 1
        heading = next((section.line for section in one.sections if section.line > last), len(lines) + 1)
        after = "\n".join(lines[last : min(following, heading) - 1])
        yield CodeBlock(
            block.lines,
            block.language,
            tuple(dict.fromkeys(_named(block, lines))),
            _section(one.sections, first),
            after,
        )


def _named(block: Block, lines: list[str]) -> Iterator[str]:
    yield from _FILE_MARK.findall(block.text)
    head = _INSIDE.match(block.text.lstrip("\n"))
    if head:
        yield head.group(1)
    fence = lines[block.lines[0] - 1]
    yield from re.findall(r"(?:[:=]\"?|\s)((?:[\w.@-]+/)+[\w.@-]+\.\w{1,8})", fence)
    above = next(
        (line for line in reversed(lines[max(0, block.lines[0] - 4) : block.lines[0] - 1]) if line.strip()), ""
    )
    if not head and len(above) < 160:
        yield from _ABOVE.findall(f" {above}")[:1]


def _section(sections: tuple[Section, ...], line: int) -> str:
    """The innermost heading above a line that opens a part, looked for outwards."""
    around = [one for one in sections if one.line < line <= one.last]
    return next(
        (part for one in sorted(around, key=lambda one: -one.line) if (part := delivery_section(one.title))), ""
    )
