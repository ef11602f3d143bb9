"""Where a request came from: the connection's own end, or what our own proxies say about it."""

from ipaddress import IPv6Network, ip_address
from typing import Final

from django.conf import settings
from django.http import HttpRequest

FORWARDED_FOR: Final = "HTTP_X_FORWARDED_FOR"


def client_address(request: HttpRequest) -> str:
    """Return the address of whoever sent the request; "" where it came over a local socket.

    PROXIES in the settings says how many proxies stand before us. Each adds one entry at the right
    of X-Forwarded-For, so the PROXIES-th one from the right was written by the outermost of them;
    whatever stands left of it was written by the sender, and is not read. A request with fewer
    entries went round a proxy: only its connection is believed then.
    """
    connected = _as_address(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.PROXIES
    if not proxies:
        return connected
    entries = request.META.get(FORWARDED_FOR, "").split(",")
    if len(entries) < proxies:
        return connected
    return _as_address(entries[-proxies]) or connected


def counted_address(request: HttpRequest) -> str:
    """Return what is counted as one address: whoever has one of IPv6 has all of its /64."""
    return network_of(client_address(request))


def network_of(address: str) -> str:
    """Return the first address of the /64 of an address of IPv6; any other text as it is."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(IPv6Network((int(known), 64), strict=False).network_address)


def _as_address(text: str) -> str:
    """Return an address in its one canonical form, without a port; "" if it is none."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
