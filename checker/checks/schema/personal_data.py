"""Personal data in the schema is written down: what is kept, and for how long."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.migration_run import MigrationRuns
from checker.model.observation import Observation
from checker.model.tables import Table, tables
from checker.model.written_down import Section, WrittenDown

_PERSONAL = (
    r"(?:\w+_)?e_?mail(?:_address)?|(?:customer|contact|billing|display)_name|(?:mobile|phone|telephone)(?:_(?:number|no))?|date_of_birth|birth_?(?:date|day)|dob|ssn"
    r"|social_security(?:_number)?|national_id|passport(?:_(?:number|no))?|tax_id|first_name|last_name|full_name|surname"
    r"|given_name|family_name|maiden_name|street(?:_address)?|postal_address|home_address|(?:client_|remote_)?ip(?:_address)?"
    r"|iban|gender|ethnicity|religion|nationality|health_\w+|credit_card(?:_number)?|card_number"
)
_DATA = re.compile(
    r"(?i)\bpii\b|\bpersonal(?:ly)?[- ](?:data|information|identif\w+)|\bgdpr\b|\bdata (?:protection|subject|privacy)"
    r"|(?m:^#{1,6}[ \t].*\bprivacy\b)"
)
_KEPT = re.compile(
    r"(?i)\bretention\b|\bretain(?:ed|s)?\b|\bkept (?:for|until|as long)"
    r"|\b(?:deleted|purged|erased|anonymi[sz]ed|removed)\b[^.\n]{0,40}"
    r"\b(?:after|within|when|once|on)\b|\b(?:days|months|years) after\b"
)


class Params(Frozen):
    """`columns` whose names say personal data, beside those that are known; `exempt` columns as `table.column`."""

    columns: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()


def personal_data_documented(ran: MigrationRuns, written: WrittenDown, params: Params) -> Iterator[Observation]:
    """One observation for each column of the migrated schema whose name says personal data: some section on such data names it.

    Where no section speaks of personal data at all, that is one defect. Source: backend-engineer "Document all PII data
    flows; apply minimization".
    """
    about = written.about(_DATA)
    for table, columns in _personal(ran, params):
        for name in columns:
            subject = f"{table.short}.{name}"
            found = next((one for one in about if _names(one, name)), None)
            message = f"no document on personal data names {subject}"
            seen = f"{len(about)} sections speak of personal data" if about else "no section speaks of personal data"
            place = table.run.maker(table.name, name)
            cause = "" if about else "no document on personal data"
            yield Observation(subject, found is not None, place, message, seen, cause=cause)


def personal_data_retention(ran: MigrationRuns, written: WrittenDown, params: Params) -> Iterator[Observation]:
    """One observation for each table with such columns: some section that says how long things are kept names the table.

    Source: backend-engineer "Entities, relations, indexes, constraints, retention/PII".
    """
    about = written.about(_KEPT)
    for table, columns in _personal(ran, params):
        found = next((one for one in about if _names(one, table.short)), None)
        message = f"no document says how long the rows of {table.short} are kept, which are personal data"
        seen = f"personal by name: {', '.join(columns)}; {len(about)} sections speak of retention"
        place = table.run.maker(table.name)
        cause = "" if about else "no document on retention"
        yield Observation(table.short, found is not None, place, message, seen, cause=cause)


def _personal(ran: MigrationRuns, params: Params) -> Iterator[tuple[Table, list[str]]]:
    """Tables with the columns whose names say personal data."""
    known = re.compile("|".join((_PERSONAL, *map(re.escape, params.columns))), re.IGNORECASE)
    for table in tables(ran):
        found = [
            name
            for name, column in table.columns.items()
            if not column.type.startswith(("boolean", "timestamp"))
            and known.fullmatch(name)
            and f"{table.short}.{name}" not in params.exempt
            and table.short not in params.exempt
        ]
        if found:
            yield table, found


def _names(section: Section, name: str) -> bool:
    """Whether a section names a table or column: as it is written, in words, or in the singular or plural."""
    words = name.rpartition(".")[2].replace("_", r"[_\s-]?")
    return bool(re.search(rf"(?i)(?<![a-z0-9]){words.rstrip('s')}(?:s|es)?(?![a-z0-9])", section.text))
