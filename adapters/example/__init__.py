"""The guide's example: an adapter for a small REST dialect, and the stub provider that speaks it.

``badgerelay adapter new`` copies it under another name; ``docs/adapters.md`` explains it.
"""
