"""What holds for every test: nothing of it stays behind, in the tree or elsewhere."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

_SCRATCH = tempfile.TemporaryDirectory(prefix="checker-hypothesis-")
set_hypothesis_home_dir(Path(_SCRATCH.name))


@pytest.fixture(scope="session", autouse=True)
def _leave_nothing() -> Iterator[None]:
    yield
    _SCRATCH.cleanup()
