"""The kit for those who add a badge provider: a distribution to begin with, and the contract run against it."""
