"""Polls of ALM for changes that it sends no webhook about."""
