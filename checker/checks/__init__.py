"""Every check, listed by hand so that the list can be read and searched: the id of a rule, and what decides it."""

from __future__ import annotations

from checker.checks.api.breaking_change import breaking_change
from checker.checks.api.cursor_pagination import cursor_pagination
from checker.checks.api.default_validation_error import default_validation_error
from checker.checks.api.deny_by_default import deny_by_default
from checker.checks.api.error_envelope import error_envelope
from checker.checks.api.error_responses_documented import error_responses_documented
from checker.checks.api.graphql_errors_typed import graphql_errors_typed
from checker.checks.api.graphql_pagination import graphql_pagination
from checker.checks.api.idempotency_key import idempotency_key
from checker.checks.api.operation_id_unique import operation_id_unique
from checker.checks.api.operation_schemas import operation_schemas
from checker.checks.api.operation_security import operation_security
from checker.checks.api.page_size_bound import page_size_bound
from checker.checks.api.pagination import pagination
from checker.checks.api.rate_limit_documented import rate_limit_documented
from checker.checks.api.spec_present import spec_present
from checker.checks.api.spec_second_opinion import spec_second_opinion
from checker.checks.api.spec_single import spec_single
from checker.checks.api.spec_valid import spec_valid
from checker.checks.api.status_codes import status_codes
from checker.checks.api.success_envelope import success_envelope
from checker.checks.api.versioned_paths import versioned_paths
from checker.checks.config.config_changed import config_changed
from checker.checks.config.waivers import waiver_expired, waiver_self_approved, waiver_unused
from checker.checks.proofs.proof_integrity import proof_integrity
from checker.model.observation import Check

CHECKS: dict[str, Check] = {
    "breaking-change": breaking_change,
    "config-changed": config_changed,
    "cursor-pagination": cursor_pagination,
    "default-validation-error": default_validation_error,
    "deny-by-default": deny_by_default,
    "error-envelope": error_envelope,
    "error-responses-documented": error_responses_documented,
    "graphql-errors-typed": graphql_errors_typed,
    "graphql-pagination": graphql_pagination,
    "idempotency-key": idempotency_key,
    "operation-id-unique": operation_id_unique,
    "operation-schemas": operation_schemas,
    "operation-security": operation_security,
    "page-size-bound": page_size_bound,
    "pagination": pagination,
    "proof-integrity": proof_integrity,
    "rate-limit-documented": rate_limit_documented,
    "spec-present": spec_present,
    "spec-second-opinion": spec_second_opinion,
    "spec-single": spec_single,
    "spec-valid": spec_valid,
    "status-codes": status_codes,
    "success-envelope": success_envelope,
    "versioned-paths": versioned_paths,
    "waiver-expired": waiver_expired,
    "waiver-self-approved": waiver_self_approved,
    "waiver-unused": waiver_unused,
}
