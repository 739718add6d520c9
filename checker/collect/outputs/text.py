"""The only place that turns the bytes of an output into text: any encoding that agents leave, any dash, any line end."""

from __future__ import annotations

import codecs
import re

from checker.collect.files import Unreadable, decoded

LARGEST = 60 * 1024 * 1024  # bytes
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d"), "-")
_SPACES = dict.fromkeys(map(ord, "\u00a0\u2007\u202f\u2009"), " ")
_PLAIN = {**_DASHES, **_SPACES, **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"), None)}


def readable(path: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    """The text, and what was assumed to read it. Unreadable for what is no text in any encoding that is tried."""
    assumed: list[str] = []
    encoding = _without_mark(data)
    try:
        text = data.decode(encoding) if encoding else decoded(path, data).text
    except (UnicodeDecodeError, Unreadable):
        if b"\0" in data[:4096]:
            raise Unreadable(f"{path}: binary, not text") from None
        encoding, text = "windows-1252", data.decode("cp1252", "replace")
    if encoding:
        assumed.append(f"read as {encoding}")
    elif not data.startswith(codecs.BOM_UTF8) and data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        assumed.append("read as utf-16")
    if "\0" in text:
        raise Unreadable(f"{path}: binary, not text")
    plain = re.sub(r"\r\n?", "\n", text).translate(_PLAIN)
    if any(ord(dash) in _DASHES for dash in set(text)):
        assumed.append("hyphens and dashes of other kinds read as '-'")
    return plain, tuple(assumed)


def _without_mark(data: bytes) -> str:
    """UTF-16 that carries no byte-order mark, told by where its zero bytes lie; empty for anything else."""
    head = data[:400]
    if len(head) < 4 or data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or b"\0" not in head:
        return ""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > len(head) // 3 and not even:
        return "utf-16-le"
    return "utf-16-be" if even > len(head) // 3 and not odd else ""
