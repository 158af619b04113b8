"""Delivery: from the ledger to the provider, and back to the host."""
