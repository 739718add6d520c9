"""The command line: which command lives where, loaded only when it is called."""

from __future__ import annotations

import atexit
import difflib
import gc
import io
import os
import signal
import sys
from importlib import import_module

import click

from checker import __version__
from checker.cli import plain

COMMANDS = {
    "approve": "checker.cli.gate",
    "audit": "checker.cli.audit",
    "doctor": "checker.cli.doctor",
    "explain": "checker.cli.rules",
    "outputs": "checker.cli.outputs",
    "fleet": "checker.cli.fleet",
    "gate": "checker.cli.gate",
    "init": "checker.cli.init",
    "key": "checker.cli.key",
    "mcp": "checker.cli.mcp",
    "prove": "checker.cli.prove",
    "report": "checker.cli.report",
    "rules": "checker.cli.rules",
    "standards": "checker.cli.rules",
    "verify": "checker.cli.gate",
}
HELP = {
    "approve": "Sign a person's approval of a gate.",
    "audit": "Audit a repository and the agent outputs in it.",
    "doctor": "Say what was detected, what is missing, and the line that would supply it.",
    "explain": "Print a rule's page.",
    "outputs": "Judge single outputs of agents, also outside a repository.",
    "fleet": "Audit many repositories, here or on a cluster.",
    "gate": "Say whether a step's proofs, approvals and audit are there.",
    "key": "Make a signing key, or show the public part of one.",
    "init": "Write configuration, pipeline and hooks after showing them; undo.",
    "mcp": "Serve the tools of a self-check to a coding agent.",
    "prove": "Run the policy's command for a proof type and record a proof.",
    "report": "Render a saved audit in another format, or compare two.",
    "rules": "List the rules.",
    "standards": "List the standards, or the coverage of their clauses.",
    "verify": "Verify proofs offline.",
}


class Lazy(click.Group):
    """A group that imports a command's module when the command is used, and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[name]), f"{name}_command")
        assert isinstance(command, click.Command)
        return plain.optional(command)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _nobody_reads()
            return None

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(f"no command {args[0]!r}.{hint}", context)
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, HELP[name]) for name in self.list_commands(context)])


@plain.optional
@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="checker")
def root() -> None:
    """Audit a backend repository, and what agents claim about it, against written standards."""


def main() -> None:
    """Run the command line; the only place that turns an exception into an exit code."""
    gc.disable()  # a command is short and its trees are large: the cyclic collector would only walk them
    atexit.register(gc.freeze)  # at the end as well
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # nobody's plugin runs inside a judge
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8", closefd=False)
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, _stopped)
    try:
        root.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as wrong:
        if type(wrong) is click.UsageError:
            click.echo(f"Error: {wrong.format_message()}", err=True)
        else:
            wrong.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort) as stopped:
        if isinstance(
            stopped.__cause__, EOFError
        ):  # click takes it for Ctrl-D at a prompt; here it is a file cut short
            sys.exit(_refused(stopped.__cause__))
        click.echo("interrupted", err=True)
        sys.exit(130)
    except Exception as broken:
        sys.exit(_refused(broken))


def _stopped(*_: object) -> None:
    """Whoever ends the command ends what it has started, too: folders, servers and children go as after Ctrl-C."""
    raise KeyboardInterrupt


def _nobody_reads() -> None:
    from checker.cli.output import drop_stdout

    drop_stdout()


def _refused(broken: Exception) -> int:
    """2 for a configuration that is refused, 3 for what cannot be looked at; 4 when the checker itself broke."""
    from checker.model.unavailable import Unavailable
    from checker.render.visible import clipped
    from checker.toml_source import ConfigurationError

    if isinstance(broken, (ConfigurationError, Unavailable)):
        click.echo(f"Error: {clipped(str(broken), 1000)}", err=True)
        return 2 if isinstance(broken, ConfigurationError) else 3
    import traceback

    if isinstance(broken, OSError):
        _nobody_reads()  # standard output may be what failed
    frame = traceback.extract_tb(broken.__traceback__)[-1]
    place = f"{frame.filename.rpartition('checker/')[2]}:{frame.lineno}"
    click.echo(f"The checker broke: {type(broken).__name__}: {clipped(str(broken), 300)} (checker/{place})", err=True)
    if "-vv" in sys.argv:
        click.echo(traceback.format_exc(), err=True)
    return 4
