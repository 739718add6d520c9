"""What a shell offers where an option takes a name of ours; loaded by options, working only when a shell asks."""

from __future__ import annotations

from collections.abc import Iterable

import click


def rules(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Rules and families that begin like this."""
    from checker import catalog
    from checker.model.rule import Family

    return _beginning(incomplete, (*(family.value for family in Family), *catalog.load().names))


def standards(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Standards that begin like this."""
    from checker import catalog

    return _beginning(incomplete, catalog.load().standards)


def gates(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Gates that begin like this."""
    from checker.proofs import gates as known

    return _beginning(incomplete, known.load().gates)


def proof_types(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Types of proofs that begin like this."""
    from checker.proofs import gates as known

    return _beginning(incomplete, known.load().types)


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
