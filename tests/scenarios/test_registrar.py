"""The stories of the registrar, by their names in the domain study, through the services and to the outside."""

from __future__ import annotations
