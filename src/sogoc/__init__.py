"""Sổ Gốc."""
__version__ = "0.1.0"
