"""What came out of the running app and is secret, without the secret."""

from __future__ import annotations

from typing import Literal

from checker.model.base import Frozen


class Spill(Frozen):
    """Something secret that was seen where it must not be. `shown` is the place around it, without the secret itself."""

    what: str
    where: Literal["answer", "log"]
    operation: str = ""
    shown: str = ""
