"""`checker rules`, `checker explain`, `checker standards`: what is asked, by whom, and how much of it is decided."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from checker import catalog
from checker.cli import completion
from checker.model.rule import Standard
from checker.render import rule_page
from checker.render.visible import visible
from checker.toml_source import nearest

TEXT_OR_JSON = click.Choice(["text", "json"])


@click.group("rules", invoke_without_command=True)
@click.option("--format", "fmt", type=TEXT_OR_JSON, default="text")
@click.pass_context
def rules_command(context: click.Context, fmt: str) -> None:
    """List the rules with their family, severity, confidence and the clauses that ask for them."""
    if context.invoked_subcommand is not None:
        return
    known = catalog.load()
    rows = [
        rule_page.row(known, rule) for rule in sorted(known.rules.values(), key=lambda rule: (rule.family, rule.id))
    ]
    if fmt == "json":
        click.echo(json.dumps({"rules": rows}, indent=2, ensure_ascii=False))
        return
    for row in rows:
        head = f"{row['category']:<11} {row['rule']:<28} {row['severity']:<9} {row['confidence']:<7}"
        click.echo(f"{head} {row['title']}")
    click.echo(f"{len(rows)} rules. A rule's page: checker explain RULE")


@rules_command.command("test")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--format", "fmt", type=TEXT_OR_JSON, default="text")
def rules_test_command(folder: Path, fmt: str) -> None:
    """Try the custom rules in FOLDER (*.toml) on their fixtures: fixtures/RULE/{pass,fail,near}-WHAT/{expect.toml,repo/}."""
    if not folder.is_dir():
        raise click.UsageError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}")
    from checker.trial import tried  # the whole audit, which listing rules does not need

    trial = tried(folder)
    if fmt == "json":
        rows = [
            {"rule": one.rule, "case": one.name, "ok": not one.problem, "problem": one.problem} for one in trial.cases
        ]
        click.echo(json.dumps({"rules": list(trial.rules), "cases": rows}, indent=2, ensure_ascii=False))
    else:
        for one in trial.cases:
            click.echo(
                visible(
                    f"{'WRONG' if one.problem else 'ok':<5} {one.rule}/{one.name}{': ' if one.problem else ''}{one.problem}"
                )
            )
        wrong = sum(bool(one.problem) for one in trial.cases)
        click.echo(f"{len(trial.rules)} rules, {len(trial.cases)} cases, {wrong} wrong")
    sys.exit(0 if trial.ok else 1)


@click.command("explain")
@click.argument("name", metavar="RULE", shell_complete=completion.rules)
@click.option("--format", "fmt", type=TEXT_OR_JSON, default="text")
def explain_command(name: str, fmt: str) -> None:
    """Print the page of RULE: what it does, why it matters, pass, fail, how to mend, who asks for it."""
    known = catalog.load()
    if known.rule(name) is None:
        from checker.workplace import catalog_at  # custom rules of where the command is run

        known = catalog_at(Path.cwd())
    rule = known.rule(name)
    if rule is None:
        raise click.UsageError(f"no rule {name!r}{nearest(name, known.names)}")
    if fmt == "json":
        page = rule.page.model_dump(by_alias=True)
        click.echo(json.dumps({**rule_page.row(known, rule), "page": page}, indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(rule_page.page(known, rule)))


@click.command("standards")
@click.argument("name", required=False)
@click.option("--format", "fmt", type=TEXT_OR_JSON, default="text")
def standards_command(name: str | None, fmt: str) -> None:
    """List how much of each standard is automated, left to a person, or planned; with NAME, every clause of it."""
    known = catalog.load()
    if name is not None and name not in known.standards:
        raise click.UsageError(f"no standard {name!r}{nearest(name, known.standards)}")
    chosen = [standard for key, standard in sorted(known.standards.items()) if name in (None, key)]
    if fmt == "json":
        body = {"standards": [_standard(standard) for standard in chosen]}
        click.echo(json.dumps(body, indent=2, ensure_ascii=False))
    elif name is None:
        click.echo("\n".join(_coverage(chosen)))
    else:
        click.echo("\n".join(_clauses(chosen[0])))


def _standard(standard: Standard) -> dict[str, Any]:
    return {
        "name": standard.name,
        "title": standard.title,
        "source": standard.source,
        "sha256": standard.sha256,
        "clauses": [
            {
                "id": clause.id,
                "level": clause.level,
                "quote": clause.quote,
                "asks": clause.asks,
                "state": clause.state,
                "rules": [use.use for use in clause.rules],
                "planned": [family.value for family in clause.planned],
                "question": clause.question,
                "from": list(clause.from_),
            }
            for clause in standard.clauses
        ],
    }


def _coverage(standards: list[Standard]) -> list[str]:
    lines = [f"{'standard':<20} {'clauses':>7} {'automated':>9} {'of them in part':>15} {'manual':>6} {'planned':>7}"]
    for standard in standards:
        states = [clause.state for clause in standard.clauses]
        part = sum(1 for clause in standard.clauses if clause.rules and clause.planned)
        counts = [states.count(state) for state in ("automated", "manual", "planned")]
        lines.append(f"{standard.name:<20} {len(states):>7} {counts[0]:>9} {part:>15} {counts[1]:>6} {counts[2]:>7}")
    return [*lines, "", "A standard's clauses: checker standards NAME"]


def _clauses(standard: Standard) -> list[str]:
    lines = [f"{standard.name}: {standard.title} ({standard.source})"]
    for clause in standard.clauses:
        decided = ", ".join(use.use for use in clause.rules)
        planned = f"planned: {', '.join(clause.planned)}" if clause.planned else ""
        state = "; ".join(part for part in (decided, planned, clause.question) if part)
        lines.append(f"{clause.id:>5} {clause.level:<6} {clause.state:<9} “{clause.quote}”  [{state}]")
    return lines
