"""Events from the moment they are received."""
