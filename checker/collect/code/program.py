"""The only place that follows a name from one module into another."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

Facts = Mapping[str, Any]
Key = tuple[str, str]  # the path of a module, and a name in it
_ENDINGS = (".ts", ".tsx", ".js", ".mjs", "/index.ts", "/index.js", "")
_MOST_STEPS = 8


class Program:
    """The structure of all modules, by path."""

    def __init__(self, modules: Mapping[str, Facts]) -> None:
        self.modules = modules
        self._by_last: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for path in modules:
            if path.endswith(".py"):
                dotted = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
                self._by_last[dotted.rpartition(".")[2]].append((dotted, path))
        self._known: dict[Key, Key | None] = {}
        self._starred: dict[Key, Key | None] = {}

    def resolve(self, path: str, name: str) -> Key | None:
        """Where a name is declared: its own module, or the one that it is imported from. None where that is not ours."""
        key = (path, name)
        if key not in self._known:
            self._known[key] = None  # a circle of imports ends here
            self._known[key] = self._resolved(path, name, _MOST_STEPS)
        return self._known[key]

    def imports(self, path: str, source: str, name: str) -> Iterator[str]:
        """The modules that an import of a name from a source means: the name's own, or the one that holds it."""
        if path.endswith(".py"):
            inner = self._python(path, f"{source}.{name}" if source and not source.endswith(".") else f"{source}{name}")
            yield from (one for one in (inner, self._python(path, source)) if one is not None)
        elif target := self._typescript(path, source):
            yield target

    def text(self, key: Key) -> tuple[str, str] | None:
        """The kind of a declared name (`function`, `class`, `value`) and what was kept of it."""
        found = self.modules[key[0]]["names"].get(key[1]) if key[0] in self.modules else None
        return (str(found[0]), str(found[1])) if found and found[0] != "import" else None

    def _resolved(self, path: str, name: str, steps: int) -> Key | None:
        module = self.modules.get(path)
        if module is None or steps == 0:
            return None
        if name in module["routers"]:
            return path, name
        first, _, rest = name.partition(".")
        found = module["names"].get(first)
        if found is None:
            return self._by_star(path, name, steps)
        if found[0] == "alias":
            return self._resolved(path, found[1], steps - 1)
        if found[0] != "import":
            return (path, first) if not rest else None
        return self._imported(path, found[1], found[2], rest, steps)

    def _by_star(self, path: str, name: str, steps: int) -> Key | None:
        """A name that some `from … import *` brought along; each module is asked for it once."""
        for key, found in self.modules[path]["names"].items():
            target = self._python(path, found[1]) if key.startswith("* ") else None
            if target is None:
                continue
            if (target, name) not in self._starred:
                self._starred[target, name] = None  # a circle of stars ends here
                self._starred[target, name] = self._resolved(target, name, steps - 1)
            if there := self._starred[target, name]:
                return there
        return None

    def _imported(self, path: str, source: str, name: str, rest: str, steps: int) -> Key | None:
        if path.endswith(".py"):
            inner = self._python(path, f"{source}.{name}" if source and not source.endswith(".") else f"{source}{name}")
            if inner is not None:
                return self._resolved(inner, rest, steps - 1) if rest else (inner, "")
            target = self._python(path, source)
            return self._resolved(target, f"{name}.{rest}".rstrip("."), steps - 1) if target else None
        target = self._typescript(path, source)
        if target is None:
            return None
        return self._resolved(target, rest if name == "*" else name, steps - 1)

    def _python(self, path: str, source: str) -> str | None:
        dotted = source.lstrip(".")
        dots = len(source) - len(dotted)
        if dots:
            folder = path.rpartition("/")[0]
            for _ in range(dots - 1):
                folder = folder.rpartition("/")[0]
            dotted = ".".join(part for part in (folder.replace("/", "."), dotted) if part)
        found = [
            (one == dotted, len(posixpath.commonprefix([file, path])), file)
            for one, file in self._by_last.get(dotted.rpartition(".")[2], ())
            if one == dotted or (not dots and one.endswith("." + dotted))
        ]
        return max(found)[2] if found else None

    def _typescript(self, path: str, source: str) -> str | None:
        if source.startswith("."):
            stem = posixpath.normpath(posixpath.join(posixpath.dirname(path), source))
            return next((stem + end for end in _ENDINGS if stem + end in self.modules), None) or self._renamed(stem)
        stem = source.removeprefix("@").removeprefix("~").lstrip("/")
        if "/" not in stem:
            return None
        wanted = tuple(f"/{stem}{end}" for end in _ENDINGS)
        return next((one for one in self.modules if f"/{one}".endswith(wanted)), None)

    def _renamed(self, stem: str) -> str | None:
        """`./a.js`, which means `./a.ts` before it is compiled."""
        stem = stem.removesuffix(".js")
        return next((stem + end for end in _ENDINGS if stem + end in self.modules), None)
