"""Sources of events: one folder per LMS, and the contract that they share."""
