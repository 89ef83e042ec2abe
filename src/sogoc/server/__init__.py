"""Settings and entry points of the archive; imported by nobody."""
