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
from checker.checks.migrations.additive import additive_migration
from checker.checks.migrations.applies import migration_applies
from checker.checks.migrations.batches import migration_batches
from checker.checks.migrations.destructive import destructive_migration
from checker.checks.migrations.drift import schema_drift
from checker.checks.migrations.graph import migration_graph
from checker.checks.migrations.immutable import migration_immutable
from checker.checks.migrations.locks import migration_locks
from checker.checks.migrations.meets_rows import migration_meets_rows
from checker.checks.migrations.model_import import migration_model_import
from checker.checks.migrations.promises import migration_operations_true, migration_verify_holds
from checker.checks.migrations.rollback import migration_rollback
from checker.checks.migrations.roundtrip import migration_roundtrip
from checker.checks.migrations.rows import migration_rows
from checker.checks.migrations.sections import migration_operations, migration_verify
from checker.checks.schema.column_types import json_binary, timestamp_zone
from checker.checks.schema.foreign_key_index import foreign_key_index
from checker.checks.schema.soft_delete import soft_delete
from checker.checks.schema.tenant_column import tenant_column
from checker.checks.schema.uuid_keys import uuid_keys
from checker.model.observation import Check

CHECKS: dict[str, Check] = {
    "additive-migration": additive_migration,
    "breaking-change": breaking_change,
    "config-changed": config_changed,
    "cursor-pagination": cursor_pagination,
    "default-validation-error": default_validation_error,
    "deny-by-default": deny_by_default,
    "destructive-migration": destructive_migration,
    "error-envelope": error_envelope,
    "error-responses-documented": error_responses_documented,
    "foreign-key-index": foreign_key_index,
    "graphql-errors-typed": graphql_errors_typed,
    "graphql-pagination": graphql_pagination,
    "idempotency-key": idempotency_key,
    "json-binary": json_binary,
    "migration-applies": migration_applies,
    "migration-batches": migration_batches,
    "migration-graph": migration_graph,
    "migration-immutable": migration_immutable,
    "migration-locks": migration_locks,
    "migration-meets-rows": migration_meets_rows,
    "migration-model-import": migration_model_import,
    "migration-operations": migration_operations,
    "migration-operations-true": migration_operations_true,
    "migration-rollback": migration_rollback,
    "migration-roundtrip": migration_roundtrip,
    "migration-rows": migration_rows,
    "migration-verify": migration_verify,
    "migration-verify-holds": migration_verify_holds,
    "operation-id-unique": operation_id_unique,
    "operation-schemas": operation_schemas,
    "operation-security": operation_security,
    "page-size-bound": page_size_bound,
    "pagination": pagination,
    "rate-limit-documented": rate_limit_documented,
    "schema-drift": schema_drift,
    "soft-delete": soft_delete,
    "spec-present": spec_present,
    "spec-second-opinion": spec_second_opinion,
    "spec-single": spec_single,
    "spec-valid": spec_valid,
    "status-codes": status_codes,
    "success-envelope": success_envelope,
    "tenant-column": tenant_column,
    "timestamp-zone": timestamp_zone,
    "uuid-keys": uuid_keys,
    "versioned-paths": versioned_paths,
    "waiver-expired": waiver_expired,
    "waiver-self-approved": waiver_self_approved,
    "waiver-unused": waiver_unused,
}
