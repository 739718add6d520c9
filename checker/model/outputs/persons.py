"""Who signs: whether two signatures are of one person, and whether a name is of a person at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from unicodedata import category, combining, normalize

_LOOKALIKES = str.maketrans(
    dict(zip("АВЕКМНОРСТУХІЅЈԌ", "ABEKMHOPCTYXISJG", strict=True))  # Cyrillic
    | dict(zip("авекмнорстухіѕјԁһӏԛԝ", "abekmhopctyxisjdhlqw", strict=True))
    | dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True))  # Greek
    | dict(zip("αεικνορτυχγσ", "aeikvoptuxyo", strict=True))
    | dict(zip("ɡɑıℓᴀ", "gaila", strict=True))
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HANDLE = re.compile(r"(?<![\w.])@([\w-]{2,})")
_MACHINE = re.compile(
    r"(?i)\bagents?\b|\bagent[-_ ]?\d|\bbots?\b|\[bot\]|codex|copilot|cursor\b|gpt|gemini"
    r"|\bclaude\b(?! (?!code|opus|sonnet|haiku|\d)\w)|\bllm\b|(?-i:\bA\.?I\b)|assistant|orchestrator"
    r"|\bautomat\w*|github.actions|dependabot|renovate|\bci\b|\bpipeline\b|service account|\bsystem\b|\bscript\b"
    r"|^\W*(?:backend|frontend|full.?stack|qa|devops|security)?[-_ ]?(?:coder|developer|engineer)\W*$"
)
_ROLE = re.compile(
    r"(?i)(?:the |a |an |my |our )?(?:(?:key|person|approver|signer|reviewer|owner|human|user|somebody|someone|anyone"
    r"|me|myself|self|same|team"
    r"|lead|tech lead|product owner|manager|cto|ceo|dba|ops|sre|on.?call|on duty|maintainers?|admin|root|devs?"
    r"|second person|second key"
    r"|first key|stakeholders?|customer|operator|(?:\w+[- ])?team|as above|ditto|approved|yes|ok)\W*(?:[12ab]|one|two)?)"
)


def is_machine(name: str, role: str = "") -> bool:
    """Whether a key is an agent's, or of some other program, by its name or by the role that stands beside it."""
    return _MACHINE.search(name) is not None or _MACHINE.search(role) is not None


def is_role(name: str) -> bool:
    """Whether a key names an office and nobody who holds it."""
    return _ROLE.fullmatch(name.strip(" .,:;-*_()[]")) is not None


def persons(signatures: Iterable[str]) -> list[set[str]]:
    """The signatures by person: those that share a name, an e-mail address or a handle, however they are spelt, are of one."""
    groups: list[tuple[set[str], set[str]]] = []
    for said in signatures:
        marks, members = _marks(said), {said}
        for group in [one for one in groups if one[0] & marks]:
            groups.remove(group)
            marks, members = marks | group[0], members | group[1]
        groups.append((marks, members))
    return [members for _, members in groups]


def _marks(said: str) -> set[str]:
    """What tells a person: each e-mail address and its name, each handle, and the words of the name as told and sorted."""
    said = "".join(one for one in normalize("NFKC", said) if category(one) != "Cf")
    mails = [mail.casefold() for mail in _MAIL.findall(said)]
    plain = [re.sub(r"\+[^@]*(?=@)", "", mail) for mail in mails]
    bare = _MAIL.sub(" ", said)
    handles = _HANDLE.findall(bare)
    words = re.findall(r"[^\W_]+", _HANDLE.sub(" ", re.sub(r"\([^)]*\)|<[^>]*>", " ", bare)))
    names = [words, *(re.split(r"[._-]+", one) for one in (*handles, *(mail.partition("@")[0] for mail in plain)))]
    found = set(plain) | {mark for name in names for mark in _either_way(name)}
    return {one for one in found if one}


def _either_way(words: list[str]) -> set[str]:
    """A name in the order told and sorted, so that "Doe, Jane", "jane.doe" and "janedoe" meet."""
    bare = [_bare(word) for word in words]
    return {"".join(bare), "".join(sorted(bare))}


def _bare(name: str) -> str:
    """A name as it looks: without case, accents, signs that are not seen, and letters of other alphabets that look alike."""
    seen = "".join(one for one in normalize("NFKD", name) if not combining(one) and category(one) != "Cf")
    alike = normalize("NFKD", seen.translate(_LOOKALIKES)).casefold()
    return "".join(one for one in alike if one.isalnum()).translate(_ONE_STROKE)


_ONE_STROKE = str.maketrans("1l0", "iio")
