"""Badgr, Canvas Credentials and Parchment Digital Badges, through the Badgr API v2."""
