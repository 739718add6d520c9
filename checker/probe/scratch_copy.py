"""The only place that copies the audited files aside, so that what is run cannot write into the repository."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from checker.model.unavailable import Unavailable

MOST = 2 << 30  # bytes


@contextmanager
def scratch_copy(root: Path, paths: Iterable[str]) -> Iterator[Path]:
    """A folder with copies of these files, removed afterwards. Links are followed as the inventory has judged them."""
    left = MOST
    with tempfile.TemporaryDirectory(prefix="checker-copy-") as name:
        top = Path(name).resolve()
        made = {top}
        for path in paths:
            target = top / path
            if target.parent not in made:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.add(target.parent)
            try:
                left -= os.stat(root / path).st_size
                if left < 0:
                    raise Unavailable(f"the repository is larger than {MOST >> 30} GiB; audit a folder of it")
                shutil.copyfile(root / path, target)
            except OSError:
                continue
        yield top
