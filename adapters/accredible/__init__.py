"""Accredible, through its Credentials API v1 and v2."""
