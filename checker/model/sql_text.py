"""Statements of SQL told apart by their words: enough to name what a migration does, never to judge what it means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = r'(?:"?[\w$]+"?\.)?"?(?P<{0}>[\w$]+)"?'
_TABLE = _NAME.format("table")
_COLUMN = r'"?(?P<column>[\w$]+)"?'
_IF = r"(?:if\s+(?:not\s+)?exists\s+)?"
_ALTER = rf"alter\s+table\s+{_IF}(?:only\s+)?{_TABLE}\b.*?"
_KINDS = (
    ("drop_table", rf"drop\s+(?:table|materialized\s+view)\s+{_IF}{_TABLE}"),
    ("drop_schema", rf"drop\s+schema\s+{_IF}{_TABLE}"),
    ("drop_database", rf"drop\s+database\s+{_IF}{_TABLE}"),
    ("drop_type", rf"drop\s+(?:type|domain)\s+{_IF}{_TABLE}"),
    ("truncate", rf"truncate\s+(?:table\s+)?(?:only\s+)?{_TABLE}"),
    ("create_table", rf"create\s+(?:unlogged\s+|temp(?:orary)?\s+)?table\s+{_IF}{_TABLE}"),
    (
        "create_index",
        rf"create\s+(?:unique\s+)?index\s+(?P<now>concurrently\s+)?{_IF}(?:\S+\s+)?on\s+(?:only\s+)?{_TABLE}",
    ),
    ("drop_index", r"drop\s+index\s+(?P<now>concurrently\s+)?"),
    ("drop_column", rf"{_ALTER}\bdrop\s+(?:column\s+){_IF}{_COLUMN}"),
    (
        "drop_column",
        rf"{_ALTER}\bdrop\s+(?!constraint\b|column\b|default\b|not\b|identity\b|expression\b|index\b|partition\b|projection\b|key\b|primary\b|foreign\b|if\s+exists\s+constraint\b){_IF}{_COLUMN}",
    ),
    ("rename_column", rf"{_ALTER}\brename\s+(?!to\b|constraint\b)(?:column\s+)?{_COLUMN}\s+to\s+(?P<to>\S+)"),
    ("rename_table", rf"{_ALTER}\brename\s+to\s+(?P<to>\S+)"),
    (
        "retype_column",
        rf"{_ALTER}\balter\s+(?:column\s+)?{_COLUMN}\s+(?:set\s+data\s+)?type\s+(?P<type>[\w ]+(?:\([\d, ]+\))?)",
    ),
    ("set_not_null", rf"{_ALTER}\balter\s+(?:column\s+)?{_COLUMN}\s+set\s+not\s+null"),
    (
        "add_column",
        rf"{_ALTER}\badd\s+(?!constraint\b|primary\b|foreign\b|unique\b|check\b|exclude\b)(?:column\s+)?{_IF}{_COLUMN}\s+(?P<definition>[^;]*)",
    ),
    ("drop_constraint", rf"{_ALTER}\bdrop\s+constraint\s+{_IF}{_COLUMN}"),
    ("add_constraint", rf"{_ALTER}\badd\s+(?:constraint|primary|foreign|unique|check|exclude)\b"),
    (
        "delete",
        rf"delete\s+from\s+(?:only\s+)?{_TABLE}(?!.*\bwhere\b(?!\s*\(?\s*(?:true|1\s*=\s*1|not\s+false)\s*\)?\s*$))",
    ),
    ("delete_some", rf"delete\s+from\s+(?:only\s+)?{_TABLE}"),
    ("update", rf"(?:with\b.*?\)\s*)?update\s+(?:only\s+)?{_TABLE}"),
    ("insert", rf"insert\s+into\s+{_TABLE}"),
    ("select", r"(?:select|with|show|values)\b"),
)
_PATTERNS = tuple((name, re.compile(rf"\s*{pattern}", re.IGNORECASE | re.DOTALL)) for name, pattern in _KINDS)
_TOKEN = re.compile(
    r"(?P<skip>--[^\n]*|/\*.*?\*/)|(?P<quote>\b[eE]'(?:[^'\\]|\\.|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|(?P<end>;)",
    re.DOTALL,
)


_DROPS = re.compile(
    r"(?is)\s*(?P<what>drop\s+table(?:\s+if\s+exists)?|truncate(?:\s+table)?(?:\s+only)?)\s+(?P<names>[^;]+)"
)
_IN_CTE = re.compile(r"(?is)\bas\s+(?:(?:not\s+)?materialized\s+)?\(\s*(?P<inner>(?:delete|update|truncate)\b.*)")
_ATOMIC = re.compile(r"(?is)^\s*create\b.*\bbegin\s+atomic\b(?!.*\bend\s*$)")
_DO = re.compile(r"(?is)\s*do\s+(?:language\s+\w+\s+)?\$(?P<tag>\w*)\$(?P<body>.*)\$(?P=tag)\$")
_CONTROL = re.compile(
    r"(?is)^\s*(?:(?:<<\w+>>\s*)?(?:begin|else|loop|exception)\b|(?:if|elsif|elseif|when)\b.*?\bthen\b"
    r"|(?:for|foreach|while)\b.*?\bloop\b|declare\b.*?(?=\bbegin\b|$)|end(?:\s+(?:if|loop|case))?\b)"
)
_EXECUTE = re.compile(r"(?is)execute\s+(?:format\s*\(\s*)?'(?P<sql>(?:[^']|'')*)'")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its text without comments, the first and last line of it, and what it is (`execute` if unknown)."""

    text: str
    lines: tuple[int, int]
    kind: str = "execute"
    table: str | None = None
    column: str | None = None
    rest: str = ""
    concurrently: bool = False


def statements(sql: str, first_line: int = 1) -> Iterator[Statement]:
    """The statements of a text, one after the other; quotes, dollar quotes and comments hold no ends."""
    start, parts, at = 0, [], 0
    for token in _TOKEN.finditer(sql):
        if token["skip"] is not None:
            parts.append(sql[at : token.start()])
            at = token.end()
        elif token["end"] is not None and not _ATOMIC.search("".join([*parts, sql[at : token.start()]])):
            yield from _statement(sql, start, token.start(), "".join([*parts, sql[at : token.start()]]), first_line)
            start = at = token.end()
            parts = []
    yield from _statement(sql, start, len(sql), "".join([*parts, sql[at:]]), first_line)


def comments(sql: str) -> Iterator[str]:
    """The comments of a text, without their marks; what stands in quotes is none."""
    for token in _TOKEN.finditer(sql):
        if token["skip"] is not None:
            block = token["skip"].startswith("/*")
            yield token["skip"][2:-2] if block else token["skip"][2:].removeprefix(" ")


def _statement(sql: str, start: int, end: int, text: str, first_line: int) -> Iterator[Statement]:
    clean = text.strip()
    if not clean:
        return
    begins = sql.find(clean.split(None, 1)[0], start, end)
    first = first_line + sql.count("\n", 0, max(begins, start))
    lines = (first, first_line + sql.count("\n", 0, max(end - 1, start)))
    yield classified(clean, (first, max(lines[1] - len(text[len(text.rstrip()) :].splitlines()[1:]), first)))


def classified(text: str, lines: tuple[int, int]) -> Statement:
    """What one statement is."""
    for name, pattern in _PATTERNS:
        found = pattern.match(text)
        if found:
            groups = found.groupdict()
            rest = groups.get("definition") or groups.get("to") or groups.get("type") or ""
            inner = _IN_CTE.search(text) if name == "select" else None
            if inner:
                one = classified(_closed(inner["inner"]), lines)
                return Statement(text, lines, one.kind, one.table, one.column, one.rest, one.concurrently)
            kind = name
            return Statement(
                text, lines, kind, groups.get("table"), groups.get("column"), rest, bool(groups.get("now"))
            )
    return Statement(text, lines)


def _closed(text: str) -> str:
    """A text up to the bracket that closes what it stands in."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return text[:at]
    return text


def actions(found: Statement) -> Iterator[Statement]:
    """The statement, or each action of an ALTER TABLE that does several, or each statement of a DO block."""
    block = _DO.match(found.text)
    if block:
        yield from _inside(block["body"], found.lines)
        return
    several = _DROPS.match(found.text)
    if several and "," in several["names"]:
        yield from (classified(f"{several['what']} {one.strip()}", found.lines) for one in several["names"].split(","))
        return
    head = re.match(r"(?is)\s*alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?\S+", found.text)
    parts = list(_apart(found.text[head.end() :])) if head else []
    if head is None or len(parts) < 2:
        yield found
        return
    for part in parts:
        yield classified(f"{head[0]} {part.strip()}", found.lines)


def _inside(body: str, lines: tuple[int, int]) -> Iterator[Statement]:
    """What a block of PL/pgSQL does, its conditions and loops aside; all of it stands on the lines of the block."""
    for one in statements(body):
        text, before = one.text, ""
        while text != before:
            before, text = text, _CONTROL.sub("", text, count=1).strip()
        said = _EXECUTE.match(text)
        for inner in statements(said["sql"].replace("''", "'")) if said else [classified(text, lines)] if text else []:
            yield from (classified(part.text, lines) for part in actions(inner))


def _apart(text: str) -> Iterator[str]:
    """What stands between the commas that no bracket and no quote holds."""
    depth, quote, start = 0, "", 0
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == "," and depth == 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]
