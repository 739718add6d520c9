"""The only place where tests lay out small backends to audit."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.scratch_git import Repo

BAD = """openapi: 3.1.0
info: {title: Orders, version: "1"}
paths:
  /v1/orders:
    get:
      responses:
        "200": {description: All, content: {application/json: {schema: {type: array, items: {type: object}}}}}
"""
ONLY = ("--standard", "backend-coder", "--only", "pagination")


def folder(at: Path) -> Path:
    """A folder with one contract, whose one list has no pages."""
    at.mkdir()
    (at / "openapi.yaml").write_text(BAD)
    return at


def anchored(at: Path) -> Repo:
    """The same as a git repository with a base commit, a remote's HEAD that names it, and a branch for the change."""
    repo = Repo(at)
    repo.write("openapi.yaml", BAD)
    repo.commit("base")
    repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    repo.git("switch", "-q", "-c", "change")
    return repo


def results(report: Any) -> dict[str, str]:
    """Each rule's outcome."""
    return {one["rule"]: one["outcome"] for one in report["results"]}


def waiver(**words: str) -> str:
    """A waiver of `pagination` everywhere."""
    values = {"rule": "pagination", "reason": "r", "owner": "a", "approved_by": "b", "expires": "2027-01-31", **words}
    return '[[waivers]]\npaths = ["**"]\n' + "".join(f'{key} = "{value}"\n' for key, value in values.items())


@cache
def _reads_everything() -> bool:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).chmod(0)
        try:
            Path(file.name).read_bytes()
        except PermissionError:
            return False
    return True


held_back = pytest.mark.skipif(
    _reads_everything(), reason="permissions hold nobody back here, as they do not hold root"
)
