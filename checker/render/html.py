"""The format `html`: one page that needs no network, obeys nothing but our own style and script, and is read by people."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from checker import resources
from checker.model.finding import Finding
from checker.model.report import Report
from checker.model.surroundings import NONE, Excerpt, Surroundings
from checker.render import html_pictures as pictures
from checker.render import places, summary, verdict
from checker.render.html_view import View
from checker.render.json import dump
from checker.render.order import settled
from checker.render.visible import clipped, visible

_BACKTICKS = re.compile(r"`([^`\n]+)`")
_IN_SCRIPT = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026"})  # no end of the script, no comment in it
OPEN_AT_FIRST = 40  # findings that stand open where there are no more


def render(report: Report, beside: Surroundings = NONE) -> bytes:
    """The same bytes for the same report and surroundings. What a repository named can neither hide nor act in it."""
    report = settled(report)
    style, script = (_trimmed(resources.text("reports", name)) for name in ("report.css", "report.js"))
    text = (
        _environment()
        .from_string(resources.text("reports", "report.html.j2"))
        .render(
            report=report,
            view=View(report, beside),
            beside=beside,
            blocked=verdict.is_blocked(report),
            sentence=verdict.sentence(report),
            reasons=verdict.reasons(report),
            tally=verdict.tally(report),
            summary=summary.lines(report),
            unseen=report.outcomes(*verdict.UNSEEN),
            open_at_first=len(report.findings) <= OPEN_AT_FIRST,
            embedded=Markup(dump(report.as_json(), indent=None).decode().strip().translate(_IN_SCRIPT)),  # noqa: S704
            style=Markup(style),  # noqa: S704 - ours, and named by its digest
            script=Markup(script),  # noqa: S704
            policy=_policy(style, script),
        )
    )
    return (re.sub(r"\n\s*\n+", "\n", text).strip() + "\n").encode("utf-8")


def _policy(style: str, script: str) -> str:
    """No network at all; of styles and scripts only the two whose digests stand here."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _trimmed(text: str) -> str:
    """As it stands between its tags: no blank lines, so that nothing changes it after its digest was made."""
    return re.sub(r"\n\s*\n+", "\n", text).strip()


@cache
def _environment() -> Environment:
    made = Environment(autoescape=True, finalize=_seen, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(
        prose=prose,
        paragraphs=paragraphs,
        counted=verdict.counted,
        clipped=clipped,
        place=places.place,
        spot=places.spot,
        words=_words,
    )
    made.globals.update(code_lines=code_lines, pictures=pictures, anchors=_Anchors)
    return made


def _seen(value: Any) -> Any:
    """What a template prints: text with nothing hidden in it. Markup is ours alone."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    plain = value.isascii() and value.isprintable() and "#" not in value  # most are, and there are many
    return value if plain else visible(value)


def prose(text: str, limit: int = 4000) -> Markup:
    """A sentence whose `code` is set as code."""
    written = escape(clipped(text, limit))
    return Markup(_BACKTICKS.sub(r"<code>\1</code>", str(written)))  # noqa: S704 - escaped above


def paragraphs(text: str) -> Markup:
    """A page of the catalogue, which is ours: paragraphs, and indented lines as code."""
    blocks = (block for block in re.split(r"\n\s*\n", text.strip("\n")) if block.strip())
    return Markup("").join(
        Markup("<pre>{}</pre>").format("\n".join(map(visible, block.split("\n"))))
        if all(line.startswith("    ") for line in block.split("\n"))
        else Markup("<p>{}</p>").format(prose(" ".join(block.split())))
        for block in blocks
    )


def code_lines(excerpt: Excerpt) -> Markup:
    """Numbered lines; those that the finding means are marked by more than colour."""
    first, last = excerpt.marked
    rows = (
        Markup('<span class="{}" data-n="{}">{}</span>').format(
            "l hit" if first <= number <= last else "l", number, visible(line)
        )
        for number, line in enumerate(excerpt.lines, excerpt.first)
    )
    return Markup("").join(rows)


def _words(name: str) -> str:
    return name.replace("_", " ")


class _Anchors:
    """Names for the places in a page to which a link leads; a fingerprint that is none gets a number."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def name(self, finding: Finding) -> str:
        mark = finding.fingerprint if re.fullmatch(r"[0-9a-f]{16}", finding.fingerprint) else "other"
        name, number = f"f-{mark}", 1
        while name in self._given:
            number += 1
            name = f"f-{mark}-{number}"
        self._given.add(name)
        return name
