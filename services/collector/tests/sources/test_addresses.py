from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.collector.sources.addresses import refusal

_ALL = [ip_network("0.0.0.0/0"), ip_network("::/0")]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "198.18.0.1",
        "192.0.2.1",
        "240.0.0.1",
        "::1",
        "fc00::1",
        "fd12:3456::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::a00:1",
        "::10.0.0.1",
    ],
)
def test_an_address_that_is_not_public_is_refused_until_its_network_is_opened(address: str) -> None:
    assert "not a public address" in (refusal(address, []) or "")
    assert refusal(address, _ALL) is None


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "64:ff9b::169.254.169.254",
        "::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "2002:7f00:1::1",
        "2001:0:a9fe:a9fe::1",
    ],
)
def test_link_local_metadata_and_disguised_addresses_are_refused_whatever_is_opened(
    address: str,
) -> None:
    assert refusal(address, []) is not None
    assert "no job may reach" in (refusal(address, _ALL) or "")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_a_public_address_is_open(address: str) -> None:
    assert refusal(address, []) is None


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_in_ipv6_is_refused_when_it_is_by_itself(number: int) -> None:
    plain = refusal(str(IPv4Address(number)), [])
    mapped = refusal(str(IPv6Address(0xFFFF_0000_0000 + number)), [])
    translated = refusal(str(IPv6Address((0x64FF9B << 96) + number)), [])

    assert (plain is None) == (mapped is None) == (translated is None)


@given(st.integers(0, 2**128 - 1))
def test_of_all_addresses_of_ipv6_only_unicast_ones_are_open(number: int) -> None:
    address = IPv6Address(number)
    meant = address.ipv4_mapped or address

    assert refusal(str(address), []) is not None or (meant.is_global and not meant.is_multicast)
