"""The demo: completions become badges on one machine."""
