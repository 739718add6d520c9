"""A rule as a person or a program reads it: its row in the list, and its page with who asks for it."""

from __future__ import annotations

from typing import Any

from checker.catalog import Catalog
from checker.model.rule import Rule
from checker.render import precision


def row(known: Catalog, rule: Rule) -> dict[str, Any]:
    """What a list says of a rule, as `checker rules --format json` does."""
    return {
        "rule": rule.id,
        "title": rule.title,
        "category": rule.family.value,
        "severity": rule.severity.value,
        "confidence": rule.confidence.value,
        "profiles": list(rule.profiles),
        "waivable": rule.waivable,
        "aliases": list(rule.aliases),
        "params": dict(rule.params),
        "clauses": [clause for clause, _, _ in asking(known, rule)],
    }


def asking(known: Catalog, rule: Rule) -> list[tuple[str, str, str]]:
    """(clause, standard, quote) for each clause of a document that uses the rule."""
    return [
        (clause.id, name, clause.quote)
        for name, standard in sorted(known.standards.items())
        for clause in standard.clauses
        if not clause.from_ and any(use.use == rule.id for use in clause.rules)
    ]


def page(known: Catalog, rule: Rule) -> list[str]:
    """The page as lines: what it does, why it matters, passes, fails, how to mend, false positives, who asks."""
    told = rule.page
    sections = [
        ("What it does", told.what),
        ("Why it matters", told.why),
        ("Passes", told.passes),
        ("Fails", told.fails),
        ("How to mend", told.mend),
        ("False positives known", told.false_positives),
    ]
    lines = [rule.id, rule.title, f"{rule.family}, {rule.severity}, confidence {rule.confidence}"]
    for title, text in sections:
        lines += ["", title, *(f"  {line}".rstrip() for line in text.strip("\n").splitlines())]
    lines += [f"  {precision.sentence(rule.id)}"]
    lines += ["", "Parameters", *(f"  {key} = {value!r}" for key, value in rule.params.items())] if rule.params else []
    asked = [f"  {clause} {standard}: “{quote}”" for clause, standard, quote in asking(known, rule)]
    lines += ["", "Asked by", *(asked or ["  every standard: it guards the judgement itself"])]
    return lines
