"""The only place that makes up secrets: tokens of the right form, put together when a test runs and never committed."""

from __future__ import annotations

import base64
import json
import random
import string
import zlib
from pathlib import Path

LETTERS = string.ascii_letters + string.digits
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
KINDS = ("github-pat", "npm", "slack-bot", "stripe-live", "gitlab-pat", "private-key", "jwt", "password", "hex")


def fake(kind: str, seed: int = 1) -> str:
    """A secret of a kind, the same for the same seed."""
    dice = random.Random(f"{kind}:{seed}")
    if kind == "github-pat":
        return checked("gh" + "p_", dice)
    if kind == "npm":
        return checked("np" + "m_", dice)
    if kind == "github-unchecked":
        return "gh" + "p_" + text(dice, 36)
    if kind == "aws-key":
        return "AK" + "IA" + text(dice, 16, string.ascii_uppercase + "234567")
    if kind == "slack-bot":
        return "xo" + f"xb-{text(dice, 12, '123456789')}-{text(dice, 12, '123456789')}-{text(dice, 24)}"
    if kind == "stripe-live":
        return "sk" + "_live_" + text(dice, 24)
    if kind == "gitlab-pat":
        return "gl" + "pat-" + text(dice, 20)
    if kind == "private-key":
        lines = [text(dice, 64, LETTERS + "+/") for _ in range(12)]
        return "\n".join(["-----BEGIN RSA PRI" + "VATE KEY-----", *lines, "-----END RSA PRI" + "VATE KEY-----"])
    if kind == "jwt":
        claims = {"sub": text(dice, 12), "exp": 4102444800}
        return ".".join([part({"alg": "HS256", "typ": "JWT"}), part(claims), text(dice, 43)])
    return text(dice, 40, "0123456789abcdef") if kind == "hex" else text(dice, 20)


def text(dice: random.Random, length: int, alphabet: str = LETTERS) -> str:
    return "".join(dice.choice(alphabet) for _ in range(length))


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def checked(prefix: str, dice: random.Random) -> str:
    """A token whose last six characters are the checksum of the thirty before, as GitHub and npm make them."""
    body = text(dice, 30)
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return prefix + body + digits


def expand(folder: Path, values: dict[str, str]) -> None:
    """Put made-up secrets where a fixture's files say `@@NAME@@`; `values` gives each name its kind."""
    made = {f"@@{name}@@".encode(): fake(kind).encode() for name, kind in values.items()}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink() and ".git" not in file.relative_to(folder).parts:
            data = file.read_bytes()
            whole = data
            for name, value in made.items():
                whole = whole.replace(name, value)
            if whole != data:
                file.write_bytes(whole)
