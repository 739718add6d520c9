"""The only reader of the user's configuration: policy from the base revision, description from the head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from checker import toml_source
from checker.catalog import Binding, Catalog
from checker.model.observation import Place
from checker.model.settings import LONGEST_WAIVER_DAYS, Configuration, Description, DescriptionChange, Policy, Waiver
from checker.model.unavailable import NotApplicable
from checker.toml_source import ConfigurationError, TomlSource, nearest

OWN_FILE, SHARED_FILE = "checker.toml", "pyproject.toml"
Read = Callable[[str], str | None]  # a file's text by path relative to the audited root, None where there is none


@dataclass(frozen=True)
class Settings:
    """What this run obeys. `proposed` is the head's policy where the base's rules instead."""

    policy: Policy
    description: Description
    policy_source: TomlSource
    description_source: TomlSource
    proposed: Policy | None
    base_description: Description | None  # None where no base revision is known
    notes: tuple[str, ...]

    def description_change(self) -> DescriptionChange | NotApplicable:
        """The head's description beside the base's, for the rule that guards it."""
        if self.base_description is None:
            return NotApplicable("no base revision, so nothing says what the description was")
        lines = {name: self.description_source.line([name]) for name in Description.model_fields}
        places = {
            name: Place(self.description_source.path, (line, line) if line else None) for name, line in lines.items()
        }
        return DescriptionChange(self.base_description, self.description, places)

    def binding(self, standards: tuple[str, ...]) -> Binding:
        """What the catalogue needs to settle parameters."""
        return Binding(standards, self.policy.params, self.policy.resolve, self.policy_source)


def load(head: Read, base: Read | None, catalog: Catalog, today: date) -> Settings:
    """Read both revisions. ConfigurationError where the file that is obeyed is wrong.

    Without a base the head's policy is obeyed, with a note; a base without configuration means defaults.
    """
    head_file, head_source = _read(head)
    if base is None:
        policy, source, proposed, described = head_file.policy, head_source, None, None
        notes = ["not anchored: no base revision, so the policy is the working tree's own"]
    else:
        base_file, source = _read(base)
        policy, described = base_file.policy, base_file.description
        proposed = head_file.policy if head_file.policy != policy else None
        notes = ["the working tree proposes another policy; it counts once it is in the base"] if proposed else []
    if not head_source.text and not source.text:
        notes.append("no configuration: standard common, everything found by itself")
    _refuse_bad_waivers(policy, source, catalog, today)
    return Settings(policy, head_file.description, source, head_source, proposed, described, tuple(notes))


def proposed_waivers(settings: Settings) -> Iterator[Waiver]:
    """Waivers of the head that the base does not know yet: listed, not obeyed."""
    known = settings.policy.waivers
    yield from (waiver for waiver in (settings.proposed.waivers if settings.proposed else ()) if waiver not in known)


def _read(read: Read) -> tuple[Configuration, TomlSource]:
    own, shared = read(OWN_FILE), read(SHARED_FILE)
    in_shared = toml_source.parse(SHARED_FILE, shared, ("tool", "checker")) if shared and "tool" in shared else None
    if own is None:
        source = in_shared if in_shared and in_shared.values else TomlSource(OWN_FILE, "", {})
    elif in_shared and in_shared.values:
        message = f"{SHARED_FILE} holds [tool.checker] as well; keep one of the two"
        raise ConfigurationError(OWN_FILE, None, message)
    else:
        source = toml_source.parse(OWN_FILE, own)
    return toml_source.load(Configuration, source), source


def _refuse_bad_waivers(policy: Policy, source: TomlSource, catalog: Catalog, today: date) -> None:
    latest = today + timedelta(days=LONGEST_WAIVER_DAYS)
    for position, waiver in enumerate(policy.waivers):
        rule = catalog.rule(waiver.rule)
        if rule is None and waiver.rule not in catalog.planned:
            message = f"unknown rule {waiver.rule!r}{nearest(waiver.rule, catalog.names)}"
            raise source.error(["waivers", position, "rule"], message)
        if rule is not None and not rule.waivable:
            message = f"rule {rule.id!r} guards the judgement itself and cannot be waived"
            raise source.error(["waivers", position, "rule"], message)
        if waiver.expires > latest:
            message = f"expires {waiver.expires} is more than {LONGEST_WAIVER_DAYS} days ahead; {latest} is the latest"
            raise source.error(["waivers", position, "expires"], message)
