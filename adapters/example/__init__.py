"""The guide's example: an adapter for a small REST dialect, and the stub provider that speaks it.

``badgerelay adapter new`` copies it under another name; ``docs/start/new-provider.md`` explains it.
"""
