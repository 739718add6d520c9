"""No SQL is built by putting values into its text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import assigned, bad, call_arguments, parameter_type, split_top, told, where
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

_SINK = re.compile(
    r"\.(?:execute\w*|executemany|scalars?|fetch\w*|raw|query|exec\w*|prepare|read_sql\w*|stream|iterate|all|first|one|many"
    r"|\$(?:query|execute)RawUnsafe)\s*(?:<[^>]*>)?\(|\btext\(|\bRawSQL\(|\bsql\.raw\("
)
_LOGGED = re.compile(r"(?i)^\s*(?:self\.|this\.)?_?(?:log|logger|logging|console|print)\b")
_VALUE_BEFORE = re.compile(
    r"(?is)(?:[=<>]|\blike\b|\bilike\b|\bin\s*\(|\bvalues\s*\((?:[^()]*,)?|\bbetween\b|\blimit\b|\boffset\b|\bset\s+\w+\s*=)\s*(?:['\"%]|\\')*$|'%?$"
)
_NAME_BEFORE = re.compile(
    r"(?is)\b(?:from|into|update|table|join|by|database|schema|index|on|column|select|distinct|as|cast)\s+[\w.,\s\"`]*$"
)
_CONSTANT = re.compile(r"^(?:self\.|cls\.|this\.|\w+\.)*_*[A-Z][A-Z0-9_]*$|^[\d.]+$|^(['\"])[^'\"]*\1$")
_HARMLESS = re.compile(
    r"(?i)__tablename__|__table__|\.__name__|\blen\(|\bint\(|\bfloat\(|\bNumber\(|parseInt\(|quote|escap|identifier|placeholder|sanitiz|paramstyle"
    r"|\.join\(\s*\[?\s*[rf]?['\"][?%$:]|\.join\(\s*[rf]?['\"][?%:]|['\"]\?['\"]|\.map\(\(?[^)]*\)?\s*=>\s*['\"`]\$?\?|=>\s*`\$\$\{"
)
_NUMBER = re.compile(r"^(?:int|float|bool|number|bigint|Decimal|UUID|uuid\.UUID|date|datetime)\b")
_WRAPPED = re.compile(r"^(?:[\w.]*(?:text|TEXT|sql|SQL)|[A-Z])\(\s*")
_NAMED_TEXT = re.compile(r"(?:\w+\.)*[A-Z][A-Z0-9_]{2,}\s*\+")  # a text under a name, of another module too
_TOGETHER = re.compile(r"""[\w.]+\s*\+|\[?\s*(["'`])(?:(?!\1)[^\\]|\\.)*\1(?:\.(?:join|replace|concat)\(|\s*[+,])""")
_COMMAND = re.compile(r"(?:^|/)(?:commands?|cli|manage|management)(?:\.py|/)")
_FRAGMENT = re.compile(r"`|\.join\(|\?\s|(?i:filter|clause|fragment|condition|\.query\b|subq|cte)")
_IN_REQUEST = re.compile(r"\b(?:request|req|ctx|params|query|body|payload)\s*[.\[]")


def sql_built(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each SQL text with something put into it, and one for each file without."""
    written = {(one.path, line) for one in code.of("sql-built") for line in range(one.lines[0], one.lines[1] + 1)}
    run = (match for match in code.of("sql-run") if (match.path, match.lines[0]) not in written)
    told_apart = (*(_judged(match, code) for match in code.of("sql-built")), *(_run(match, code) for match in run))
    yield from told(code, (one for one in told_apart if one is not None))


def _run(match: Match, code: CodeMatches) -> Observation | None:
    """SQL that is put together in steps: from a constant, by `+=`, `format`, `join`; only what a caller sent counts."""
    begun = re.match(r"(\w+)\s*\+=", match.text)
    if begun:
        text = match.text[begun.end() :]
        first = rf"\b{begun[1]}\b[^=\n]*=\s*[rfRF]{{0,2}}[\"'`]{{1,3}}\s*(?i:select|update|delete|insert|with)\b"
        if not re.search(first, match.around) or not _SINK.search(match.around):
            return None
    else:
        text = next(iter(call_arguments(match.text)), "")  # what is bound comes after it
        if not _is_text(text, match):
            return None
    for name in re.findall(r"\.join\(\s*(\w+)\s*\)", text):
        text += f" {assigned(name, match.around) or ''}"
    value = next((one for one in _named_in(text) if _from_outside(one, match) and not _is_harmless(one, match)), None)
    if value is None or _LOGGED.match(_line(match)):
        return None
    sure = any(one.web for one in code.sources) and not _COMMAND.search(match.path)
    return bad(match, _message(match, value), None if sure else Confidence.MEDIUM)


def _is_text(argument: str, match: Match) -> bool:
    """Whether what is run is text put together, and no number or query object that an operator happens to stand in."""
    inner = _WRAPPED.sub("", argument)
    template = re.match(r"((?:\w+\.)*?\w+)\s*(?:%|\.format\()", inner)
    if template:
        given = assigned(template[1], match.around) or ""
        return bool(
            _CONSTANT.match(template[1]) or re.search(r"(?i)[\"'`]\s*(?:select|insert|update|delete|with)\b", given)
        )
    return bool(_TOGETHER.match(inner) and (re.search(r"[\"'`]", inner) or _NAMED_TEXT.match(inner)))


def _named_in(text: str) -> Iterator[str]:
    """The names in an expression: those outside of literals, and those in the braces of filled ones."""
    filled = " ".join(re.findall(r"\{([^{}]+)\}", text)) if re.search(r"`|\b[rR]?[fF][\"']", text) else ""
    bare = re.sub(r"""(["'`])(?:(?!\1)[^\\]|\\.)*\1""", " ", text)
    yield from re.findall(r"[A-Za-z_][\w.]*(?:\[[^\]]*\])?", f"{bare} {filled}")


def _judged(match: Match, code: CodeMatches) -> Observation | None:
    values = [(before, value) for before, value in _parts(match) if not _is_harmless(value, match)]
    if not values or _is_tagged(match) or _LOGGED.match(_line(match)):
        return None
    risky = next((value for before, value in values if _is_value(before, value)), None)
    if risky is None:
        risky = next((value for _, value in values if _from_outside(value, match)), None)
    if risky is None:
        return bad(match, _message(match, values[0][1]), Confidence.LOW)
    runs = _SINK.search(match.around) is not None or _SINK.search(match.text) is not None
    sure = runs and any(one.web for one in code.sources) and not _COMMAND.search(match.path)
    return bad(match, _message(match, risky), None if sure else Confidence.MEDIUM)


def _is_value(before: str, value: str) -> bool:
    """Whether it stands where a value belongs, and is no piece of SQL itself."""
    stands = _VALUE_BEFORE.search(before) is not None and _NAME_BEFORE.search(before) is None
    return stands and _FRAGMENT.search(value) is None


def _is_tagged(match: Match) -> bool:
    """Whether a template string has a tag before it (`$queryRaw<Row>`…``), which binds what is put in."""
    if match.function is None or not match.text.startswith("`"):
        return False
    before = match.function.text.partition(match.text)[0]
    return re.search(r"[\w>)\]]\s*$", before) is not None and not re.search(
        r"(?:=>|\b(?:return|await|case|yield|of|in))\s*$", before
    )


def _message(match: Match, value: str) -> str:
    return f"{where(match)} builds SQL with {value[:60]} in its text; bind it as a parameter"


def _line(match: Match) -> str:
    """The line of the function that the match begins on."""
    if match.function is None:
        return ""
    lines = match.function.text.splitlines()
    at = match.lines[0] - match.function.lines[0]
    return lines[at] if at < len(lines) else ""


def _parts(match: Match) -> Iterator[tuple[str, str]]:
    """What is put into the text: the SQL before it, and the expression."""
    text = match.text
    if match.language == "typescript" and text.startswith("`"):
        yield from (
            (text[: one.start()], one[1].strip()) for one in re.finditer(r"\$\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}", text)
        )
    elif (formatted := re.search(r"\.format\s*\(", text)) and not re.match(r"(?i)^f", text):
        before = re.split(r"\{\w*\}", text[: formatted.start()])
        yield from zip(before, call_arguments(text[formatted.start() :]), strict=False)
    elif percent := re.match(r"(?s).*[\"')]\s*%\s*(?![\"'])(.+)$", text):
        before = re.split(r"%[sdrif]|%\(\w+\)[sd]", text[: percent.start(1)])
        values = split_top(percent[1].strip().removeprefix("(").removesuffix(")"))
        yield from zip(before, values, strict=False)
    elif re.search(r"(?i)(?:^|[\s(])r?f[rb]?[\"']", text):
        yield from ((text[: one.start()], one[1].strip()) for one in re.finditer(r"(?<!\{)\{(?!\{)([^{}]+)\}", text))
    else:
        yield from _joined(text)


def _joined(text: str) -> Iterator[tuple[str, str]]:
    """The operands of `"…" + value + "…"` that are no literals."""
    for one in re.finditer(r"[\"'`]\s*\+\s*([^\"'`+]+?)\s*(?=\+|$|\))", text):
        yield text[: one.start()], one[1].strip()


def _is_harmless(value: str, match: Match) -> bool:
    """Whether it is a constant, a number, a quoted identifier, or a list of placeholders."""
    value = re.sub(r"!\w$|:\w*$", "", value).strip()
    if _CONSTANT.match(value) or _HARMLESS.search(value):
        return True
    name = re.match(r"^\w+$", value)
    if name is None:
        return False
    kind = parameter_type(value, match.function.parameters) if match.function else None
    if kind is not None and _NUMBER.match(kind):
        return True
    given = assigned(value, match.around)
    if given is None:
        return False
    plain = re.match(r"""\(?\s*r?["'`]""", given)
    written_out = plain and not re.search(r"""["']\s*(?:\+|%\s)|\.(?:format|join)\(|\$\{""", given)
    return bool(written_out or _CONSTANT.match(given) or _HARMLESS.search(given))


def _from_outside(value: str, match: Match) -> bool:
    """Whether it comes from a request: named as one, or a parameter of a route."""
    if _IN_REQUEST.search(value):
        return True
    function = match.function
    if function is None or not function.is_route:
        return False
    name = re.match(r"\w+", value)
    return name is not None and parameter_type(name[0], function.parameters) is not None
