"""The plugin inside an LMS host's process."""
