"""The only place that sees which questions a revision asks of its surroundings before it decides what to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_READERS = frozenset({"environ", "getenv", "get_x_argument", "argv", "gethostname", "getfqdn", "getuser", "getcwd"})
_OF_THE_MACHINE = frozenset({"sys.modules", "inspect.stack", "sys._getframe", "platform.node", "os.uname", "__file__"})
_CLOCK = re.compile(r"\b(?:date|datetime|dt)\.(?:today|now|utcnow)\(|\btime\.(?:time|localtime|gmtime)\(")
_URLS = re.compile(r"\burl\.(?:database|host|port|username|render_as_string)\b|\bengine\.url\b")
_SURROUNDINGS = re.compile(
    r"(?i)\bcurrent_setting\s*\(\s*'(?!server_version)|\bcurrent_(?:database|catalog)\b|\binet_(?:server|client)_addr\b"
    r"|\bpg_is_in_recovery\b|\b(?:current|session)_user\b|\bpg_stat_activity\b|^\s*show\s+\w+|\bpg_settings\b|@@(?:hostname|report_host|datadir)"
)
_QUOTED = re.compile(r"(?i)(?<!current_setting\()(?<!current_setting\( )'(?:[^']|'')*'")
_BRANCHES = re.compile(r"(?i)\b(?:if\b(?!\s+(?:not\s+)?exists\b)|case\s+when\b|while\b)[^;]*")
_FOR_LATER = re.compile(
    r"(?i)^\s*comment\s+on\b|\bcreate\s+(?:or\s+replace\s+)?(?:\w+\s+)?(?:function|procedure|trigger|policy|rule|view)\b"
)
_SETTINGS = frozenset({"settings", "config", "get_settings", "get_config"})


def conditions(module: ast.Module) -> tuple[tuple[str, int], ...]:
    """Text and line of each condition that reads the environment, `-x` arguments or the application's settings.

    So does one that reads the machine, the address of the database, or the server's own settings, in Python or in SQL. A
    value read before and asked about by its name counts; asking which engine or whether SQL is only printed does not.
    """
    names = _imported_settings(module) | _READERS | frozenset(_renamed(module))
    told = {target for target, value in _assignments(module) if _reads(value, names)}
    asked = [
        (f"if {ast.unparse(test)[:160]}", test.lineno)
        for test in _tests(module)
        if _reads(test, names) or _named(test, told) or _CLOCK.search(ast.unparse(test))
    ]
    return (*asked, *_in_sql(module))


def in_sql(text: str) -> str:
    """The first branch of a text of SQL that asks where it runs; the server's version, and what only functions ask, is not it."""
    if _FOR_LATER.search(text):
        return ""
    for one in _BRANCHES.finditer(_QUOTED.sub(lambda found: "'" + "_" * (len(found[0]) - 2) + "'", text)):
        if _SURROUNDINGS.search(one[0]):
            return " ".join(text[one.start() : one.end()].split())[:160]
    return ""


def _in_sql(module: ast.Module) -> Iterator[tuple[str, int]]:
    alone = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            found = in_sql(node.value)
            if found:
                yield found, node.lineno


def _tests(module: ast.Module) -> Iterator[ast.expr]:
    """What decides: conditions, `a and b()`, a choice by key, what is tried before something else is done."""
    for node in ast.walk(module):
        if isinstance(node, (ast.If, ast.IfExp, ast.While, ast.Assert)):
            yield node.test
        elif isinstance(node, ast.Match):
            yield node.subject
        elif isinstance(node, ast.comprehension):
            yield from node.ifs
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.BoolOp):
            yield node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Subscript):
            yield node.func
        elif isinstance(node, ast.Try) and any(_does(one) for handler in node.handlers for one in handler.body):
            yield from (one.value for one in node.body if isinstance(one, (ast.Expr, ast.Assign)))


def _does(node: ast.stmt) -> bool:
    """Whether a handler does something to the database, and does not only say what was missing."""
    return any(isinstance(one, ast.Attribute) and ast.unparse(one.value) == "op" for one in ast.walk(node))


def _renamed(module: ast.Module) -> Iterator[str]:
    """Other names under which the module has imported what reads its surroundings."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            yield from (one.asname for one in node.names if one.asname and one.name in _READERS)


def _assignments(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value


def _imported_settings(module: ast.Module) -> frozenset[str]:
    """Names under which the application's settings were imported; Alembic's own configuration is another thing."""
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] != "alembic":
            found |= {one.asname or one.name for one in node.names if one.name.lower() in _SETTINGS}
    return frozenset(found)


def _reads(node: ast.expr, names: frozenset[str]) -> bool:
    """Whether the value comes from a reader; a name counts where it is the function or the object itself."""
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and one.attr in _READERS:
            return True
        if isinstance(one, ast.Name) and one.id in names:
            return True
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and _SURROUNDINGS.search(one.value):
            return True
    text = ast.unparse(node)
    return bool(_URLS.search(text)) or any(word in text for word in _OF_THE_MACHINE)


def _named(node: ast.expr, told: set[str]) -> bool:
    return any(isinstance(one, ast.Name) and one.id in told for one in ast.walk(node))
