"""Awards, their states and their notifications."""
