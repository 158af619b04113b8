"""Everything that must survive: connections, inbox, ledger, history."""
