"""The only place that tries the patterns of custom rules on the tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from checker.collect.custom_syntax import in_syntax
from checker.collect.files import Root, Unreadable
from checker.model.custom import CustomMatch, CustomMatches, CustomRule, CustomRules
from checker.model.repo import File, Inventory
from checker.model.settings import Policy
from checker.model.unavailable import Unavailable

LARGEST = 2 << 20  # bytes of one file
LONGEST_LINE = 2000  # characters of one line that are looked at
MOST = 200  # matches of one rule in one file


def custom_matches(root: Root, inventory: Inventory, custom: CustomRules, policy: Policy) -> CustomMatches:
    """What every custom rule's pattern says of the files that it names; each file is read once."""
    custom = _settled(custom, policy)
    wanted: dict[str, list[CustomRule]] = {}
    seen: dict[str, list[CustomMatch]] = {name: [] for name in custom.rules}
    for name, rule in custom.rules.items():
        if rule.check.ast_grep:
            continue
        files = [
            one for one in inventory.matching(*rule.check.files, roles=frozenset(rule.check.roles)) if not one.symlink
        ]
        if rule.check.present:
            seen[name] += [CustomMatch(one.path, ok=True) for one in files] or [CustomMatch(".", ok=False)]
            continue
        for one in files:
            wanted.setdefault(one.path, []).append(rule)
    unread = []
    for file in inventory.files:
        if file.path in wanted:
            try:
                text = _text(root, file)
            except (Unreadable, Unavailable) as wrong:
                unread.append(str(wrong))
                continue
            for rule in wanted[file.path]:
                seen[rule.id].extend(_tried(rule, file.path, text))
    missing: dict[str, str] = {}
    try:
        for name, matches in in_syntax(root, inventory, custom, unread).items():
            seen[name].extend(matches)
    except Unavailable as refused:
        missing = dict.fromkeys(custom.syntax, refused.reason)
    return CustomMatches({name: tuple(found) for name, found in seen.items()}, tuple(unread), missing)


def _settled(custom: CustomRules, policy: Policy) -> CustomRules:
    """The rules with the values of the policy in their patterns."""
    rules = {
        name: rule.model_copy(update={"check": rule.settled(policy.params.get(name, {}))}) if rule.params else rule
        for name, rule in custom.rules.items()
    }
    return replace(custom, rules=rules)


def _text(root: Root, file: File) -> str:
    return root.text(file.path, LARGEST).text


def _tried(rule: CustomRule, path: str, text: str) -> Iterator[CustomMatch]:
    lines = text.split("\n")
    if rule.check.require:
        wanted = re.compile(rule.check.require)
        yield CustomMatch(path, any(wanted.search(line[:LONGEST_LINE]) for line in lines))
        return
    bad, fine = re.compile(rule.check.forbid), re.compile(rule.check.unless or r"(?!)")
    found = [
        CustomMatch(path, False, number, line.strip()[:120])
        for number, line in enumerate(lines, 1)
        if bad.search(line[:LONGEST_LINE]) and not fine.search(line[:LONGEST_LINE])
    ]
    yield from found[:MOST] or [CustomMatch(path, ok=True)]
