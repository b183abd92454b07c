"""A kept port is one server's alone, whether that server runs or not."""

from __future__ import annotations

import socket

import pytest

from tools.local_server.ports import HOST, PortError, kept_port


def listener(port: int) -> socket.socket:
    """Listen as servers do: Python sets SO_REUSEADDR here."""
    return socket.create_server((HOST, port))


def test_its_server_can_listen_again_and_again() -> None:
    with kept_port() as port:
        for _ in range(3):
            with listener(port) as server, socket.create_connection((HOST, port)) as client:
                connection, _ = server.accept()
                # Closed by the server first, as by a restart.
                connection.close()
                assert b"" == client.recv(1)


def test_a_program_that_just_takes_it_is_refused() -> None:
    with (
        kept_port() as port,
        socket.socket() as other,
        pytest.raises(OSError, match="Address already in use"),
    ):
        other.bind((HOST, port))


def test_two_keepers_of_free_ports_have_different_ones() -> None:
    with kept_port() as first, kept_port() as second:
        assert first != second


def test_a_chosen_port_may_be_kept_by_who_starts_a_server_and_by_the_server() -> None:
    with kept_port() as port, kept_port(port) as again:
        assert port == again


def test_a_port_that_is_listened_at_is_refused_by_name() -> None:
    with listener(0) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortError, match=rf"port {port} on 127\.0\.0\.1"), kept_port(port):
            pass


def test_a_port_is_free_again_afterwards() -> None:
    with kept_port() as port:
        pass
    with socket.socket() as other:
        other.bind((HOST, port))
