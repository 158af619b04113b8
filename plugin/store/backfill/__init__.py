"""Tables of backfills."""
