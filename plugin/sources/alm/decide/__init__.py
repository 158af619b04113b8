"""Decisions about ALM's events: look-ups, rules, awards."""
