"""What was forgotten: completions that earned nothing, and where the ledger and a provider differ."""
