"""The ledger: awards, the key that makes each unique, their states and their notifications."""
