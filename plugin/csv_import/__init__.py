"""Import of ALM's migration CSV files."""
