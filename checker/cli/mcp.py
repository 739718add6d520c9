"""`checker mcp`: parse, serve."""

from __future__ import annotations

from pathlib import Path

import click

from checker.model.rule import PROFILES, Profile


@click.command("mcp")
@click.option("--http", "port", type=click.IntRange(1, 65535), metavar="PORT", help="Streamable HTTP on 127.0.0.1.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="With --http: the bearer token that clients send, made where FILE is not there.  [default: a new one, printed]",
)
@click.option(
    "--profile",
    "most",
    type=click.Choice(PROFILES),
    default=PROFILES[-1],
    show_default=True,
    help="The widest profile that a tool may be asked for; static executes nothing.",
)
def mcp_command(port: int | None, token_file: Path | None, most: Profile) -> None:
    """Serve the tools of a self-check to a coding agent, on standard input and output."""
    if token_file is not None and port is None:
        raise click.UsageError("--token-file is for --http PORT: on standard input and output nobody else can speak")
    try:
        from checker.mcp.server import serve
    except ModuleNotFoundError as missing:
        if missing.name not in ("mcp", "mcp_types", "anyio"):
            raise
        raise click.UsageError(
            "the MCP server needs the SDK, which is the extra `mcp`: pip install 'mcp>=2,<3'"
        ) from None
    serve(most, port, token_file)
