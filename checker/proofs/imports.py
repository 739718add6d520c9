"""The only place that says which imports of a tree's own modules lead nowhere: byte code is made of them all the same."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

_ROOTS = ("", "src/")
_COMPILED = (".so", ".pyd", ".pyx")
_MAKES_NAMES = ("__getattr__", "globals", "exec", "setattr", "vars")


def broken(contents: Mapping[str, bytes], paths: Iterable[str]) -> frozenset[str]:
    """`path imports what from where`, for every import of the tree's own packages that cannot succeed.

    `contents` is Python by path, `paths` every path of the tree. What stands in a `try`, below a condition or in a
    function may be meant to fail, and a module that makes its names as it runs may have any.
    """
    sources = {path: data for path, data in contents.items() if path.endswith(".py")}
    known = _Modules(sources, frozenset(paths))
    return frozenset(one for path, data in sources.items() for one in known.wrong(path, data))


class _Modules:
    def __init__(self, sources: Mapping[str, bytes], paths: frozenset[str]) -> None:
        self._sources = sources
        self._folders = {above for path in paths for above in _above(path)}
        self._compiled = frozenset(
            path.rpartition("/")[2].partition(".")[0] for path in paths if path.endswith(_COMPILED)
        )
        self._names: dict[str, frozenset[str] | None] = {}

    def wrong(self, path: str, data: bytes) -> Iterator[str]:
        try:
            tree = ast.parse(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        for node in tree.body:
            if isinstance(node, ast.Import):
                for one in node.names:
                    if self._missing(one.name):
                        yield f"{path} imports {one.name}, which is not there"
            elif isinstance(node, ast.ImportFrom):
                yield from self._from(path, node)

    def _from(self, path: str, node: ast.ImportFrom) -> Iterator[str]:
        module = self._absolute(path, node)
        if module is None or module.partition(".")[0] in self._compiled:
            return
        if self._missing(module):
            yield f"{path} imports from {module}, which is not there"
            return
        place = self._place(module)
        names = self._offered(place) if place else None
        if place is None or names is None:
            return
        for one in node.names:
            if one.name != "*" and one.name not in names and not self._below(place, one.name):
                yield f"{path} imports {one.name} from {module}, which has none"

    def _absolute(self, path: str, node: ast.ImportFrom) -> str | None:
        if not node.level:
            return node.module
        root = next((one for one in reversed(_ROOTS) if path.startswith(one)), "")
        parts = path.removeprefix(root).split("/")[:-1]
        parts = parts[: len(parts) - node.level + 1] if node.level > 1 else parts
        return ".".join([*parts, *([node.module] if node.module else [])]) or None

    def _missing(self, module: str) -> bool:
        """Of the tree's own regular packages alone: a name that leads nowhere below one of them."""
        first = module.partition(".")[0]
        own = any(f"{root}{first}/__init__.py" in self._sources for root in _ROOTS)
        return own and first not in self._compiled and self._place(module) is None and not self._is_folder(module)

    def _place(self, module: str) -> str | None:
        path = module.replace(".", "/")
        ways = (f"{root}{path}{end}" for root in _ROOTS for end in ("/__init__.py", ".py"))
        return next((one for one in ways if one in self._sources), None)

    def _is_folder(self, module: str) -> bool:
        return any(root + module.replace(".", "/") in self._folders for root in _ROOTS)

    def _below(self, place: str, name: str) -> bool:
        folder = place.removesuffix("__init__.py")
        if folder == place:
            return False
        return f"{folder}{name}.py" in self._sources or f"{folder}{name}" in self._folders or name in self._compiled

    def _offered(self, place: str) -> frozenset[str] | None:
        """The names at a module's top; None where they cannot be told."""
        if place not in self._names:
            self._names[place] = _names(self._sources[place])
        return self._names[place]


def _above(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _names(data: bytes) -> frozenset[str] | None:
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = {"__doc__", "__file__", "__name__", "__package__", "__path__", "__spec__", "__all__", "__version__"}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update((one.asname or one.name.partition(".")[0]) for one in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
    return None if "*" in found or found & set(_MAKES_NAMES) else frozenset(found)
