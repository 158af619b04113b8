"""The event names that Adobe publishes.

https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/webhooks/webhooks-usage-guide
"""

REALTIME = frozenset(
    {
        "CI_STATS",
        "COURSE_ENROLLMENT",
        "COURSE_COMPLETED",
        "COURSE_UNENROLLMENT",
        "LEARNING_PATH_ENROLLMENT",
        "LEARNING_PATH_COMPLETED",
        "LEARNING_PATH_UNENROLLMENT",
        "LEARNING_PATH_COMPLETION_ROLLBACK",
        "CERTIFICATION_ENROLLMENT",
        "CERTIFICATION_COMPLETED",
        "CERTIFICATION_UNENROLLMENT",
        "LEARNING_OBJECT_DRAFT",
        "LEARNING_OBJECT_DELETION",
        "LEARNING_OBJECT_MODIFICATION",
        "LEARNING_OBJECT_INSTANCE_MODIFICATION",
        "LEARNING_OBJECT_INSTANCE_DELETION",
        "RESPONSE:ASYNCAPI_USERGROUP_USER_ADDED",
        "RESPONSE:ASYNCAPI_USERGROUP_USER_REMOVED",
    }
)
"""Events of a learner's action or of a finished asynchronous API call."""

BATCH = frozenset(
    {
        "COURSE_ENROLLMENT_BATCH",
        "COURSE_COMPLETED_BATCH",
        "COURSE_UNENROLLMENT_BATCH",
        "LEARNING_PATH_ENROLLMENT_BATCH",
        "LEARNING_PATH_COMPLETED_BATCH",
        "LEARNING_PATH_UNENROLLMENT_BATCH",
        "LEARNING_PATH_COMPLETION_ROLLBACK_BATCH",
        "CERTIFICATION_ENROLLMENT_BATCH",
        "CERTIFICATION_COMPLETED_BATCH",
        "CERTIFICATION_UNENROLLMENT_BATCH",
        "LEARNER_PROGRESS",
        "LEARNING_OBJECT_MODIFICATION_BATCH",
        "LEARNING_OBJECT_INSTANCE_MODIFICATION_BATCH",
    }
)
"""Events of an administrator, a manager, the platform or a migration."""

KNOWN = REALTIME | BATCH

COMPLETED = frozenset(
    {
        "COURSE_COMPLETED",
        "COURSE_COMPLETED_BATCH",
        "LEARNING_PATH_COMPLETED",
        "LEARNING_PATH_COMPLETED_BATCH",
        "CERTIFICATION_COMPLETED",
        "CERTIFICATION_COMPLETED_BATCH",
    }
)
"""Names of completions. One completion may arrive under both of its names."""

SKILL_CREATED = "SKILL_CREATED"
CSV_IMPORTED = "CSV_IMPORTED"

SYNTHETIC = {
    SKILL_CREATED: "a new skill earns nothing by itself",
    CSV_IMPORTED: "a migrated file earns nothing by itself",
}
"""Events that the polls add, which ALM never sends, each with the reason why it earns no badge."""
