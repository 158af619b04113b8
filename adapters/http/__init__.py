"""HTTP for adapters and ALM: requests, credentials, answers, pages, batches, settings."""
