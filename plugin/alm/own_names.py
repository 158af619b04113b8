"""Names of the events that our polls find: ALM has none of these."""

SKILL_CREATED = "SKILL_CREATED"
CSV_IMPORTED = "CSV_IMPORTED"

OWN = {
    SKILL_CREATED: "a new skill earns nothing by itself",
    CSV_IMPORTED: "a migrated file earns nothing by itself",
}
"""Why nothing is decided on them as completions."""
