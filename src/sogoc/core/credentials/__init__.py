"""Credential formats. The log commits to records, so a format is a way to write one and has no entry of its own."""
