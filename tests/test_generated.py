"""Whatever is generated is what the code says today."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generated import files


@pytest.mark.parametrize("path", sorted(files()), ids=lambda path: path.name)
def test_generated_file_is_fresh(path: Path) -> None:
    assert path.read_text("utf-8") == files()[path], "run: make regenerate"
