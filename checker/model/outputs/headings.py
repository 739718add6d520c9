"""The headings that outputs use, and the other words for them."""

from __future__ import annotations

import re
from functools import lru_cache

from checker.model.outputs.fields import key

TEN_PARTS = (
    "mode", "summary", "api_contract", "data_model", "implementation", "tests", "observability", "security", "escalations",
    "done_criteria",
)  # fmt: skip
_PARTS = {
    "operating_mode": "mode", "api": "api_contract", "contract": "api_contract", "api_contracts": "api_contract",
    "data_models": "data_model", "schema": "data_model", "database": "data_model", "test": "tests", "testing": "tests",
    "escalation": "escalations", "done": "done_criteria", "definition_of_done": "done_criteria", "acceptance": "done_criteria",
    "done_checklist": "done_criteria", "files_changed": "implementation",
}  # fmt: skip

PLAN_DONE, SNAPSHOT, PLAN, LOG = "Plan vs Done vs Pending", "Context Snapshot", "Plan of Action", "Execution Log"
DOSSIER, ISSUES, IMPACT, BATON, CHECKLIST = (
    "Proof-of-Work Dossier",
    "Issues",
    "Impact Map",
    "Baton Handoff",
    "Checklist",
)
ACCESS = "Access Enablement Plan"
SMOKE = "Access Smoke Tests"
_SECTIONS = (
    (PLAN_DONE, r"plan\W+(?:vs\.?\W+)?done\W+(?:vs\.?\W+)?pending|plan\W*/\W*done\W*/\W*pending"),
    (SNAPSHOT, r"context snapshot|\bcontext\b(?! switch)|blueprint references"),
    (ACCESS, r"access enablement"),
    (SMOKE, r"smoke tests?|access checks?"),
    (
        PLAN,
        r"plan of action|action plan|^plan$|implementation plan",
    ),
    (
        LOG,
        r"execution log|how it was done|what was done|^work log|^execution$",
    ),
    (
        DOSSIER,
        r"proof.of.work|dossier|testing proof|^testing\b|^verification\b|test evidence|proof$",
    ),
    (ISSUES, r"^(?:known )?issues\b|problems|risks? (?:and|&) issues"),
    (IMPACT, r"impact map|^locations\b|touch map|files touched"),
    (
        BATON,
        r"baton|hand-?off|suggestions? for (?:the )?next agents?|next agent",
    ),
    (CHECKLIST, r"^(?:final |run |exit )?checklist"),
)
_VERSUS = r"(?:(?:vs|gegen|contre|contra)\.?\W+)?"
_ELSEWHERE = (  # German, French, Spanish
    (
        PLAN_DONE,
        (
            rf"\b(?:plan|geplant|prévu|previsto)\W+{_VERSUS}(?:erledigt|fertig|fait|hecho)\W+"
            rf"{_VERSUS}(?:offen|ausstehend|à faire|en attente|reste|pendiente)"
        ),
    ),
    (SNAPSHOT, r"^\W*[\d.) ]*(?:kontext|contexte|contexto)\b"),
    (PLAN, r"(?:vorgehens|aktions|umsetzungs)plan|plan d.action|plan de acción"),
    (LOG, r"ausführungsprotokoll|journal d.exécution|registro de ejecución"),
    (DOSSIER, r"nachweise?\b|\bpreuves?\b|evidencias?\b"),
    (ISSUES, r"^(?:bekannte )?probleme\b|^problèmes\b|^problemas\b"),
    (BATON, r"^\W*[\d.) ]*übergabe\b|passage de relais|traspaso|relevo"),
    (CHECKLIST, r"^checkliste|liste de contrôle|lista de (?:control|verificación)"),
)
_COMPILED = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in (*_SECTIONS, *_ELSEWHERE))


@lru_cache(maxsize=65536)
def run_section(title: str) -> str:
    """The section of a run report that a heading opens; the empty string for one of its own."""
    return next((name for name, pattern in _COMPILED if pattern.search(title)), "")


def part_of(title: str) -> str:
    """The part of an output document that a heading or a field opens; the empty string for none."""
    bare = key(title.partition(":")[0])
    return bare if bare in TEN_PARTS else _PARTS.get(bare, "")


LONGEST_PART = 4  # words in the heading of a part; a longer one is a sentence about it
DELIVERY_ORDER = (
    "Migrations", "Schema/Models", "Ports/Adapters", "Services/Use-Cases", "Controllers/Resolvers", "Validation & Auth",
    "Jobs/Workers", "Tests", "Observability", "Docs",
)  # fmt: skip
CHECKLIST_FIRST, PLAN_PREVIEW, SELF_CHECK, MISSING_INPUTS, NEXT_STAGE, VERIFICATION = DELIVERY_ASIDE = (
    "Checklist", "Plan Preview", "Self-Check", "Missing Inputs", "Handoff", "Verification",
)  # fmt: skip
_DELIVERY = (
    (
        SELF_CHECK,
        r"self.?check|(?:validat\w+|review)\b.*\b(?:security|slos?)\b|(?:security|slos?)\b.*\b(?:check|validation)\b",
    ),
    ("Migrations", r"^(?:db |database )?migrations?(?:$|\W*(?:&|and|\+) rollbacks?|\W*\()"),
    ("Schema/Models", r"^(?:schemas?\b(?! migration)|(?:data |orm )?models?|entities)(?:$|\W)"),
    ("Ports/Adapters", r"^(?:ports?|adapters?|repositor(?:y|ies))(?:$|\W)"),
    ("Services/Use-Cases", r"^(?:services?|use.?cases?|business logic|domain logic)(?:$|\W)"),
    ("Controllers/Resolvers", r"^(?:controllers?|resolvers?|routes?|routers?|handlers?|api layer|endpoints?)(?:$|\W)"),
    ("Validation & Auth", r"^(?:(?:input )?validation|auth\w*|dtos?)(?:$|\W)(?!.*\bresults?\b)"),
    ("Jobs/Workers", r"^(?:jobs?|workers?|queues?|background)(?:$|\W)"),
    ("Tests", r"^(?:unit |integration |automated )?tests?(?:$|\W)(?!.*\bresults?\b)|^test suite"),
    ("Observability", r"^(?:observability|metrics|logging|telemetry)(?:$|\W)"),
    ("Docs", r"^(?:docs?|documentation|runbooks?|openapi)(?:$|\W)"),
    (
        PLAN_PREVIEW,
        r"plan preview|^(?:the |my |change |implementation )?plan\b|files to (?:add|change|modify)|planned files",
    ),
    (
        CHECKLIST_FIRST,
        r"check ?list|^what i(?:'ll| will| am going to) do|^approach$|^(?:at a glance|overview)$|^steps$|^to.?do",
    ),
    (MISSING_INPUTS, r"missing (?:inputs?|fields?|information)|clarif|open questions?|questions?(?: for|$)|inputs?\b"),
    (NEXT_STAGE, r"hand.?off|next (?:stage|steps?|agents?)|pipeline"),
    (VERIFICATION, r"verification|review ?findings|checks? run|results?$"),
)
_DELIVERY_COMPILED = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _DELIVERY)
_NUMBERED = re.compile(r"^\W*(?:(?:step|part|phase)\W*)?\d+\s*(?:[.):-]|\W)\s*", re.IGNORECASE)


@lru_cache(maxsize=65536)
def delivery_section(title: str) -> str:
    """The part of a delivery that a heading opens, however it is numbered; the empty string for one of its own."""
    bare = _NUMBERED.sub("", title).strip()
    found = next((name for name, pattern in _DELIVERY_COMPILED if pattern.search(bare)), "")
    return "" if found in DELIVERY_ORDER and len(bare.split()) > LONGEST_PART else found
