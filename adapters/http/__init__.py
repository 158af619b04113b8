"""What adapters write alike whose provider is an HTTP API: requests, credentials, answers, pages, settings."""
