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
from checker.checks.runtime.access import credentials_required, tenant_isolation
from checker.checks.runtime.fuzzing import (
    invalid_input_accepted,
    method_not_allowed,
    resource_lifecycle,
    response_content_type,
    response_headers,
    response_schema,
    valid_input_refused,
)
from checker.checks.runtime.idempotency_replay import idempotency_replay
from checker.checks.runtime.internal_leak import error_logged, internal_leak
from checker.checks.runtime.observed_envelopes import observed_error_envelope, observed_success_envelope
from checker.checks.runtime.pagination_walk import pagination_walk
from checker.checks.runtime.routes import served_contract_differs, undocumented_route, unimplemented_operation
from checker.checks.runtime.server_error import server_error
from checker.checks.runtime.service import cors_origin, graceful_stop, health_endpoint
from checker.checks.runtime.undocumented_status import undocumented_status
from checker.checks.runtime.validation_complete import validation_complete
from checker.model.observation import Check

CHECKS: dict[str, Check] = {
    "breaking-change": breaking_change,
    "config-changed": config_changed,
    "cors-origin": cors_origin,
    "credentials-required": credentials_required,
    "cursor-pagination": cursor_pagination,
    "default-validation-error": default_validation_error,
    "deny-by-default": deny_by_default,
    "error-envelope": error_envelope,
    "error-logged": error_logged,
    "error-responses-documented": error_responses_documented,
    "graceful-stop": graceful_stop,
    "graphql-errors-typed": graphql_errors_typed,
    "graphql-pagination": graphql_pagination,
    "health-endpoint": health_endpoint,
    "idempotency-key": idempotency_key,
    "idempotency-replay": idempotency_replay,
    "internal-leak": internal_leak,
    "invalid-input-accepted": invalid_input_accepted,
    "method-not-allowed": method_not_allowed,
    "observed-error-envelope": observed_error_envelope,
    "observed-success-envelope": observed_success_envelope,
    "operation-id-unique": operation_id_unique,
    "operation-schemas": operation_schemas,
    "operation-security": operation_security,
    "page-size-bound": page_size_bound,
    "pagination": pagination,
    "pagination-walk": pagination_walk,
    "rate-limit-documented": rate_limit_documented,
    "resource-lifecycle": resource_lifecycle,
    "response-content-type": response_content_type,
    "response-headers": response_headers,
    "response-schema": response_schema,
    "served-contract-differs": served_contract_differs,
    "server-error": server_error,
    "spec-present": spec_present,
    "spec-second-opinion": spec_second_opinion,
    "spec-single": spec_single,
    "spec-valid": spec_valid,
    "status-codes": status_codes,
    "success-envelope": success_envelope,
    "tenant-isolation": tenant_isolation,
    "undocumented-route": undocumented_route,
    "undocumented-status": undocumented_status,
    "unimplemented-operation": unimplemented_operation,
    "valid-input-refused": valid_input_refused,
    "validation-complete": validation_complete,
    "versioned-paths": versioned_paths,
    "waiver-expired": waiver_expired,
    "waiver-self-approved": waiver_self_approved,
    "waiver-unused": waiver_unused,
}
