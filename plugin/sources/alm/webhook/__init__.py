"""ALM's webhooks: authentication, decoding, events."""
