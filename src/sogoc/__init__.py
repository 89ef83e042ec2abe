"""Sổ Gốc: a National Qualifications Archive."""

__version__ = "0.1.0"
