"""Events of the LMS host that loads the plugin."""
