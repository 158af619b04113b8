"""Connections, their storage, records and rate limits."""
