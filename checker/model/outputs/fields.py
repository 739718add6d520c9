"""The one way in which a field of an output is found: by its name, or by a name that means the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_WORD_BREAK, _NO_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])"), re.compile(r"[\W_]+")
_BLANK = re.compile(
    r"^\W*(?:tbd|tba|to ?do|n\.?y\.?k\.?|to be (?:added|done|filled|determined|defined)|coming soon|placeholder|fix ?me|x{3}"
    r"|none yet|pending|assum(?:ing|ed) pass\w*|\.\.\.|…|lorem ipsum.*)\W*$",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(
    r"\{\{.*?\}\}|\[(?:placeholder|insert|your|to ?do|tbd|fill)[^\]]*\]|<(?:your|insert|recipient|company|private)[^>\n]*>",
    re.IGNORECASE,
)


@lru_cache(maxsize=65536)
def key(name: str) -> str:
    """A field's name as it is compared: `Start-Time`, `start time` and `startTime` are `start_time`."""
    spaced = _WORD_BREAK.sub("_", name.strip().strip("*`_"))
    return _NO_WORD.sub("_", spaced).strip("_").lower()


@dataclass(frozen=True, slots=True)
class Field:
    """A value under the name that it stands under. `alias` is empty where that is the standard's own name."""

    name: str
    value: Any
    alias: str = ""


def take(value: Any, *names: str) -> Field | None:
    """The first of some names that a mapping has; the first name is the standard's own."""
    if not isinstance(value, Mapping):
        return None
    known = {key(name): name for name in reversed(list(value)) if isinstance(name, str)}
    for name in names:
        if name in known:
            written = known[name]
            return Field(written, value[written], "" if name == names[0] else f"{written!r} read as {names[0]!r}")
    return None


def text_of(value: Any, *names: str) -> str:
    """A field as one text; the empty string where it is absent, null or a mapping."""
    found = take(value, *names)
    if found is None or found.value is None or isinstance(found.value, Mapping):
        return ""
    if isinstance(found.value, list):
        return ", ".join(str(one) for one in found.value)
    return str(found.value).strip()


def texts(value: Any) -> tuple[str, ...]:
    """A list, or a text with commas or line breaks in it, as texts."""
    if isinstance(value, str):
        return tuple(part for part in (one.strip(" -*`\"'[]") for one in re.split(r"[,\n;]", value)) if part)
    if isinstance(value, list):
        return tuple(str(one).strip() for one in value if one is not None and not isinstance(one, (Mapping, list)))
    return ()


def is_blank(value: Any) -> bool:
    """Whether a value says nothing: empty, or text that a template left behind ("TBD", "{{…}}", "[PLACEHOLDER]")."""
    if value is None or value in ("", [], {}):
        return True
    if isinstance(value, str):
        bare = _TEMPLATE.sub("", value).strip(" \t\r\n-*_`|:.>")
        return not bare or _BLANK.match(value.strip()) is not None
    return False


def placeholders(text: str) -> Iterator[tuple[int, str]]:
    """Template text that nobody filled in, with its line, outside fenced blocks and inline code."""
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced:
            yield from ((number, found.group()) for found in _TEMPLATE.finditer(re.sub(r"`[^`]*`", "", line)))


def whole(value: Any) -> int | None:
    """A count as a whole number: an int, or text that is one; booleans are no counts."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,15}\s*", value):
        return int(value)
    return None


def percent(value: Any) -> float | None:
    """A percentage as a number between 0 and 100: `82`, `82.5`, `"82%"`, `"82,5 %"`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value) if 0 <= value <= 100 else None
    found = (
        re.fullmatch(r"[~≈>=\s]*(\d{1,3}(?:[.,]\d+)?)\s*(?:%|percent)?\s*", value) if isinstance(value, str) else None
    )
    number = float(found.group(1).replace(",", ".")) if found else None
    return number if number is not None and number <= 100 else None


def agent(name: str) -> str:
    """An agent's name as it is compared: `agent_2`, `Agent 2` and `AGENT-2` are one."""
    return _NO_WORD.sub("-", name.strip()).strip("-").upper()
