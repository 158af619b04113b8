"""Assembly: the doors, the store, the engine, the command line."""
