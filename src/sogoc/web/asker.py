"""Who asks, as far as a server can tell: a digest of a network address, from which nobody reads the address again."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

_NETWORK_BYTES = 8
"""Of an IPv6 address: the rest of it everybody chooses as he likes."""


def asker(request: HttpRequest) -> bytes | None:
    """Return a digest of the address that asks, under the secret of this site; None where it cannot be told apart from others."""
    said = request.META.get("REMOTE_ADDR", "")
    if settings.ADDRESS_HEADER:
        # The last one: what stands before it, whoever asks may have written himself.
        said = request.headers.get(settings.ADDRESS_HEADER, said).rpartition(",")[2].strip()
    try:
        address = ip_address(said)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return None
    network = address.packed[:_NETWORK_BYTES]
    return salted_hmac("sogoc.web.asker", network, algorithm="sha256").digest()
