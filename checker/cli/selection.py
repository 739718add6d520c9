"""The only place for the options by which a caller chooses what is asked: standards, families and rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from checker.cli import completion

_OPTIONS = (
    click.option(
        "--standard",
        "standards",
        multiple=True,
        metavar="NAME",
        help="Judge by this standard; repeatable.",
        shell_complete=completion.standards,
    ),
    click.option(
        "--only",
        multiple=True,
        metavar="FAMILY|RULE",
        help="Ask nothing else; repeatable.",
        shell_complete=completion.rules,
    ),
    click.option(
        "--skip",
        multiple=True,
        metavar="FAMILY|RULE",
        help="Do not ask this; repeatable.",
        shell_complete=completion.rules,
    ),
)


def chosen(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command with these options, in the order in which its help shows them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
