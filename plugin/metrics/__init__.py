"""Seeing it: what is measured, counted and warned of."""
