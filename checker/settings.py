"""The only reader of the user's configuration: policy from the base revision, description from the head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from checker import toml_source
from checker.catalog import Binding, Catalog
from checker.model.finding import Where
from checker.model.observation import Place
from checker.model.settings import LONGEST_WAIVER_DAYS, Configuration, Description, DescriptionChange, Policy, Waiver
from checker.model.unavailable import NotApplicable, Unavailable
from checker.toml_source import ConfigurationError, TomlSource, nearest

OWN_FILE, SHARED_FILE = "checker.toml", "pyproject.toml"
Read = Callable[[str], str | None]  # a file's text by path relative to the audited root, None where there is none
Missing = NotApplicable | Unavailable


@dataclass(frozen=True)
class Settings:
    """What this run obeys. `proposed` is the head's policy where the base's rules instead."""

    policy: Policy
    description: Description
    policy_source: TomlSource
    description_source: TomlSource
    proposed: Policy | None
    base_description: Description | NotApplicable | Unavailable  # where the change began, or why nobody knows
    notes: tuple[str, ...]

    def description_change(self) -> DescriptionChange | NotApplicable | Unavailable:
        """The head's description beside the base's, for the rule that guards it."""
        if not isinstance(self.base_description, Description):
            return self.base_description
        lines = {name: self.description_source.line([name]) for name in Description.model_fields}
        places = {
            name: Place(self.description_source.path, (line, line) if line else None) for name, line in lines.items()
        }
        return DescriptionChange(self.base_description, self.description, places)

    def binding(self, standards: tuple[str, ...]) -> Binding:
        """What the catalogue needs to settle parameters."""
        return Binding(standards, self.policy.params, self.policy.resolve, self.policy_source)

    @property
    def _standing(self) -> tuple[Waiver, ...]:
        """The waivers as the head has them."""
        return (self.proposed or self.policy).waivers

    @property
    def proposed_waivers(self) -> tuple[Waiver, ...]:
        """Waivers of the head that the base does not know yet: listed, not obeyed."""
        return tuple(waiver for waiver in self._standing if waiver not in self.policy.waivers)

    def stands(self, waiver: Waiver) -> bool:
        """Whether the head holds a waiver of the policy still."""
        return waiver in self._standing

    def place(self, waiver: Waiver) -> Where:
        """Where a waiver stands in the head's file; without lines where the head has it no more."""
        if not self.stands(waiver):
            return Where(path=self.policy_source.path)
        line = self.description_source.line(["waivers", self._standing.index(waiver)])
        return Where(path=self.description_source.path, lines=str(line) if line else None)

    def proposed_binding(self) -> Binding | None:
        """The same for the policy that the head proposes, where it proposes one."""
        if self.proposed is None:
            return None
        return Binding(self.proposed.standards, self.proposed.params, self.proposed.resolve, self.description_source)


def extra_rules(read: Read, revision: str = "") -> tuple[str, ...]:
    """The folders of custom rules that a revision's policy names."""
    return _read(read, revision)[0].rules.extra


def load(
    head: Read,
    base: Read | Missing | None,
    fork: Read | Missing | None,
    catalog: Catalog,
    today: date,
    proposed_catalog: Catalog | None = None,
) -> Settings:
    """Read the revisions: the head, the base whose policy rules, and where the change left it.

    `proposed_catalog` holds the custom rules that the head's policy names, where those are others.
    Without a base the head's policy is obeyed, with a note; a base without configuration means defaults.
    ConfigurationError where a file that is obeyed is wrong, or one that the head proposes.
    """
    head_file, head_source = _read(head)
    if base is None or isinstance(base, (NotApplicable, Unavailable)):
        policy, source, proposed = head_file.policy, head_source, None
        notes = ["not anchored: no base revision, so the policy is the working tree's own"]
        if isinstance(fork, Unavailable):  # there is a base and it cannot be seen: nobody knows what it accepted
            proposed, policy = policy, policy.model_copy(update={"waivers": ()})
            notes.append("waivers hide nothing while the base cannot be seen")
    else:
        base_file, source = _read(base, " (at the base revision)")
        policy = base_file.policy
        proposed = head_file.policy if head_file.policy != policy else None
        notes = ["the working tree proposes another policy; it counts once it is in the base"] if proposed else []
    if not head_source.text and not source.text:
        notes.append("no configuration: standard common, everything found by itself")
    _refuse_bad_waivers(policy, source, catalog, today)
    if proposed:
        _refuse_bad_waivers(proposed, head_source, proposed_catalog or catalog, today)
    return Settings(policy, head_file.description, source, head_source, proposed, _described(fork), tuple(notes))


def _described(fork: Read | Missing | None) -> Description | Missing:
    if fork is None or isinstance(fork, (NotApplicable, Unavailable)):
        return fork or NotApplicable("no base revision, so nothing says what the description was")
    try:
        return _read(fork, " (where the change began)")[0].description
    except ConfigurationError as wrong:
        return Unavailable(str(wrong))


def _read(read: Read, revision: str = "") -> tuple[Configuration, TomlSource]:
    own, shared = read(OWN_FILE), read(SHARED_FILE)
    nested = shared is not None and "tool" in shared
    in_shared = toml_source.parse(SHARED_FILE, shared or "", ("tool", "checker"), revision) if nested else None
    if own is None:
        source = in_shared if in_shared and in_shared.values else TomlSource(OWN_FILE, "", {})
    elif in_shared and in_shared.values:
        message = f"{SHARED_FILE} holds [tool.checker] as well; keep one of the two"
        raise ConfigurationError(OWN_FILE, None, message + revision)
    else:
        source = toml_source.parse(OWN_FILE, own, (), revision)
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
