"""The only place that takes secrets out of code and output before a finding, a note or a cache quotes it."""

from __future__ import annotations

import re
from functools import lru_cache

from checker.model.entropy import entropy
from checker.model.redaction import shown

_STRETCH = re.compile(r"[A-Za-z0-9+/=_\-]{16,}")
_PIECE = re.compile(r"[_\-/]")
_WORD = re.compile(r"[a-z]{1,10}")
_DIGIT = re.compile(r"[0-9]")
_LETTER = re.compile(r"[A-Za-z]")
_LONGEST_WORD = re.compile(r"[a-z]{6}|[A-Z]{6}")
_PROVIDERS = re.compile(
    r"\b(?:gh[pousr]_|github_pat_|glpat-|npm_|pypi-|xox[abpr]-|xapp-|[sr]k_(?:live|test)_|whsec_|sk-|hf_|AKIA|ASIA|AIza|SG\.|dop_v1_"
    r"|shpat_|dapi|hvs\.|lin_api_|dp\.pt\.|glsa_|NRAK-|dckr_pat_|pscale_tkn_|eyJ)[A-Za-z0-9+/=_.\-]{12,}"
)
_URL = re.compile(r"(://[^\s:/@\"']{0,64}:)([^\s@/\"']{3,})(?=@)")
_NAME = (
    r"(?:passw(?:or)?d|passwd|pwd|secret|token|api[_\-]?key|access[_\-]?key|private[_\-]?key|credential)[\w.\-]{0,24}"
)
_VALUE = r"(\\?[\"'\]]{0,2}\s{0,3}(?:=>|:=|===?|=|:)\s{0,3}\\?[\"'`]?)([^\s\"'`\\,;(){}]{6,})"
_NAMED = re.compile(rf"(?i)\b([\w.\-]{{0,40}}{_NAME}){_VALUE}")
_MAY_BE_NAMED = re.compile(
    f"(?i){_NAME}{_VALUE}"
)  # the same without what may stand before it, which is what takes long


@lru_cache(maxsize=16_384)  # many findings say the same of different places
def without_secrets(text: str, *, random: bool = True) -> str:
    """A quotation without the values that somebody could use: tokens of providers, passwords in addresses and beside names.

    With `random`, whatever no person thought of goes as well: long stretches of letters and digits without a word in them.
    """
    text = _PROVIDERS.sub(lambda found: shown(found[0]), text)
    if "://" in text:
        text = _URL.sub(lambda found: found[1] + shown(found[2]), text)
    if ("=" in text or ":" in text) and _MAY_BE_NAMED.search(text):
        text = _NAMED.sub(_beside_a_name, text)
    if random and _DIGIT.search(text):
        text = _STRETCH.sub(lambda found: shown(found[0]) if _is_random(found[0]) else found[0], text)
    return text


def holds_secret(text: str) -> bool:
    """Whether a text has something in it that no quotation of it would keep."""
    return without_secrets.__wrapped__(text) != text  # texts of whole files would fill the memory of quotations


def _beside_a_name(found: re.Match[str]) -> str:
    if _WORD.fullmatch(found[3]):  # as the traits would say, and they take long to load
        return found[0]
    from checker.model.secret_traits import assigned_traits

    doubtful = assigned_traits(found[3], found[1]).doubt
    return found[0] if doubtful else f"{found[1]}{found[2]}{shown(found[3])}"


def _is_random(stretch: str) -> bool:
    pieces = [
        piece for piece in _PIECE.split(stretch) if len(piece) >= 12 and _DIGIT.search(piece) and _LETTER.search(piece)
    ]
    if not pieces:
        return False
    return any(entropy(piece) >= 3.2 and _LONGEST_WORD.search(piece) is None for piece in pieces)
