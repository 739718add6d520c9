"""The words in which people say how something ended."""

from __future__ import annotations

import re
from typing import Literal

State = Literal["green", "red", "absent", ""]
_EXIT = r"\bexit(?:ed)?(?: with)?(?: code| status)?\W{0,3}"
_GREEN = re.compile(
    rf"(?i)\b(?:green|pass(?:ed|es|ing)?|success(?:ful(?:ly)?)?|succeeded|ok|completed|clean)\b|✅|✔|🟢|☑|:white_check_mark:|{_EXIT}0\b"
    r"|\breturn(?:s|ed)? 0\b"
)
_RED = re.compile(rf"(?i)\b(?:red|fail(?:ed|s|ing|ures?)?|broken|errored|timed out)\b|❌|✘|🔴|:x:|{_EXIT}[1-9]\d*")
_NO_RED = re.compile(
    r"(?i)\b(?:0|no|zero|without|never|not)(?: \w+)? (?:fail\w*|errors?\b|red\b|broken)|\bfail\w*\W{0,2}0\b|\bfail(?:ed|ures?)=0\b"
    r"|\bfail(?:s|ed)? (?:closed|fast|open|if|when|unless|on)\b"
)
_ABSENT = re.compile(
    r"(?i)\bno (?:ci|workflow|pipeline|database|db|container|docker)\b|\bn/?a\b"
    r"|\bnot (?:configured|available|applicable|set up|present)\b|\bskipped\b"
)
RESULT = re.compile(f"{_GREEN.pattern}|{_RED.pattern.removeprefix('(?i)')}|{_ABSENT.pattern.removeprefix('(?i)')}")


def ended(line: str) -> State:
    """How a line says that something ended; where it says both, its last word counts. Empty where it says nothing."""
    bare = _NO_RED.sub("", line)
    red, green = ([one.start() for one in pattern.finditer(bare)] for pattern in (_RED, _GREEN))
    if red and (not green or red[-1] > green[-1]):
        return "red"
    if green or _NO_RED.search(line):
        return "green"
    return "absent" if _ABSENT.search(line) else ""
