"""Every check, listed by hand so that the list can be read and searched: the id of a rule, and what decides it."""

from __future__ import annotations

from checker.catalog import Check
from checker.checks.api.pagination import pagination
from checker.checks.config.config_changed import config_changed
from checker.checks.config.waivers import waiver_expired, waiver_self_approved, waiver_unused

CHECKS: dict[str, Check] = {
    "config-changed": config_changed,
    "pagination": pagination,
    "waiver-expired": waiver_expired,
    "waiver-self-approved": waiver_self_approved,
    "waiver-unused": waiver_unused,
}
