"""The only place that knows whether the caller wants plain lines, said before or after any command, or by a variable."""

from __future__ import annotations

import os

import click

VARIABLE = "CHECKER_ACCESSIBLE"
_ASKED = "checker.accessible"


def lines() -> bool:
    """Whether nothing may be coloured, and no line rewritten in place."""
    context = click.get_current_context(silent=True)
    asked = context is not None and context.find_root().meta.get(_ASKED, False)
    return bool(asked or os.environ.get(VARIABLE))


def colour(*, terminal: bool) -> bool:
    """Whether words may be coloured. https://no-color.org: NO_COLOR counts where it is present and not an empty string."""
    return terminal and not lines() and not os.environ.get("NO_COLOR")


def optional(command: click.Command) -> click.Command:
    """The command, and where it is a group each of its own, with `--accessible` beside its other options."""
    if not any(one.name == "accessible" for one in command.params):
        command.params.append(_option())
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        optional(inner)
    return command


def _option() -> click.Option:
    return click.Option(
        ["--accessible"],
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help=f"Plain lines: no colour, nothing rewritten in place. {VARIABLE}=1 says it for good.",
    )


def _remember(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        context.find_root().meta[_ASKED] = True
