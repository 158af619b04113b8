"""The web application: the receiver of webhooks, health, metrics and the published pages."""
