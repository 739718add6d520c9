"""Checkpoints and the answers to them: what was shown, what was said, and what that means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from checker.model.observation import Place

Meaning = Literal["approved", "ambiguous", "rejected", "unknown", "unanswered"]


@dataclass(frozen=True, slots=True)
class Words:
    """Answers by what they mean, as `rules/approvals.toml` has them."""

    meaning: Mapping[str, Meaning]
    approving_options: frozenset[str]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint in a text. `gate` is `5.3`; `parts` the headings it has; `options` its letters; `answer` what was said.

    `text` is what it shows, without the answer.
    """

    path: str
    gate: str
    name: str
    lines: tuple[int, int]
    parts: frozenset[str]
    options: Mapping[str, str]
    answer: str | None
    meaning: Meaning
    answer_line: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval that somebody recorded: of which gate, by whom, in which words."""

    gate: str
    approver: str
    agent: str
    text: str
    meaning: Meaning
    place: Place
    has_text: bool


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Every checkpoint, in the order of files and lines, and every recorded approval."""

    shown: tuple[Checkpoint, ...]
    approvals: tuple[Approval, ...]


_MERRY = re.compile("[👍👌🎉🚀🙏😀-😏🙂✨💯\\uFE0F\\U0001F3FB-\\U0001F3FF]+")  # which add nothing to words


def meaning(answer: str | None, words: Words, options: Mapping[str, str]) -> Meaning:
    """What a whole answer means. A letter, or a letter with its option's words, means what the options line says."""
    if answer is None:
        return "unanswered"
    answer = _MERRY.sub("", answer) if re.search(r"[^\W_]", answer) else answer
    bare = re.sub(r"[*_`\"“”]+", " ", answer).strip().rstrip(".!,;: ").strip().lower().replace("’", "'")
    bare = re.sub(r"\s+", " ", bare)
    letter = re.fullmatch(r"\(?([a-z])(?:\)|\.|:| -)?(?:\s+(.*))?", bare)
    if letter and letter.group(1).upper() in options and bare not in words.meaning:
        said = options[letter.group(1).upper()].lower()
        approving = said.split()[0].strip(".,;:") in words.approving_options if said else False
        return "approved" if approving else "rejected"
    return words.meaning.get(bare, "unknown") if answer.strip(" _-") else "unanswered"
