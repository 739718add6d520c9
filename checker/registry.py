"""The one way in which a literal list of functions is loaded: each from its module, when somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any


class Registry(Mapping[str, Callable[..., Any]]):
    """Functions by name, each written as `module:function` below one package.

    A run that asks one family does not pay for the modules of the others: loading all of them costs more than a whole
    contract's audit.
    """

    def __init__(self, package: str, listed: dict[str, str]) -> None:
        self._package = package
        self._listed = listed
        self._loaded: dict[str, Callable[..., Any]] = {}

    def __getitem__(self, name: str) -> Callable[..., Any]:
        if name not in self._loaded:
            module, _, function = self._listed[name].partition(":")
            self._loaded[name] = getattr(import_module(f"{self._package}.{module}"), function)
        return self._loaded[name]

    def place(self, name: str) -> str:
        """Where a function stands: `module:function` below the package."""
        return self._listed[name]

    def __contains__(self, name: object) -> bool:
        return name in self._listed

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)
