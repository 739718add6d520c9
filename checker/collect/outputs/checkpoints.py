"""The only place that reads checkpoints and recorded approvals, and the words in which people answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from checker.model.outputs.approval import Approval, Checkpoint, Checkpoints, Meaning, Words, meaning
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.fields import take, text_of
from checker.proofs import gates

_HEAD = re.compile(r"(?i)^[#>\s*_]*CHECKPOINT\W{0,4}\s*G(\d+(?:\.\d+)?)\W*(.*?)[*_\s]*$")
_NAMES = {
    "project": "project",
    "built": "built|what (?:was|is|i|we) built",
    "key decisions": "key decisions|decisions (?:made|taken)",
    "files created": "files (?:created|added|changed|modified|touched)|new files",
    "test it": "(?:how to |please )?(?:test|try) (?:it|this)|how to test",
    "options": "(?:your )?options",
    "decision": "decision",
}
_PART = re.compile(
    r"(?i)^\s*(?:#{1,6}\W{0,6}|\*\*\W{0,4})(?:"
    + "|".join(f"(?P<{name.replace(' ', '_')}>{words})" for name, words in _NAMES.items())
    + r")\b"
)
_OPTION = re.compile(r"\b([A-D])\)\s*([^|\n]+)")
_ANSWER = re.compile(r"(?i)^[>\s#*_-]*(?:DECISION|ANSWER|REPLY|USER)\b[*_]*\s*:[*_]*\s*(.*)$")


@cache
def words() -> Words:
    """The shipped words, from the one list that proofs read too."""
    known = gates.load().approval
    lists: dict[Meaning, frozenset[str]] = {
        "approved": known.approved,
        "ambiguous": known.ambiguous,
        "rejected": known.rejected,
    }
    meant = {word: kind for kind, said in lists.items() for word in said}
    return Words(meant, known.approving_options)


def checkpoints(artefacts: Artefacts) -> Checkpoints:
    """Every checkpoint that stands in a text, and every approval that stands in a record."""
    shown = [one for file in artefacts.of(Kind.CHECKPOINT) for one in _shown(file)]
    return Checkpoints(tuple(shown), tuple(_approvals(artefacts)))


def _shown(file: Artefact) -> Iterator[Checkpoint]:
    lines = file.text.split("\n")
    heads = [(number, found) for number, line in enumerate(lines, 1) if (found := _HEAD.match(line))]
    for position, (number, head) in enumerate(heads):
        end = heads[position + 1][0] - 1 if position + 1 < len(heads) else len(lines)
        yield _checkpoint(file, head, lines[number:end], number, end)


def _checkpoint(file: Artefact, head: re.Match[str], body: list[str], first: int, last: int) -> Checkpoint:
    parts = {str(found.lastgroup).replace("_", " ") for line in body if (found := _PART.match(line))}
    options = {letter: said.strip(" *_") for line in body for letter, said in _OPTION.findall(line)}
    answer, where = None, last
    for offset, line in enumerate(body, 1):
        found = _ANSWER.match(line)
        if found:
            said = found.group(1).strip(" *_")
            answer, where = said or answer, first + offset
    parts |= {"options"} if options else set()
    parts |= {"decision"} if any(_ANSWER.match(line) for line in body) else set()
    name, gate = head.group(2).strip(" :-*_"), head.group(1)
    return Checkpoint(
        file.path,
        gate,
        name,
        (first, max(first, last)),
        frozenset(parts),
        options,
        answer,
        meaning(answer, words(), options),
        where,
        "\n".join(line for line in body if not _ANSWER.match(line) and not _OPTION.search(line)),
    )


def _approvals(artefacts: Artefacts) -> Iterator[Approval]:
    for file in artefacts.of(Kind.APPROVAL):
        approver = text_of(file.value, "approver", "approved_by", "by")
        gate = text_of(file.value, "gate", "checkpoint")
        if not approver or not gate:
            continue
        text = take(file.value, "text", "answer", "response", "words", "decision")
        said = str(text.value) if text else None
        owner = text_of(file.value, "agent", "requester", "requested_by", "author")
        yield Approval(gate, approver, owner, said or "", meaning(said, words(), {}), file.at(), text is not None)
