"""The basics of every process: settings, vault, logs, tracing, durations."""
