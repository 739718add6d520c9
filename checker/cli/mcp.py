"""`checker mcp`: parse, serve."""

from __future__ import annotations

import click

from checker.model.rule import PROFILES, Profile


@click.command("mcp")
@click.option("--http", "port", type=click.IntRange(1, 65535), metavar="PORT", help="Streamable HTTP on 127.0.0.1.")
@click.option(
    "--profile",
    "most",
    type=click.Choice(PROFILES),
    default=PROFILES[-1],
    show_default=True,
    help="The widest profile that a tool may be asked for; static executes nothing.",
)
def mcp_command(port: int | None, most: Profile) -> None:
    """Serve the tools of a self-check to a coding agent, on standard input and output."""
    try:
        from checker.mcp.server import serve
    except ModuleNotFoundError as missing:
        if missing.name not in ("mcp", "mcp_types", "anyio"):
            raise
        raise click.UsageError(
            "the MCP server needs the SDK, which is the extra `mcp`: pip install 'mcp>=2,<3'"
        ) from None
    serve(most, port)
