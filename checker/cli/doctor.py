"""`checker doctor`: what was detected, what is missing, and the one line to run next."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from checker.doctor import examine
from checker.render.visible import visible


@click.command("doctor")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text")
def doctor_command(path: Path, fmt: str) -> None:
    """Say what is detected at PATH, what is missing, and the line that would supply it."""
    if not path.is_dir():
        raise click.UsageError(f"{path}: {'not a folder' if path.exists() else 'no such folder'}")
    found = examine(path, dict(os.environ))
    click.echo(
        json.dumps(found, indent=2, ensure_ascii=False) if fmt == "json" else "\n".join(map(visible, _lines(found)))
    )


def _lines(found: dict[str, Any]) -> list[str]:
    width = max(len(name) for name in found["detected"])
    lines = [
        "Detected",
        *(line for name, value in found["detected"].items() for line in _shown(name, value, width)),
        "",
    ]
    if found["missing"]:
        lines.append("Missing")
        for one in found["missing"]:
            lines += [f"  {one['what']}: {one['why']}", f"      {one['fix']}"]
        lines.append("")
    return [*lines, f"Next: {found['next']}"]


def _shown(name: str, value: object, width: int) -> list[str]:
    """What was found under its name, several things below each other."""
    listed = [str(one) for one in value] if isinstance(value, list) else [] if value is None else [str(value)]
    first, *more = listed or ["none"]
    return [f"  {name:<{width}}  {first}", *(f"  {'':<{width}}  {one}" for one in more)]
