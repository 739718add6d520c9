"""The backend coder's output document: its ten parts, its mode, its criteria, and an audit's verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.checks.outputs.audit_verdict import audit_problem
from checker.checks.outputs.owned_up import owned_up
from checker.model.observation import Observation, Place
from checker.model.outputs.artefact import Artefact, Artefacts, Kind, Section
from checker.model.outputs.fields import is_blank, placeholders
from checker.model.outputs.headings import TEN_PARTS, part_of

MODES = ("design", "build", "review", "audit")
MAY_BE_ABSENT = frozenset({"api_contract", "data_model"})
_VERDICT = re.compile(r"(?i)\b(pass(?:ed|es)?|fail(?:ed|s)?|n/?a|not applicable)\b|\[[ xX]\]|[✅❌✔✘✓✗]")
_PASSES = re.compile(r"(?i)(?:\bpass(?:ed|es)?\b|\[x\]|[✅✔✓])(.*)", re.DOTALL)
_BUT_NOT = re.compile(
    r"(?i)[^\w/]{1,3}(?:but (?:is |was )?)?(?:fail(?:s|ed|ing)?|untested|unverified"
    r"|not (?:yet )?(?:tested|verified|run|checked|measured))\b"
)
_NO_TESTS = re.compile(
    r"(?i)\bno (?:\w+ )?tests? (?:(?:were|was|have been|has been|are|is) )*"
    r"(?:yet|written|added|made|exists?|there|for|of|on|cover\w*)\b"
    r"|\bno (?:\w+ )?tests?\W*$|\bnothing (?:is|was|has been) tested\b|\bwithout (?:any )?tests\b"
)
_UNTESTED = re.compile(
    r"(?i)\b(?:not|never) (?:yet |been |be )*(?:tested|covered|written|exercised|included)\b|\buntested\b"
    r"|\bnot (?:yet )?(?:run|done)\b"
    r"|:\s*(?:no|false|skipped|missing|pending|to ?do|tbd)\W*$"
)
_KINDS = (
    ("happy path", r"happy|success|valid|normal"),
    ("edge cases", r"edge|boundar|invalid|empty|limit"),
    ("auth", r"auth|401|403|permission|unauthor"),
    ("tenancy", r"tenan|isolation|single.tenant"),
    ("performance", r"perf|load|latenc|n\+1|p9[59]|throughput"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a document: its words, its items where it is a list, and where it stands."""

    words: str
    items: tuple[str, ...]
    place: Place
    value: Any


def output_document(artefacts: Artefacts) -> Iterator[Observation]:
    """The document is there and has its ten parts, one mode, a summary of one paragraph, and criteria that say pass or fail."""
    files = list(artefacts.of(Kind.OUTPUT_DOCUMENT))
    if not files:
        message = "no output document with mode, summary and done_criteria was left"
        yield Observation(
            "output document", False, Place("."), message, "looked through every JSON, YAML and Markdown file"
        )
    for file in files:
        if file.broken:
            yield Observation(
                "output document", False, file.at(), f"{file.path} cannot be read: {file.broken}", file.said("")
            )
            continue
        parts = parts_of(file)
        for name in TEN_PARTS:
            part = parts.get(name)
            problem = _problem(name, part, parts, file.text)
            yield Observation(
                subject=name,
                ok=not problem,
                place=part.place if part else file.at(),
                message=f"{name} of {file.path} {problem}",
                evidence=file.said(part.words.strip()[:160] if part else f"parts there: {', '.join(parts)}"),
            )


def output_placeholders(artefacts: Artefacts) -> Iterator[Observation]:
    """No placeholder of a template is left in an output that somebody hands over."""
    for file in artefacts.of(
        Kind.OUTPUT_DOCUMENT, Kind.HANDOFF, Kind.PR_PAYLOAD, Kind.REVIEW_FINDINGS, Kind.CHECKPOINT
    ):
        left = list(placeholders(file.text))
        first = (file.block[0] if file.block else 1) + left[0][0] - 1 if left else 1
        place = Place(file.path, lines=(first, first))
        message = f"{file.path} still holds {len(left)} placeholders of its template"
        evidence = ", ".join(text[:40] for _, text in left[:4])
        yield Observation(f"placeholders {file.kind}", not left, place, message, file.said(evidence))


def parts_of(file: Artefact) -> dict[str, Part]:
    found: dict[str, Part] = {}
    if isinstance(file.value, Mapping):
        for name, value in file.value.items():
            known = part_of(str(name))
            if known and known not in found:
                items = tuple(_item(one) for one in value) if isinstance(value, list) else ()
                items = tuple(f"{key}: {one}" for key, one in value.items()) if isinstance(value, Mapping) else items
                found[known] = Part("\n".join(items) or str(value or ""), items, file.at(str(name)), value)
        return found
    for section in file.sections:
        known = part_of(section.title)
        if known and known not in found:
            told, body = section.title.partition(":")[2].strip(), _own(section, file.sections)
            items = tuple(re.findall(r"(?m)^[^\S\n]*(?:[-*]|\d+[.)])\s+(.+)$", body))
            rows = tuple(row for row in re.findall(r"(?m)^[^\S\n]*\|(.+)\|\s*$", body) if not set(row) <= set("-:| "))[
                1:
            ]
            found[known] = Part(f"{told}\n{body}".strip(), items or rows, file.lines(*section.lines), body)
    if "mode" not in found and (line := re.search(r"(?im)^[\s*_`>-]*mode[*_`]*\s*:\s*(.+)$", file.text)):
        number = file.text.count("\n", 0, line.start()) + 1
        found["mode"] = Part(line.group(1), (), file.lines(number), line.group(1))
    return found


def _own(section: Section, sections: tuple[Section, ...]) -> str:
    """What stands under a heading before the next part of the document, which may be nested under it."""
    inner = (one.line for one in sections if section.line < one.line <= section.last and part_of(one.title))
    first = next(inner, None)
    return section.body if first is None else "\n".join(section.body.split("\n")[: first - section.line - 1])


def _item(one: Any) -> str:
    if isinstance(one, Mapping):
        return "; ".join(f"{key}: {value}" for key, value in one.items())
    return str(one)


def _problem(name: str, part: Part | None, parts: Mapping[str, Part], text: str) -> str:
    if part is None:
        return "" if name in MAY_BE_ABSENT else "is missing"
    mode = parts["mode"].words.strip(" `*_\n.").lower() if "mode" in parts else ""
    if name == "mode":
        return "" if mode in MODES else f"is {mode!r}, not one of {', '.join(MODES)}"
    if name == "escalations":
        return "" if part.words.strip() or part.value == [] else "is empty; say none where there are none"
    if is_blank(part.words):
        return "is empty or a template nobody filled in"
    if name == "summary" and re.search(r"\S[ \t]*\n[ \t]*\n[ \t]*\S", part.words.strip()):
        return "has more than one paragraph"
    if name == "tests":
        tested = _tested(part.words)
        lacks = [kind for kind, pattern in _KINDS if not re.search(rf"(?i){pattern}", tested)]
        return f"says nothing of {', '.join(lacks)}" if lacks else ""
    if name == "done_criteria":
        return _criteria(part, mode, "\n".join((text, *(one.words for one in parts.values()))))
    return ""


def _tested(words: str) -> str:
    """What the words on tests say was tested: sentences without any tests and items that are untested are left out."""
    sentences = [one for one in re.split(r"\n+|[.;](?:\s|$)", words) if not _NO_TESTS.search(one)]
    items = (item for one in sentences for item in re.split(r",(?![^()]*\))| but ", one) if not _UNTESTED.search(item))
    return "\n".join(items)


def _both(item: str) -> bool:
    """Whether a criterion is told as passed and, after that, as failed or not looked at."""
    found = _PASSES.search(item)
    return found is not None and (_BUT_NOT.match(found.group(1)) is not None or any(owned_up(found.group(1))))


def _criteria(part: Part, mode: str, everything: str) -> str:
    open_ones = [
        item
        for item in part.items
        if not _VERDICT.search(item) and "true" not in item.lower() and "false" not in item.lower()
    ]
    if not part.items:
        return "is no list"
    if open_ones:
        return f"says neither pass nor fail of {open_ones[0].strip()[:60]!r}"
    if both := [item for item in part.items if _both(item)]:
        return f"says pass and fail at once of {both[0].strip()[:60]!r}"
    return audit_problem(everything, part.items) if mode == "audit" else ""
