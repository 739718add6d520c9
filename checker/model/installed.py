"""Facts about what a project runs on: its pinned packages, and the environment that was built from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Needs:
    """A package that another one asks for: under a condition (PEP 508 marker), and with extras."""

    name: str
    marker: str = ""
    extras: tuple[str, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock. `address` is a URL where it comes from no index; `hashes` are `sha256:…`."""

    name: str
    version: str
    address: str = ""
    hashes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    needs: tuple[Needs, ...] = ()
    extras: Mapping[str, tuple[Needs, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Pins:
    """What to install. `lines` gives the lines of a requirements file for a version of Python such as `3.11.7`.

    `exact`: the lines name all that is needed, so that nothing is resolved. `requires` is a version specifier, `hinted`
    the version that the project itself runs on, where it says so. `files` are names of distributions in the lock.
    """

    source: str
    lines: Callable[[str], tuple[str, ...]]
    exact: bool
    requires: str = ""
    hinted: str = ""
    files: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the project's packages; `python` is its interpreter, `told` says what it was built from."""

    python: str
    told: str
