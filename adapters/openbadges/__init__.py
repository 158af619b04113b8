"""Open Badges 3.0 that badgerelay signs and serves itself: no vendor, no account."""
