"""Badges for past completions: read, planned, confirmed, issued."""
