"""Declaring, checking and saving of connections."""
