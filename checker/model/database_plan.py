"""Facts about the database that a rehearsed app gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from checker.model.base import Frozen


class DatabasePlan(Frozen):
    """Which throw-away database the app gets, and how its project writes the address of one.

    `socket` is the folder of the socket of a PostgreSQL that was started for this run. `schemes` are those of URLs that
    the project shows, likeliest first; `names` the settings that are about a database; `shown` the URL of some of them.
    """

    engine: Literal["sqlite", "postgresql"] = "sqlite"
    why: str = ""
    socket: str = ""
    version: str = ""
    schemes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    shown: Mapping[str, str] = {}
    extensions: tuple[str, ...] = ()
