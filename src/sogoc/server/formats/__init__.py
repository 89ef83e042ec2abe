"""Formats of our own: Django's Vietnamese locale would read 09/03/2003 as 3 September."""
