"""Badge templates, rules and skills."""
