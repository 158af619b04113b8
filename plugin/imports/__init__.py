"""ALM's migration CSVs: read, checked against the providers' templates and each other, kept, and written for ALM."""
