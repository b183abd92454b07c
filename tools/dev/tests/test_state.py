"""The folder that `up` keeps, and the ports that it takes."""

from __future__ import annotations

import argparse
import os
import re
import socket
from pathlib import Path

import pytest

from tools.dev import ports
from tools.dev.errors import DevError
from tools.dev.state import State, default_folder


def test_a_folder_has_one_holder_at_a_time(tmp_path: Path) -> None:
    first = State(tmp_path)
    for _ in range(2):  # a refused try changes nothing for the next
        with pytest.raises(DevError, match=rf"process {os.getpid()}\) uses .* --data-dir$"):
            State(tmp_path)
    first.close()
    State(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DevError, match=r"/file/state cannot be used .* --data-dir$"):
        State(tmp_path / "file" / "state")


def test_fresh_removes_the_tables_and_nothing_of_the_users(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    state = State(tmp_path)
    state.database.mkdir()
    (state.database / "shared-local-instance.db").touch()
    state.collected.mkdir()
    (state.collected / "collector.sqlite3").touch()
    state.mark_seeded()
    assert state.is_seeded
    state.empty()
    assert not state.is_seeded
    assert not state.database.exists()
    assert not state.collected.exists()
    assert (tmp_path / "thesis.txt").exists()
    state.close()


def test_secrets_stay_the_same_and_are_for_the_user_alone(tmp_path: Path) -> None:
    state = State(tmp_path)
    webhooks, token = state.webhook_secret(), state.webshop_token().read_text()
    state.close()
    state = State(tmp_path)
    assert (state.webhook_secret(), state.webshop_token().read_text()) == (webhooks, token)
    assert re.fullmatch(r"webshop_[0-9a-f]{32}", token)
    assert state.webshop_token().stat().st_mode & 0o077 == 0
    state.close()


def test_the_default_folder_follows_the_xdg_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert default_folder() == Path("/state/granary")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert default_folder() == Path("/home/me/.local/state/granary")


def test_a_port_in_use_is_refused_by_number_and_program() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DevError, match=rf"^port {port} of order_api is in use.*--port-offset"):
            ports.check_free({"order_api": port})
    ports.check_free({"order_api": port})


@pytest.mark.parametrize("offset", ["-1", "x", "1.5", "99999"])
def test_a_bad_port_offset_is_refused(offset: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    ports.add_option(parser)
    with pytest.raises(SystemExit):
        parser.parse_args([f"--port-offset={offset}"])
    assert f"'{offset}' is not a number from 0 to" in capsys.readouterr().err
