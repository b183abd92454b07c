"""An action sees its declared inputs and loopback, and nothing else of the network."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools.build.sandbox import probe


@pytest.fixture
def findings() -> Any:
    """What the probe wrote down when it ran as a build action."""
    return json.loads(Path("tools/build/sandbox/findings.json").read_text(encoding="utf-8"))


def test_an_action_sees_loopback_only(findings: Any) -> None:
    assert findings["network_interfaces"] == ["lo"]


def test_an_action_cannot_connect_to_the_outside(findings: Any) -> None:
    assert findings["connection_error"] == "Network is unreachable"


def test_an_action_sees_its_declared_inputs_only(findings: Any) -> None:
    assert findings["files_seen"] == ["declared.txt"]


def test_an_action_cannot_write_outside_of_its_sandbox(findings: Any) -> None:
    assert findings["write_error"] == "Read-only file system"


def test_a_test_is_held_to_the_same() -> None:
    assert probe.network_interfaces() == ["lo"]
    assert probe.connection_error() == "Network is unreachable"
    assert probe.files_seen() == []
