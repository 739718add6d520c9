"""The only module that knows where `rules/` and `reports/` live once installed."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def tree(name: str) -> Traversable:
    """Return the named data tree: bundled in a wheel, or beside `checker/` in a checkout."""
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    bundled = files("checker") / "_data" / name
    if bundled.is_dir():
        return bundled
    raise FileNotFoundError(f"{name}/ is neither bundled nor beside the package")


def text(name: str, *parts: str) -> str:
    """Return one data file as text."""
    return tree(name).joinpath(*parts).read_text(encoding="utf-8")
