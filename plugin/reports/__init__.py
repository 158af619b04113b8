"""Reports of missing badges: completions that earned nothing, and differences between ledger and provider."""
