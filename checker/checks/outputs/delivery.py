"""The backend engineer's delivery: a short checklist, a plan, files in order, each change validated, a self-check, a hand-off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.observation import Observation, Place
from checker.model.outputs import headings
from checker.model.outputs.artefact import Section
from checker.model.outputs.delivery import CodeBlock, Deliveries, Delivery, part_of_path
from checker.model.outputs.fields import is_blank
from checker.model.rule import Confidence

_BULLET = re.compile(r"^(?:[-*+•]|\d{1,2}[.)])\s+\S")
_PATH = re.compile(r"(?<![\w/])((?:[\w.@-]+/)+[\w.@-]+\.\w{1,8}|[\w-]+\.(?:sql|py|ts|js|go|md|ya?ml|prisma))\b")
_VALIDATED = re.compile(
    r"(?i)\bvalidat|\bverif|\bcheck(?:ed|s)?\b|\bpass(?:es|ed)?\b|\bcorrect\b|\bcompiles?\b|\btest(?:ed|s)\b|\bdry.?run\b|\bworks\b|\bmatches\b|\bok\b"
    r"|\bensures?\b|\bconfirm|\breversib|\bidempotent\b|\bsafe\b|[✅✔☑]|\bno (?:errors|issues|drift|lock)\b|\bself-corrected\b"
)
_SECURITY = re.compile(r"(?i)\bsecur|\bauth|\bpii\b|\binjection|\bsecret|\bpermission|\bowasp\b")
_SLO = re.compile(
    r"(?i)\bslo'?s?\b|\bp9[059]\b|\blatenc|\bperf|\bthroughput|\berror budget|\bavailability|\bresponse time|\b\d+ ?ms\b"
)
_STAGES = (
    ("devops", r"devops|deployment engineer|deploy team|platform|\bsre\b"),
    ("QA", r"\bqa\b|quality|test agent|tester"),
    ("frontend", r"front.?end|\bfe\b|\bui\b"),
)


class Bullets(Frozen):
    """`least`, `most`: how many bullets the opening checklist has."""

    least: int = 3
    most: int = 7


def plan_checklist(deliveries: Deliveries, params: Bullets) -> Iterator[Observation]:
    """Work begins with a checklist of three to seven bullets; where nothing was delivered at all, that is said here."""
    if not deliveries.found:
        message = "no delivery was left: a checklist, a plan, and the files in their order"
        yield Observation("delivery", False, Place("."), message, "looked through every Markdown file")
    for one in deliveries.found:
        section, count, line = _first_list(one)
        problem = "has no checklist before its first block of code" if not count else ""
        if count and not params.least <= count <= params.most:
            problem = f"begins with a checklist of {count} bullets, not {params.least} to {params.most}"
        yield Observation(
            subject="checklist",
            ok=not problem,
            place=one.artefact.lines(line),
            message=f"{one.path} {problem}",
            evidence=one.artefact.said(f"under {section.title!r}" if section else "the first list of the text"),
        )


def _first_list(one: Delivery) -> tuple[Section | None, int, int]:
    """The section of the checklist, if one is titled so, how many bullets it has at its outer level, and its first line."""
    section = one.section(headings.CHECKLIST_FIRST)
    lines = one.artefact.text.split("\n")
    end = one.code[0].lines[0] - 1 if one.code else len(lines)
    first, last = (section.line, section.last) if section and section.line <= end else (0, end)
    count, begun, at = 0, 0, first or 1
    for number in range(first + 1, last + 1):
        line = lines[number - 1]
        if _BULLET.match(line.lstrip()) and (not count or len(line) - len(line.lstrip()) <= begun):
            begun, at = (len(line) - len(line.lstrip()), number) if not count else (begun, at)
            count += 1
        elif count and line.strip() and not line.startswith((" ", "\t")) and not _BULLET.match(line.lstrip()):
            break
    return section, count, at


def plan_preview(deliveries: Deliveries) -> Iterator[Observation]:
    """A plan lists the files, those of migrations first."""
    for one in deliveries.found:
        section = next(
            (part for part in one.named(headings.PLAN_PREVIEW) if _PATH.search(part.body)),
            one.section(headings.PLAN_PREVIEW),
        )
        named = list(dict.fromkeys(_PATH.findall(section.body))) if section else []
        parts = [part_of_path(path) for path in named]
        late = [
            path
            for at, path in enumerate(named)
            if parts[at] == "Migrations" and any(part not in ("Migrations", "") for part in parts[:at])
        ]
        problem = "shows no plan" if section is None else "" if named else "has a plan that lists no files"
        problem = problem or (f"lists {late[0]} after other files, and migrations come first" if late else "")
        yield Observation(
            subject="plan",
            ok=not problem,
            place=one.artefact.lines(*section.lines) if section else one.artefact.lines(1),
            message=f"{one.path} {problem}",
            evidence=one.artefact.said(", ".join(named[:8]) or "no heading of a plan with paths under it"),
        )


def self_check(deliveries: Deliveries) -> Iterator[Observation]:
    """The plan is held against security and the SLOs, in words."""
    for one in deliveries.found:
        sections = list(one.named(headings.SELF_CHECK))
        body = "\n".join(f"{part.title}\n{part.body}" for part in sections)
        lacks = [name for name, pattern in (("security", _SECURITY), ("SLOs", _SLO)) if not pattern.search(body)]
        problem = (
            "has no self-check of its plan"
            if not sections
            else f"checks its plan without a word on {' and '.join(lacks)}"
            if lacks
            else ""
        )
        problem = problem or ("has an empty self-check" if all(is_blank(part.body) for part in sections) else "")
        yield Observation(
            subject="self-check",
            ok=not problem,
            place=one.artefact.lines(*sections[0].lines) if sections else one.artefact.lines(1),
            message=f"{one.path} {problem}",
            evidence=one.artefact.said(" ".join(body.split())[:160] or "no heading that speaks of a self-check"),
        )


def output_order(deliveries: Deliveries) -> Iterator[Observation]:
    """Files come in the order from migrations to documents, each block under a header that names its file."""
    order = headings.DELIVERY_ORDER
    for one in deliveries.found:
        furthest, before = -1, ""
        for block in one.code:
            at = order.index(block.part) if block.part in order else -1
            problem = "" if block.files else "names no file"
            if not problem and 0 <= at < furthest:
                problem = f"({block.part}) comes after {before}"
            if at > furthest:
                furthest, before = at, block.part
            yield Observation(
                subject=f"block {block.files[0] if block.files else block.part}",
                ok=not problem,
                place=one.artefact.lines(*block.lines),
                message=f"the block {block.files[0] if block.files else f'of {block.part}'} of {one.path} {problem}",
                evidence=one.artefact.said(f"order: {', '.join(order)}"),
            )


def change_validated(deliveries: Deliveries) -> Iterator[Observation]:
    """After each change a line or two says that it was validated; one for the blocks of a section together will do."""
    for one in deliveries.found:
        for blocks in _groups(one.code):
            said = " ".join(block.after for block in blocks)
            last = blocks[-1]
            yield Observation(
                subject=f"validated {last.files[0] if last.files else last.part}",
                ok=_VALIDATED.search(said) is not None,
                place=one.artefact.lines(last.lines[1]),
                message=f"nothing in {one.path} says that {_files(blocks)} was validated",
                evidence=one.artefact.said(" ".join(said.split())[:160] or "nothing stands after it"),
                confidence=Confidence.MEDIUM,
            )


def _files(blocks: list[CodeBlock]) -> str:
    return ", ".join(block.files[0] for block in blocks if block.files) or blocks[-1].part


def _groups(code: tuple[CodeBlock, ...]) -> Iterator[list[CodeBlock]]:
    """Blocks under one heading of the output order; without such headings, blocks that nothing stands between."""
    group: list[CodeBlock] = []
    for block in code:
        ordered = block.section in headings.DELIVERY_ORDER
        if group and (block.section != group[-1].section if ordered else bool(group[-1].after.strip())):
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def next_stage(deliveries: Deliveries) -> Iterator[Observation]:
    """The delivery says what goes to devops, to QA and to the frontend."""
    for one in deliveries.found:
        sections = list(one.named(headings.NEXT_STAGE))
        body = "\n".join(f"{part.title}\n{part.body}" for part in sections)
        there = [name for name, pattern in _STAGES if re.search(f"(?i){pattern}", body)]
        lacks = [name for name, _ in _STAGES if name not in there]
        problem = (
            "hands over to nobody"
            if not there
            else f"hands over without a word to {' and '.join(lacks)}"
            if lacks
            else ""
        )
        yield Observation(
            subject="next stage",
            ok=not problem,
            place=one.artefact.lines(*sections[0].lines) if sections else one.artefact.lines(1),
            message=f"{one.path} {problem}",
            evidence=one.artefact.said(" ".join(body.split())[:160] or "no heading of a hand-off"),
            confidence=Confidence.MEDIUM if there else None,
        )
