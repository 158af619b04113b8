"""Credly, through its Web Service API v1."""
