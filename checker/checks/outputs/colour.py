"""Outputs that everybody can read: no state told by a colour alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.observation import Observation
from checker.model.outputs.artefact import Artefacts, Kind

_COLOURS = "🔴🟠🟡🟢🔵🟣🟤⚫⚪🟥🟧🟨🟩🟦🟪🟫⬛⬜"
_SIGN = rf"[{_COLOURS}]\ufe0f?"
_ALONE = re.compile(rf"(?m)\|[ \t]*{_SIGN}[ \t]*(?=\|)|^[ \t]*(?:[-*][ \t]+)?{_SIGN}[ \t]*$|[:=][ \t]*{_SIGN}[ \t]*$")
_LEGEND = re.compile(
    rf"{_SIGN}[ \t]*(?:=|:|-|means|is|stands for)?[ \t]*[A-Za-z]{{2}}|[A-Za-z]{{2,}}[ \t]*(?:=|:|-|\()[ \t]*[{_COLOURS}]"
)
_WORDS = re.compile(
    r"(?i)\b(?:shown|marked|highlighted|colou?red|printed|flagged|displayed|rendered) (?:in|as"
    r"|with) (?:a )?(?:red|green|yellow|orange|amber)\b"
    r"|\b(?:the|all|every|see|any) (?:red|green|yellow|amber|orange) (?:ones?|items?|rows?|lines?|cells?|entries)\b"
)
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def colour_alone(artefacts: Artefacts) -> Iterator[Observation]:
    """No output tells a state by a coloured sign or a colour's name alone, or holds escapes for colours."""
    for one in artefacts.found:
        if one.kind in (Kind.LOCK, Kind.QUEUE, Kind.PACK, Kind.SESSION_LOG) or not one.text or one.block:
            continue
        alone = next((found for found in _ALONE.finditer(one.text)), None)
        if alone and _LEGEND.search(one.text):
            alone = None
        found = alone or _WORDS.search(one.text) or _ESCAPE.search(one.text)
        line = one.text.count("\n", 0, found.start()) + 1 if found else 1
        shown = repr(found.group().strip()) if found else ""
        yield Observation(
            subject="colour",
            ok=found is None,
            place=one.lines(line),
            message=f"{one.path} tells a state by colour alone: {shown}",
            evidence="no word stands beside it" if alone else shown,
        )
