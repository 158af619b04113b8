"""Adobe Learning Manager as a source of events."""
