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
from checker.checks.outputs.checkpoints import approval_words, checkpoint_order
from checker.checks.outputs.claims import claim_contradicted
from checker.checks.outputs.flags import outline_agrees, safe_mode
from checker.checks.outputs.handoff import (
    handoff_arithmetic,
    handoff_coverage,
    handoff_shape,
    handoff_verification,
    named_files,
)
from checker.checks.outputs.lock_history import lock_foreign, lock_held, lock_scope
from checker.checks.outputs.locks import lock_orphan, lock_overlap, lock_record
from checker.checks.outputs.output_document import output_document, output_placeholders
from checker.checks.outputs.packs import attach_pack, pack_contents, pack_safe
from checker.checks.outputs.pr_payload import pr_body, pr_payload, run_checks_mocked, start_task
from checker.checks.outputs.queue import queue_done, queue_record, queue_status, queue_steps
from checker.checks.outputs.records import blueprint_index, tools_manifest
from checker.checks.outputs.review_findings import review_findings_true, review_findings_valid
from checker.checks.outputs.run_evidence import manual_step_runbook, queue_updated, smoke_tests
from checker.checks.outputs.run_report import run_report, run_report_ids, run_report_sections
from checker.checks.outputs.self_healing import escalation_format, self_healing_log
from checker.checks.proofs.proof_integrity import proof_integrity
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
from checker.checks.schema.column_types import json_binary, timestamp_zone
from checker.checks.schema.foreign_key_index import foreign_key_index
from checker.checks.schema.soft_delete import soft_delete
from checker.checks.schema.tenant_column import tenant_column
from checker.checks.schema.uuid_keys import uuid_keys
from checker.checks.secrets.env_file_tracked import env_file_tracked
from checker.checks.secrets.hardcoded_credential import hardcoded_credential
from checker.checks.secrets.secret_in_history import secret_in_history
from checker.checks.secrets.secret_in_tree import secret_in_tree
from checker.model.observation import Check

CHECKS: dict[str, Check] = {
    "additive-migration": additive_migration,
    "approval-words": approval_words,
    "attach-pack": attach_pack,
    "blueprint-index": blueprint_index,
    "breaking-change": breaking_change,
    "checkpoint-order": checkpoint_order,
    "claim-contradicted": claim_contradicted,
    "config-changed": config_changed,
    "cors-origin": cors_origin,
    "credentials-required": credentials_required,
    "cursor-pagination": cursor_pagination,
    "default-validation-error": default_validation_error,
    "deny-by-default": deny_by_default,
    "destructive-migration": destructive_migration,
    "env-file-tracked": env_file_tracked,
    "error-envelope": error_envelope,
    "error-logged": error_logged,
    "error-responses-documented": error_responses_documented,
    "escalation-format": escalation_format,
    "foreign-key-index": foreign_key_index,
    "graceful-stop": graceful_stop,
    "graphql-errors-typed": graphql_errors_typed,
    "graphql-pagination": graphql_pagination,
    "handoff-arithmetic": handoff_arithmetic,
    "handoff-coverage": handoff_coverage,
    "handoff-shape": handoff_shape,
    "handoff-verification": handoff_verification,
    "hardcoded-credential": hardcoded_credential,
    "health-endpoint": health_endpoint,
    "idempotency-key": idempotency_key,
    "idempotency-replay": idempotency_replay,
    "internal-leak": internal_leak,
    "invalid-input-accepted": invalid_input_accepted,
    "json-binary": json_binary,
    "lock-foreign": lock_foreign,
    "lock-held": lock_held,
    "lock-orphan": lock_orphan,
    "lock-overlap": lock_overlap,
    "lock-record": lock_record,
    "lock-scope": lock_scope,
    "manual-step-runbook": manual_step_runbook,
    "method-not-allowed": method_not_allowed,
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
    "named-files": named_files,
    "observed-error-envelope": observed_error_envelope,
    "observed-success-envelope": observed_success_envelope,
    "operation-id-unique": operation_id_unique,
    "operation-schemas": operation_schemas,
    "operation-security": operation_security,
    "outline-agrees": outline_agrees,
    "output-document": output_document,
    "output-placeholders": output_placeholders,
    "pack-contents": pack_contents,
    "pack-safe": pack_safe,
    "page-size-bound": page_size_bound,
    "pagination": pagination,
    "pagination-walk": pagination_walk,
    "pr-body": pr_body,
    "pr-payload": pr_payload,
    "proof-integrity": proof_integrity,
    "queue-done": queue_done,
    "queue-record": queue_record,
    "queue-status": queue_status,
    "queue-steps": queue_steps,
    "queue-updated": queue_updated,
    "rate-limit-documented": rate_limit_documented,
    "resource-lifecycle": resource_lifecycle,
    "response-content-type": response_content_type,
    "response-headers": response_headers,
    "response-schema": response_schema,
    "review-findings-true": review_findings_true,
    "review-findings-valid": review_findings_valid,
    "run-checks-mocked": run_checks_mocked,
    "run-report": run_report,
    "run-report-ids": run_report_ids,
    "run-report-sections": run_report_sections,
    "safe-mode": safe_mode,
    "schema-drift": schema_drift,
    "secret-in-history": secret_in_history,
    "secret-in-tree": secret_in_tree,
    "self-healing-log": self_healing_log,
    "served-contract-differs": served_contract_differs,
    "server-error": server_error,
    "smoke-tests": smoke_tests,
    "soft-delete": soft_delete,
    "spec-present": spec_present,
    "spec-second-opinion": spec_second_opinion,
    "spec-single": spec_single,
    "spec-valid": spec_valid,
    "start-task": start_task,
    "status-codes": status_codes,
    "success-envelope": success_envelope,
    "tenant-column": tenant_column,
    "tenant-isolation": tenant_isolation,
    "timestamp-zone": timestamp_zone,
    "tools-manifest": tools_manifest,
    "undocumented-route": undocumented_route,
    "undocumented-status": undocumented_status,
    "unimplemented-operation": unimplemented_operation,
    "uuid-keys": uuid_keys,
    "valid-input-refused": valid_input_refused,
    "validation-complete": validation_complete,
    "versioned-paths": versioned_paths,
    "waiver-expired": waiver_expired,
    "waiver-self-approved": waiver_self_approved,
    "waiver-unused": waiver_unused,
}
