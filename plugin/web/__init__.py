"""The receiver: webhooks in, 202 once committed."""
