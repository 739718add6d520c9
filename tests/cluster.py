"""A Dask cluster of two workers on loopback, for what is tried on one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def two_workers() -> Any:
    """The cluster; it ends with its `with` block."""
    import distributed

    return distributed.LocalCluster(  # type: ignore[no-untyped-call] # the package has no types of its own
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1", env={"PYTHONPATH": str(ROOT)}
    )
