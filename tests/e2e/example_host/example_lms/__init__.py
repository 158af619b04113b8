"""A small LMS that loads badgerelay in its own process."""
