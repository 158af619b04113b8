"""Past completions made good: read, planned, confirmed, issued."""
