"""Polls of ALM for what it sends no webhook about."""
