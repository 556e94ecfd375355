"""Where a webhook may go: a public address, or one inside that the settings allow by name."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_NAT64 = ip_network("64:ff9b::/96")


class NotAllowed(Exception):
    """The address is not one that callbot may send to; the text says what to do."""


def is_public(text: str) -> bool:
    """Is this an address of the open internet, whatever notation hides it?"""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            address = inner
    return address.is_global and not address.is_multicast


async def resolve(host: str, port: int, *, allow_private: bool) -> str:
    """The address to connect to. The connection must be made to it, not to the name, which may mean another
    address a moment later.

    Raises `NotAllowed` when one of the addresses is inside, and `OSError` when the name means nothing.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    inside = [address for address in addresses if not is_public(address)]
    if inside and not allow_private:
        raise NotAllowed(f"{host} 是 {inside[0]}，不是公网地址 → 确实要发到内网，设 allow_private = true")
    return addresses[0]
