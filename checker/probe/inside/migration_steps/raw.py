"""The only place that holds database drivers which connect in C, where no audit hook of Python sees them."""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import sys
from typing import Any, Callable, Dict, Optional, Tuple

Check = Callable[[str, Any, Any], None]  # driver, words, named: raises where the connection is not ours
DOORS: Dict[str, Tuple[str, ...]] = {
    "psycopg": ("connect", "Connection.connect", "AsyncConnection.connect"),
    "psycopg2": ("connect",),
    "MySQLdb": ("connect", "Connect", "Connection"),
    "mariadb": ("connect",),
    "oracledb": ("connect",),
    "pyodbc": ("connect",),
    "pymssql": ("connect",),
}


def hold(check: Check) -> None:
    """Every driver above asks `check` before it connects, those already imported and those that come."""
    for name in DOORS:
        if name in sys.modules:
            _close(sys.modules[name], name, check)
    sys.meta_path.insert(0, _Finder(check))


def _close(module: Any, name: str, check: Check) -> None:
    for path in DOORS[name]:
        *above, last = path.split(".")
        holder = functools.reduce(lambda one, part: getattr(one, part, None), above, module)
        own = getattr(holder, last, None)
        if own is not None and not getattr(own, "_checker_asks", False):
            setattr(holder, last, _asking(own, name, check))


def _asking(own: Any, name: str, check: Check) -> Any:
    @functools.wraps(own)
    def connect(*words: Any, **named: Any) -> Any:
        check(name, words, named)
        return own(*words, **named)

    connect._checker_asks = True  # type: ignore[attr-defined] # a mark of ours, by which it is not wrapped twice
    return connect


class _Finder(importlib.abc.MetaPathFinder):
    """Finds what the other finders find, and closes a driver's doors once it is loaded."""

    def __init__(self, check: Check) -> None:
        self._check = check

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Optional[importlib.machinery.ModuleSpec]:
        if fullname not in DOORS:
            return None
        others = (
            one.find_spec(fullname, path, target)
            for one in sys.meta_path
            if one is not self and hasattr(one, "find_spec")
        )
        spec = next((one for one in others if one is not None), None)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            own = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                own(module)
                _close(module, fullname, self._check)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign] # of this one module's own loader
        return spec
