"""Which addresses an API source may connect to."""

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

NEVER: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "100.100.100.200/32",  # metadata at Alibaba Cloud
        "168.63.129.16/32",  # the host of a machine at Azure, at a public address
        "192.0.0.192/32",  # metadata at Oracle Cloud
        "224.0.0.0/4",
        "255.255.255.255/32",
        "::/128",
        "fe80::/10",
        "fec0::/10",
        "fd00:ec2::/32",  # metadata at AWS
        "ff00::/8",
        "2002::/16",  # 6to4 and Teredo: an IPv4 address in disguise, by gateways that are gone
        "2001::/32",
    )
)
"""Reached by no job, whatever the site's file opens."""

_TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64: the last four bytes are the IPv4 address that the network's own gateway connects to."""
_COMPATIBLE = IPv6Network("::/96")


def refusal(text: str, networks: Sequence[Network]) -> str | None:
    """Return why an address must not be connected to; None when it may be.

    Args:
        text: the address, as a socket has it.
        networks: those that are not public and yet open.
    """
    # A zone, as in fe80::1%eth0, is no part of where it leads.
    given = ip_address(text.partition("%")[0])
    address = _meant(given)
    if any(_within(address, network) for network in NEVER) or address.is_multicast:
        return f"{text} is link-local, metadata or multicast, which no job may reach"
    if any(_within(address, network) for network in networks):
        return None
    if not address.is_global or address.is_reserved:
        return f"{text} is not a public address, and this site does not open its network"
    return None


def _meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    low = int(address) & 0xFFFF_FFFF
    # ::1 and :: are no IPv4 addresses.
    if address in _TRANSLATED or (address in _COMPATIBLE and low > 1):
        return IPv4Address(low)
    return address


def _within(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network
