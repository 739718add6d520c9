"""The only place that reads two-key approvals, as JSON, YAML, or the lines that people write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from checker.collect.outputs.work import moment
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.fields import is_blank, key, take, text_of
from checker.model.outputs.proposals import Key, Proposal, Proposals

_FIELDS = {
    "proposal id": ("proposal_id", "id", "proposal", "request_id", "ticket"),
    "requester": ("requester", "requested_by", "author", "agent", "proposed_by", "owner_agent"),
    "environment": ("environment", "env", "target", "target_environment", "environments"),
    "category": ("category", "type", "kind", "change_type", "change", "operation"),
    "risk": ("risk", "risk_level", "risks", "risk_analysis", "blast_radius", "impact"),
    "rollback": ("rollback", "rollback_plan", "roll_back", "revert", "backout", "back_out_plan"),
}
_KEY_NAME = re.compile(
    r"^(?:key_?[12]|owner_key|second_key|first_key|key_(?:one|two)"
    r""
    r"|approver_?[12]|(?:co_?)?approve[rd](?:_by)?|signed_?(?:off_)?by)(?:_|$)"
)
MOST_KEYS = 50  # of one record
_NAME, _TIME = (
    ("name", "by", "person", "who", "approver", "signer", "user"),
    ("time", "at", "timestamp", "date", "signed_at", "approved_at", "when"),
)
_CONTACT = ("email", "mail", "e_mail", "handle", "github", "login", "username", "account", "gitlab", "slack")
_ROLE, _DECIDED = (
    ("role", "type", "kind", "function"),
    ("decision", "verdict", "vote", "status", "state", "answer", "approved", "result"),
)
_DONE = (
    "executed_at",
    "applied_at",
    "done_at",
    "ran_at",
    "merged_at",
    "deployed_at",
    "performed_at",
    "completed_at",
    "execution_time",
)
_SAYS_NO = re.compile(
    r"(?im)^[\s\-*>|#]*\**(?:rejected|denied|declined|vetoed|refused)(?: by)?\b[^:=|\n]{0,20}?\**\s*[:=|]\s*\**\s*(?P<who>[^\n]+)$"
)
_TOLD = re.compile(
    r"(?i)\b(?:rejected|denied|declined|vetoed|refused|withdrawn|revoked|not approved|pending|awaiting)\b|❌|👎"
)
_STATUS = re.compile(r"(?im)^[\s\-*>|#]*\**(?:decision|status|verdict|outcome)\**\s*[:=|]\s*\**\s*([^\n*|]+)")
_STAMP = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?")
_LINE = re.compile(
    r"(?im)^[\s\-*>|#]*\**(?:key\s*(?:[12]|one|two)|(?:owner|second|first) key|approver\s*[12]?|approved by|signed(?: off)? by)\b"
    r"[^:=|\n]{0,40}?\**[ \t]*[:=|][ \t]*\**[ \t]*(?P<who>[^\n]+)$"
)
_NOBODY = re.compile(r"(?i)^\W*(?:tbd|todo|none|n/?a|pending|nobody|awaiting.*|_+|-+|\?+|<.*|\{.*|\[.*|your .*)?\W*$")


def proposals(artefacts: Artefacts) -> Proposals:
    """Every record below `ops/approvals/` but answers at checkpoints, which are approvals of another kind."""
    found = []
    for one in artefacts.of(Kind.APPROVAL):
        of_a_gate = "ops/approvals/" not in one.path and bool(text_of(one.value, "gate", "checkpoint"))
        if of_a_gate or _is_answer(one) or re.search(r"(?i)(^|/)(readme|template)", one.path):
            continue
        found.append(_proposal(one))
    return Proposals(tuple(found))


def _is_answer(one: Artefact) -> bool:
    """Whether a record is of an answer at a checkpoint, and no proposal for two keys."""
    return bool(text_of(one.value, "gate", "checkpoint")) and take(one.value, "text", "answer", "words") is not None


def _proposal(one: Artefact) -> Proposal:
    fields = {name: text_of(one.value, *names) or _in_prose(one, names) for name, names in _FIELDS.items()}
    fields = {
        name: said or _of_mapping(one.value, names)
        for (name, names), said in zip(_FIELDS.items(), fields.values(), strict=True)
    }
    fields["proposal id"] = fields["proposal id"].partition("\n")[0][:60]
    if (is_blank(fields["proposal id"]) or " " in fields["proposal id"]) and re.search(r"\d", one.name):
        fields["proposal id"] = one.name.rpartition(".")[0]
    keys = tuple({(key.said.casefold(), key.refuses): key for key in islice(_keys(one), MOST_KEYS)}.values())
    lacks = tuple(name for name, said in fields.items() if is_blank(said))
    done = take(one.value, *_DONE)
    return Proposal(
        one.path,
        fields["proposal id"],
        fields["requester"],
        fields["environment"],
        keys,
        lacks,
        one.text,
        one.assumed,
        one.broken,
        _decision(one),
        moment(done.value) if done else None,
    )


def _decision(one: Artefact) -> str:
    """What the record as a whole was decided to be; its last word where it is text."""
    told = text_of(one.value, "decision", "verdict", "status", "state", "outcome")
    lines = _STATUS.findall(one.text) if one.sections or not told else []
    return lines[-1].strip() if lines else told


def _of_mapping(value: Any, names: tuple[str, ...]) -> str:
    found = take(value, *names)
    return str(found.value) if found and isinstance(found.value, Mapping) and found.value else ""


def _in_prose(one: Artefact, names: tuple[str, ...]) -> str:
    """What stands under a heading of that name, in a record that is Markdown."""
    for section in one.sections:
        title = key(section.title.partition(":")[0])
        if any(title == name or title.startswith(f"{name}_") or title.endswith(f"_{name}") for name in names):
            return section.title.partition(":")[2].strip() or section.body.strip()
    return ""


def _keys(one: Artefact) -> Iterator[Key]:
    yield from _in_value(one.value, one.text)
    for found in _LINE.finditer(one.text):
        yield from _signed(found["who"], one.text.count("\n", 0, found.start("who")) + 1)
    for found in _SAYS_NO.finditer(one.text):
        line = one.text.count("\n", 0, found.start("who")) + 1
        yield from (replace(key, decision="rejected") for key in _signed(found["who"], line))


def _in_value(value: Any, text: str) -> Iterator[Key]:
    if not isinstance(value, Mapping):
        return
    for name, said in value.items():
        called = key(str(name))
        if called in (
            "keys",
            "approvals",
            "approvers",
            "signatures",
            "signers",
            "two_key",
            "decisions",
            "reviews",
            "votes",
        ):
            for part in said if isinstance(said, list) else said.values() if isinstance(said, Mapping) else ():
                yield from _signature(part, text)
        elif _KEY_NAME.match(called):
            yield from _signature(said, text)
        elif _NO_KEY.match(called):
            for part in said if isinstance(said, list) else [said]:
                yield from (replace(one, decision=one.decision or "rejected") for one in _signature(part, text))


_NO_KEY = re.compile(
    r"^(?:rejections?|rejected(?:_by)?|denied(?:_by)?|declined(?:_by)?|vetoe?d?(?:_by)?|vetoes|objections?)$"
)


def _signature(said: Any, text: str) -> Iterator[Key]:
    if isinstance(said, Mapping):
        name = text_of(said, *_NAME)
        stamp = take(said, *_TIME)
        contact = " ".join(f"@{found}" if "@" not in found else found for found in _contacts(said))
        name = name or contact
        if name and not _NOBODY.match(name):
            line = text.count("\n", 0, max(text.find(name), 0)) + 1
            decided = take(said, *_DECIDED)
            decision = "" if decided is None else "not approved" if decided.value is False else str(decided.value)
            yield Key(
                name,
                moment(stamp.value) if stamp else None,
                line,
                f"{name} {contact}".strip(),
                text_of(said, *_ROLE),
                decision,
            )
    elif isinstance(said, str):
        yield from _signed(said, text.count("\n", 0, max(text.find(said), 0)) + 1)


def _contacts(said: Mapping[str, Any]) -> Iterator[str]:
    for name in _CONTACT:
        if found := text_of(said, name).lstrip("@"):
            yield found


def _signed(said: str, line: int) -> Iterator[Key]:
    stamp = _STAMP.search(said)
    bare = said[: stamp.start()] if stamp else said
    decision = told.group() if (told := _TOLD.search(said)) else ""
    whole = re.sub(r"[*_`\"'{}\[\]]+", " ", bare).strip()
    role = " ".join(re.findall(r"\(([^)@]*)\)", whole))
    name = re.sub(r"\(.*?\)|<.*?>|\b(?:on|at|name|by)\b\W*$", " ", whole).strip(" ,;:|-—–@\t(")
    name = re.split(r"[|;]| [-—–] | at | on |,(?! ?[A-Z][\w.]*\s*$)", name)[0].strip(" ,")
    if not _NOBODY.match(name):
        contacts = re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\w.])@[\w-]{2,}", whole)
        both = " ".join([name, *(one for one in contacts if one not in name)])
        yield Key(name, moment(stamp.group()) if stamp else None, line, both, role, decision)
