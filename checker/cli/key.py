"""`checker key new` and `checker key show`: a signing key made where no commit can take it, and its public part."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click

from checker.proofs import keys


@click.group("key")
def key_command() -> None:
    """Make a signing key, or show the public part of one."""


@key_command.command("new")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text")
def new(file: Path, fmt: str) -> None:
    """Write a new ed25519 key to FILE (mode 0600, never inside a repository), and print its public part."""
    _show(_or_refused(lambda: keys.create(file)), fmt)


@key_command.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text")
def show(file: Path, fmt: str) -> None:
    """Print the public part of the key in FILE."""
    _show(_or_refused(lambda: keys.public_part(str(file))), fmt)


def _or_refused(make: Callable[[], str]) -> str:
    try:
        return make()
    except keys.KeyRefused as refused:
        raise click.UsageError(refused.reason) from None


def _show(public: str, fmt: str) -> None:
    keyid = keys.read_public(public).keyid
    click.echo(json.dumps({"public": public, "keyid": keyid}, indent=2) if fmt == "json" else public)
