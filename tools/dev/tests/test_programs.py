"""How programs are started: each with what it needs, and with nothing of the user's cloud."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.dev.ports import PORTS
from tools.dev.programs import PROGRAMS, ROOT, Programs
from tools.dev.state import State


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path)
    yield state
    state.close()


@pytest.fixture
def programs(state: State) -> Programs:
    return Programs({name: port + 100 for name, port in PORTS.items()}, state)


def test_every_program_lies_where_the_build_puts_it(programs: Programs) -> None:
    found = {name: Path(programs.command(name)[0]).relative_to(ROOT) for name in PROGRAMS}
    assert {name: str(path) for name, path in found.items()} == {
        "webshop": "tools/dev/site/webshop",
        "data_processor": "services/data_processor/data_processor",
        "model_service": "services/model_service/model_service",
        "collector": "services/collector/collector",
        "subscriber": "tools/dev/subscriber",
        "order_processor": "services/order_processor/order_processor",
        "order_api": "services/order_api/order_api",
        "functions": "tools/dev/functions",
    }


def test_services_listen_on_their_ports_of_loopback(programs: Programs) -> None:
    for name in ("collector", "data_processor", "model_service", "order_api", "order_processor"):
        environment = programs.environment(name)
        assert environment["HOST"] == "127.0.0.1"
        assert environment["PORT"] == str(PORTS[name] + 100)


def test_collector_keeps_its_records_in_the_state_folder_whatever_the_user_has_set(
    programs: Programs, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "CLIENTS_FILE", "ROLE", "AWS_PROFILE"):
        monkeypatch.setenv(name, "the user's")
    monkeypatch.setenv("LOG_LEVEL", "warning")
    environment = programs.environment("collector")
    assert "the user's" not in environment.values()
    assert environment["DATA_DIR"] == str(state.folder / "collector")
    assert environment["SOURCES_FILE"] == str(state.folder / "site" / "sources.json")
    assert environment["LOG_LEVEL"] == "warning"


def test_only_the_web_shop_has_its_token(programs: Programs, state: State) -> None:
    token = state.webshop_token().read_text()
    holders = [name for name in PROGRAMS if token in programs.environment(name).values()]
    assert holders == ["webshop"]
