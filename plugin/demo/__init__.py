"""The whole road on one machine, for newcomers."""
