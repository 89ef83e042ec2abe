"""The settings of the product, with passwords hashed the fast way: how slow the real way is, is Django's own test."""

from sogoc.server.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
