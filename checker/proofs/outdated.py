"""The only place that says which tests of the base no such source could pass: what they ask is gone, or asked otherwise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from checker.proofs.tests_there import Test

_FILLED = "0"  # in place of what a test computes in a path
_TEMPLATE = re.compile(r"\\\{[^/]*?\\\}|<[^/]*?>|:[A-Za-z_]\w*")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Signature:
    """What arguments a function takes; `known` is False where that cannot be told, so that every call may be right."""

    places: tuple[str, ...] = ()
    only_places: int = 0
    needed: int = 0
    names: frozenset[str] = frozenset()
    needed_names: frozenset[str] = frozenset()
    more_places: bool = False
    more_names: bool = False
    known: bool = True

    def takes(self, call: ast.Call) -> bool:
        """Whether a call fits, told without running it; one that unpacks something may."""
        if not self.known or any(isinstance(one, ast.Starred) for one in call.args):
            return True
        if any(one.arg is None for one in call.keywords):
            return True
        given, named = len(call.args), {one.arg or "" for one in call.keywords}
        if given > len(self.places) and not self.more_places:
            return False
        by_name = self.places[max(given, self.only_places) :]
        if not self.more_names and not named <= {*by_name, *self.names}:
            return False
        missing = set(self.places[given : self.needed]) | self.needed_names
        return not (set(self.places[:given]) & named) and missing <= named


def outdated(
    asked: Mapping[str, str], base: Mapping[str, bytes], head: Mapping[str, bytes]
) -> tuple[dict[str, str], frozenset[str]]:
    """Of some tests (their text by name) those that cannot hold any more, with why; and which of them ask what is gone.

    `base` and `head` are the whole source of each revision, by path.
    """
    before = _Source({path: data for path, data in base.items() if head.get(path) != data})
    now = _Source(head)
    why: dict[str, str] = {}
    gone = set()
    for name, text in asked.items():
        tree = _parsed(text.encode("utf-8", "surrogatepass"))
        lost = next(_lost(tree, before, now), None) if tree else None
        other = next(_otherwise(tree, before, now), None) if tree and not lost else None
        if lost or other:
            why[name] = lost or other or ""
        if lost:
            gone.add(name)
    return why, frozenset(gone)


def with_helpers(tests: Mapping[str, Test], judging: Mapping[str, bytes]) -> dict[str, str]:
    """The text of each test with that of the fixtures and helpers that it asks for, and those that they ask for."""
    helpers: dict[str, list[Function]] = {}
    for data in judging.values() if tests else ():
        tree = _parsed(data)
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("test"):
                helpers.setdefault(node.name, []).append(node)
    return {name: "\n".join((test.text, *_helping(test, helpers))) for name, test in tests.items()}


def _helping(test: Test, helpers: Mapping[str, Sequence[Function]]) -> Iterator[str]:
    waiting, seen = [*sorted(test.takes | test.claims)], set()
    while waiting:
        name = waiting.pop()
        for node in helpers.get(name, ()) if name not in seen else ():
            yield ast.unparse(node)
            waiting += [one.arg for one in node.args.args]
            waiting += [_last(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)]
        seen.add(name)


def _lost(test: ast.AST, before: _Source, now: _Source) -> Iterator[str]:
    for node in ast.walk(test):
        name = _last(node.func) if isinstance(node, ast.Call) else node.attr if isinstance(node, ast.Attribute) else ""
        if name and before.binds(name) and not now.binds(name):
            yield f"asks for {name}, which is gone"
        key = _key(node)
        if key and before.writes(key) and not now.writes(key):
            yield f"asks for {key!r}, which no source writes any more"
        path = _path(node)
        if path and (template := before.serves(path)) and not now.serves(path):
            yield f"asks for {template}, which no source names any more"


def _otherwise(test: ast.AST, before: _Source, now: _Source) -> Iterator[str]:
    for node in ast.walk(test):
        name = _last(node.func) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name and any(one.takes(node) for one in before.signatures(name)):
            signatures = now.signatures(name)
            if signatures and not any(one.takes(node) for one in signatures):
                yield f"calls {name} with other arguments than it takes"


def _last(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _key(node: ast.AST) -> str:
    """The key of an answer that a test looks at: `body["tax"]`, `"tax" in body`."""
    asked = node.slice if isinstance(node, ast.Subscript) else None
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        asked = node.left
    text = asked.value if isinstance(asked, ast.Constant) else None
    return text if isinstance(text, str) and re.fullmatch(r"[A-Za-z_][\w-]+", text) else ""


def _path(node: ast.AST) -> str:
    """The path of an address that a test writes down."""
    text = ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    elif isinstance(node, ast.JoinedStr):
        text = "".join(str(one.value) if isinstance(one, ast.Constant) else _FILLED for one in node.values)
    text = text.partition("?")[0].rstrip("/")
    return text if re.fullmatch(r"(?:/[\w.~%@+-]+)+", text) else ""


class _Source:
    """Some source, looked into for the names and addresses that are asked for alone."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._trees: dict[str, ast.Module | None] = {}
        self._templates: frozenset[str] | None = None
        self._made: dict[str, bool] = {}
        self._signed: dict[str, list[Signature]] = {}

    def binds(self, name: str) -> bool:
        """Whether anything of that name is made at the top of a module, in a class or on an object."""
        if name not in self._made:
            self._made[name] = any(name == one for tree in self._with(name) for one in _bound(tree))
        return self._made[name]

    def writes(self, key: str) -> bool:
        """Whether a key is written down: as text, or as a field or an argument of that name."""
        return any(
            (isinstance(node, ast.Constant) and node.value == key)
            or (isinstance(node, (ast.keyword, ast.arg)) and node.arg == key)
            or (isinstance(node, ast.Name) and node.id == key)
            or (isinstance(node, ast.Attribute) and node.attr == key)
            for tree in self._with(key)
            for node in ast.walk(tree)
        )

    def signatures(self, name: str) -> list[Signature]:
        if name not in self._signed:
            self._signed[name] = [one for tree in self._with(name) for one in _signatures(tree, name)]
        return self._signed[name]

    def serves(self, path: str) -> str:
        """The template of an address that ends a path; none where there is no such text."""
        if self._templates is None:
            texts = (one for tree in self._with("/") for one in _addresses(tree))
            self._templates = frozenset(texts)
        return next((one for one in sorted(self._templates, key=len, reverse=True) if _ends(path, one)), "")

    def _with(self, word: str) -> Iterator[ast.Module]:
        sought = word.encode("utf-8", "surrogatepass")
        for path, data in self._files.items():
            if sought in data:
                if path not in self._trees:
                    self._trees[path] = _parsed(data)
                tree = self._trees[path]
                if tree is not None:
                    yield tree


def _ends(path: str, template: str) -> bool:
    pattern = _TEMPLATE.sub("[^/]+", re.escape(template.rstrip("/")))
    return re.search(f"(?:^|(?<=[^/])){pattern}$", path) is not None


def _addresses(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if text.startswith("/") and len(text) > 1 and " " not in text and "\n" not in text:
                yield text


def _bound(tree: ast.Module) -> Iterator[str]:
    waiting: list[ast.AST] = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.name
                yield from _on_self(node)
            elif isinstance(node, ast.ClassDef):
                yield node.name
                waiting.append(node)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                yield from ((one.asname or one.name).partition(".")[0] for one in node.names)
            elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                yield from (one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))
            elif isinstance(node, (ast.If, ast.Try, ast.With)):
                waiting.append(node)


def _on_self(function: Function) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def _signatures(tree: ast.Module, name: str) -> Iterator[Signature]:
    methods = {id(one) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for one in node.body}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            yield _of_function(node, bound=id(node) in methods)
        elif isinstance(node, ast.ClassDef) and node.name == name:
            yield _of_class(node)


def _of_function(node: Function, *, bound: bool) -> Signature:
    """A decorator may change what a function takes, but for those that only say how it is reached."""
    told = {_last(one.func if isinstance(one, ast.Call) else one) for one in node.decorator_list}
    if told - {"staticmethod", "classmethod", "abstractmethod", "override", "cache", "lru_cache", "contextmanager"}:
        return Signature(known=False)
    every = node.args
    first = 1 if bound and "staticmethod" not in told else 0
    places = [*every.posonlyargs, *every.args][first:]
    given = every.kw_defaults
    return Signature(
        tuple(one.arg for one in places),
        max(0, len(every.posonlyargs) - first),
        max(0, len(places) - len(every.defaults)),
        frozenset(one.arg for one in every.kwonlyargs),
        frozenset(one.arg for one, value in zip(every.kwonlyargs, given, strict=True) if value is None),
        every.vararg is not None,
        every.kwarg is not None,
    )


def _of_class(node: ast.ClassDef) -> Signature:
    made = next((one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None)
    if made is not None:
        return _of_function(made, bound=True)
    told = {_last(one.func if isinstance(one, ast.Call) else one) for one in node.decorator_list}
    if told != {"dataclass"} or node.bases or any(isinstance(one, ast.Call) for one in node.decorator_list):
        return Signature(known=False)
    fields = [one for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
    names = tuple(one.target.id for one in fields if isinstance(one.target, ast.Name))
    return Signature(names, needed=sum(one.value is None for one in fields))


def _parsed(data: bytes) -> ast.Module | None:
    try:
        return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def in_javascript(asked: Mapping[str, Iterable[str]], base: Sequence[bytes], head: Sequence[bytes]) -> dict[str, str]:
    """The same by words alone: names that a test calls, that the base's source makes and that no source holds any more."""
    why = {}
    for name, words in asked.items():
        for word in words:
            made = re.compile(rb"(?:function\*?|class|const|let|var)\s+" + re.escape(word.encode()) + rb"\b")
            there = re.compile(rb"(?<![\w$])" + re.escape(word.encode()) + rb"(?![\w$])")
            if any(made.search(data) for data in base) and not any(there.search(data) for data in head):
                why[name] = f"asks for {word}, which is gone"
                break
    return why
