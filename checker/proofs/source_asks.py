"""The only place that says by what source could tell in what process it runs, and how it could hide what it says and does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

WORTH_READING = re.compile(
    rb"\bsys\b|\bos\b|\bgc\b|traceback|f_back|__file__|\bexec\b|\beval\b|\bcompile\b|marshal|runpy|chr\(|fromhex|\[::|compare\s*="
    rb"|eq\s*=|setattr|__[en][qe]__|pytest|TestReport|CallInfo|pluggy|expanduser|getcwd|\.home\(|\.cwd\(|PYTHON|\bjoin\(|int\("
)
_STARTED = frozenset(
    {
        "sys.flags.isolated",
        "sys.flags.ignore_environment",
        "sys.flags.no_user_site",
        "sys.flags.safe_path",
        "sys.flags.no_site",
    }
    | {
        "sys.flags.hash_randomization",
        "sys.flags.dont_write_bytecode",
        "sys.dont_write_bytecode",
        "sys.orig_argv",
        "sys.meta_path",
    }
    | {
        "sys.path_hooks",
        "sys.gettrace",
        "sys.getprofile",
        "sys._current_frames",
        "sys.monitoring",
        "gc.get_objects",
        "gc.get_referrers",
    }
)
_STACK = frozenset(
    {"traceback.extract_stack", "traceback.walk_stack", "traceback.format_stack", "inspect.getouterframes"}
)
_ALIASED = frozenset(
    {
        "_getframe",
        "_current_frames",
        "stack",
        "currentframe",
        "getouterframes",
        "extract_stack",
        "walk_stack",
        "modules",
    }
    | {"flags", "meta_path", "gettrace", "getprofile", "orig_argv", "get_objects", "get_referrers"}
)
_PLACE = re.compile(
    r"__file__|expanduser|getcwd\(|\.cwd\(|\.home\(|gettempdir|getppid|sys\.executable|['\"]PYTHON[A-Z]+['\"]"
)
_ENDING = re.compile(r"(?:^|_)(?:PY)?TESTS?(?:ING)?(?:_|$)", re.IGNORECASE)
_HIDDEN = re.compile(r"^(?:_?pytest|_?tests?_?|test_|__\w+__|unittest|conftest|PYTEST_\w+)$")
_RUNNER = ("TestReport", "CallInfo", "LogXML", "pluggy")
Trait = tuple[str, str]


def asks(tree: ast.Module) -> Iterator[Trait]:
    """(signal, what was seen) of one file; nothing is executed."""
    harmless = {id(one) for node in ast.walk(tree) for one in _harmless(node)}
    places = set(_places(tree))
    for node in ast.walk(tree):
        yield from _started(node, harmless)
        yield from _where(node, places)
        yield from _hidden(node)
        yield from _equality(node)


def _harmless(node: ast.AST) -> Iterator[ast.AST]:
    """`sys.modules[NAME]` and `"orjson" in sys.modules`: one module is asked for, and its name can be read."""
    if isinstance(node, ast.Subscript):
        yield node.value
    elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Constant):
        yield from node.comparators


def _started(node: ast.AST, harmless: set[int]) -> Iterator[Trait]:
    if isinstance(node, ast.Attribute):
        said = ast.unparse(node)
        if said in _STARTED or (said == "sys.modules" and id(node) not in harmless):
            yield "source-detects-tests", f"asks how its process was started: {said}"
        elif said in _STACK or node.attr == "f_back":
            yield "source-detects-tests", f"asks who calls it: {node.attr}"
        elif node.attr in _RUNNER:
            yield "source-detects-tests", f"names the runner's own {node.attr}"
    elif isinstance(node, ast.ImportFrom) and node.module in ("sys", "inspect", "traceback", "gc"):
        for one in node.names:
            if one.name in _ALIASED:
                yield "source-detects-tests", f"asks who calls it, or how it was started: {node.module}.{one.name}"
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("pytest_"):
        yield "source-detects-tests", f"has a hook of the runner: {node.name}"
    elif isinstance(node, ast.Constant) and node.value in _RUNNER:
        yield "source-detects-tests", f"names the runner's own {node.value}"


def _places(tree: ast.Module) -> Iterator[str]:
    """Names that hold where the process runs: compared with a text, they tell a scratch copy from anything else."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _PLACE.search(ast.unparse(node.value)):
            yield from (one.id for one in node.targets if isinstance(one, ast.Name))


def _where(node: ast.AST, places: set[str]) -> Iterator[Trait]:
    if isinstance(node, ast.Compare):
        asked: list[ast.expr] = [node.left, *node.comparators]
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("startswith", "endswith")
    ):
        asked = [node.func.value, *node.args]
    else:
        return
    texts = [folded(one) for one in asked]
    if any(one and _ENDING.search(one) for one in texts):
        yield "source-detects-tests", f"treats {next(one for one in texts if one and _ENDING.search(one))!r} apart"
    if not any(one is not None for one in texts):
        return
    said = ast.unparse(node)
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    if "__main__" not in said and (_PLACE.search(said) or names & places):
        yield "source-detects-tests", f"asks where it runs: {said[:60]}"


def _hidden(node: ast.AST) -> Iterator[Trait]:
    if isinstance(node, ast.Call):
        said = ast.unparse(node.func)
        if said in (
            "exec",
            "eval",
            "marshal.loads",
            "marshal.load",
            "runpy.run_path",
            "runpy.run_module",
            "types.FunctionType",
        ):
            yield "code-unreadable", f"runs what it reads or makes: {said}"
        elif (
            said == "int"
            and len(node.args) == 2
            and not (isinstance(node.args[1], ast.Constant) and node.args[1].value in (0, 2, 8, 10, 16))
        ):
            yield "source-looks-right", f"reads numbers that are written otherwise: {ast.unparse(node)[:60]}"
    if isinstance(node, (ast.BinOp, ast.Call, ast.Subscript)) and (text := folded(node)) and _HIDDEN.match(text):
        yield "source-detects-tests", f"puts the name {text!r} together"


def _equality(node: ast.AST) -> Iterator[Trait]:
    if isinstance(node, ast.ClassDef):
        for one in node.body:
            call = one.value if isinstance(one, ast.AnnAssign) else None
            if isinstance(one, ast.AnnAssign) and isinstance(call, ast.Call) and _left_out(call):
                yield "source-looks-right", f"leaves {node.name}.{ast.unparse(one.target)} out of what is equal"
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Attribute) and target.attr in ("__eq__", "__ne__"):
                yield "source-looks-right", f"sets {ast.unparse(target)} from outside"
    elif (
        isinstance(node, ast.Call) and ast.unparse(node.func) in ("setattr", "type.__setattr__") and len(node.args) == 3
    ):
        name = folded(node.args[1]) or ""
        if name in ("__eq__", "__ne__"):
            yield "source-looks-right", f"sets {name} of {ast.unparse(node.args[0])} from outside"


def _left_out(call: ast.Call) -> bool:
    return any(
        one.arg == "compare" and isinstance(one.value, ast.Constant) and one.value.value is False
        for one in call.keywords
    )


def folded(node: ast.AST) -> str | None:
    """The text that an expression of constants makes, however it is put together; None where it is none."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = folded(left), folded(right)
            return first + second if first is not None and second is not None else None
        case ast.Call(func=ast.Name(id="chr"), args=[ast.Constant(value=int(number))]) if 0 <= number < 0x110000:
            return chr(number)
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(glue)), attr="join"),
            args=[ast.List(elts=parts) | ast.Tuple(elts=parts)],
        ):
            told = [folded(one) for one in parts]
            return glue.join(one for one in told if one is not None) if None not in told else None
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Attribute(attr="fromhex"), args=[ast.Constant(value=str(text))]), attr="decode"
            )
        ):
            try:
                return bytes.fromhex(text).decode("utf-8", "replace")
            except ValueError:
                return None
        case ast.Subscript(
            value=inner,
            slice=ast.Slice(lower=None, upper=None, step=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1))),
        ):
            text_or_none = folded(inner)
            return text_or_none[::-1] if text_or_none is not None else None
        case _:
            return None
