"""The badgerelay command."""
