"""Imported rows and ALM's migration runs."""
