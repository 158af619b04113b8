"""The engine: which worker does what, and when."""
