"""The only place that says which Python tests exist, told from the source alone: what must have run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

_TEST_FILE = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test)\.py$")
_SKIPS = re.compile(r"\b(?:skip|skipif|skipIf|skipUnless|xfail|expectedFailure|SkipTest|skipTest|importorskip)\b")
_MARK = re.compile(r"\b(?:mark|unittest)\.(\w+)")
_WORDS_OF_TESTS = ("raises", "warns", "fail", "approx", "subTest", "param", "isinstance", "len", "mark", "parametrize")
_POLITE = ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2")
HOOK = re.compile(r"^pytest_\w+$")


@dataclass(frozen=True)
class Test:
    """One test function: assertions that can fail, whether anything may skip it, and its text without layout."""

    __test__ = False

    asserts: int
    skips: bool
    text: str
    claims: frozenset[str] = frozenset()  # what it calls that is no word of tests
    marks: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()  # fixtures


@dataclass(frozen=True)
class Module:
    """One file of tests or beside tests. `rest` is what is no test (fixtures, helpers), without layout."""

    tests: Mapping[str, Test]
    hooks: frozenset[str] = frozenset()
    tampers: frozenset[str] = frozenset()
    rest: str = ""
    broken: bool = False
    asks: frozenset[str] = frozenset()  # what any of its functions takes, fixtures of fixtures too


def is_test_file(path: str) -> bool:
    return _TEST_FILE.search(path) is not None


@lru_cache(maxsize=50_000)
def module(path: str, source: bytes) -> Module:
    """What one file holds. Tests are counted in files that pytest looks into alone; hooks and tampering everywhere."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Module({}, broken=True)
    skipped = _skips_as_a_whole(tree)
    found = dict(_tests(tree.body, path, skipped, _marks_within(tree))) if is_test_file(path) else {}
    hooks = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and HOOK.match(node.name)}
    rest = "\n".join(ast.unparse(node) for node in tree.body if not (is_test_file(path) and _holds_tests(node)))
    asks = frozenset(one.arg for one in ast.walk(tree) if isinstance(one, ast.arg))
    return Module(found, frozenset(hooks), frozenset(_tampers(tree, path)), rest, asks=asks)


def _holds_tests(node: ast.stmt) -> bool:
    return _is_test(node) or (isinstance(node, ast.ClassDef) and any(map(_is_test, node.body)))


def _is_test(node: ast.stmt) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test")


def _tests(
    body: list[ast.stmt], place: str, skipped: bool, marks: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Test]]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _is_test(node):
            yield f"{place}::{node.name}", _test(node, skipped, marks | _marks(node.decorator_list))
        elif isinstance(node, ast.ClassDef) and _is_collected(node):
            skips = skipped or any(_SKIPS.search(ast.unparse(one)) for one in node.decorator_list)
            own = marks | _marks(node.decorator_list) | _marks_within(node)
            yield from _tests(node.body, f"{place}::{node.name}", skips or _skips_as_a_whole(node), own)
        elif isinstance(node, (ast.If, ast.Try)):
            yield from _tests(node.body, place, True, marks)  # whether it exists is decided when it runs


def _is_collected(node: ast.ClassDef) -> bool:
    if any(isinstance(one, ast.Assign) and ast.unparse(one) == "__test__ = False" for one in node.body):
        return False
    unittest = any(ast.unparse(base).endswith("TestCase") for base in node.bases)
    makes = any(isinstance(one, ast.FunctionDef) and one.name in ("__init__", "__new__") for one in node.body)
    return unittest or (node.name.startswith("Test") and not makes)


def _marks(nodes: Iterable[ast.AST]) -> frozenset[str]:
    return frozenset(name for node in nodes for name in _MARK.findall(ast.unparse(node)))


def _marks_within(node: ast.Module | ast.ClassDef) -> frozenset[str]:
    return _marks(
        one for one in node.body if isinstance(one, ast.Assign) and "pytestmark" in ast.unparse(one.targets[0])
    )


def _test(node: ast.FunctionDef | ast.AsyncFunctionDef, skipped: bool, marks: frozenset[str]) -> Test:
    skips = any(_SKIPS.search(ast.unparse(one)) for one in node.decorator_list)
    calls = any(isinstance(one, ast.Call) and _SKIPS.search(ast.unparse(one.func)) for one in ast.walk(node))
    asserts, claims = sum(map(can_fail, ast.walk(node))), frozenset(_claims(node))
    takes = frozenset(one.arg for one in (*node.args.args, *node.args.kwonlyargs))
    return Test(asserts, skipped or skips or calls, ast.unparse(node), claims, marks, takes)


def _claims(node: ast.AST) -> Iterator[str]:
    """The functions that a test asks: another test that asks all of them, and asserts, can stand in its place."""
    for one in ast.walk(node):
        name = ast.unparse(one.func).rpartition(".")[2] if isinstance(one, ast.Call) else ""
        if name and not name.startswith("assert") and name not in _WORDS_OF_TESTS:
            yield name


def can_fail(node: ast.AST) -> bool:
    """An assertion on something that is computed; `pytest.raises` and unittest's assertions are calls."""
    if isinstance(node, ast.Assert):
        return any(isinstance(one, (ast.Name, ast.Call, ast.Attribute)) for one in ast.walk(node.test)) and not _same(
            node
        )
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        return name in ("raises", "warns", "fail") or name.startswith("assert")
    return False


def _same(node: ast.Assert) -> bool:
    """`assert x == x`, and `assert … or True`, can fail as little as `assert True`."""
    test = node.test
    if isinstance(test, ast.Compare) and len(test.comparators) == 1:
        return ast.dump(test.left) == ast.dump(test.comparators[0])
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return any(isinstance(one, ast.Constant) and bool(one.value) for one in test.values)
    return False


def _skips_as_a_whole(node: ast.Module | ast.ClassDef) -> bool:
    whole = (one for one in node.body if isinstance(one, (ast.Assign, ast.Expr)))
    return any(
        _SKIPS.search(ast.unparse(one))
        for one in whole
        if (isinstance(one, ast.Expr) and isinstance(one.value, ast.Call)) or "pytestmark" in ast.unparse(one)
    ) or any(isinstance(one, ast.Assign) and "importorskip" in ast.unparse(one) for one in node.body)


def _tampers(tree: ast.Module, path: str) -> Iterator[str]:
    name = path.rpartition("/")[2]
    if name in ("sitecustomize.py", "usercustomize.py", "pytest.py") or "_pytest/" in path:
        yield f"{path} takes the place of the runner"
    if name != "conftest.py" and not is_test_file(path):
        return
    asked = {id(one.func) for one in ast.walk(tree) if isinstance(one, ast.Call) and _asks_to_stop(one)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [getattr(node, "module", None) or "", *(one.name for one in node.names)]
            if any(one.partition(".")[0] == "_pytest" for one in names):
                yield f"{path} imports the runner's internals"
        elif (
            isinstance(node, ast.Attribute)
            and node.attr in ("_exit", "abort", "kill", "killpg")
            and id(node) not in asked
        ):
            yield f"{path} can end the process: {ast.unparse(node)}"


def _asks_to_stop(call: ast.Call) -> bool:
    """`os.kill(…, signal.SIGTERM)`, as the test of a graceful stop has it, and `process.kill()` of a child."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "kill":
        return False
    if not call.args:
        return ast.unparse(call.func.value) not in ("os", "self")
    return len(call.args) == 2 and ast.unparse(call.args[1]).rpartition(".")[2] in _POLITE
