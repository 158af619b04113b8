"""The client of ALM's REST API."""
