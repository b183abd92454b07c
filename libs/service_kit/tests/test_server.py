"""The process around a service: start, refusal to start, and an orderly end."""

import signal
import socket
import threading
import time

import httpx
import pytest

from libs.service_kit.testing import launch, running

APP = "libs.service_kit.tests.sample_app:app"


def test_logs_are_one_json_object_a_line_and_tell_no_bodies() -> None:
    with running(APP) as service:
        headers = {"X-Request-ID": "trace-1", "Authorization": "Bearer hunter2"}
        body = {"name": "hunter2"}
        url = f"{service.url}/things"
        assert httpx.post(url, json=body, headers=headers).status_code == 200
        httpx.get(f"{service.url}/crash", headers={"X-Request-ID": "trace-2"})
        httpx.get(f"{service.url}/health")
        assert service.stop() == (0, "")
    (first,) = [line for line in service.lines if line.get("request_id") == "trace-1"]
    assert first["event"] == "request"
    assert first["service"] == "tests"
    assert first["level"] == "info"
    assert (first["method"], first["route"], first["status"]) == ("POST", "/things", 200)
    assert first["duration_ms"] > 0
    crash, request = [line for line in service.lines if line.get("request_id") == "trace-2"]
    assert crash["event"] == "request_crashed"
    assert crash["exception"][0]["exc_type"] == "RuntimeError"
    assert request["status"] == 500
    assert "hunter2" not in str(service.lines)
    assert "/health" not in str(service.lines)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_fails_readiness_then_drains_then_closes(how: signal.Signals) -> None:
    with running(APP, DRAIN_DELAY_SECONDS="1.5") as service:
        answers: list[httpx.Response] = []
        url = f"{service.url}/slow?seconds=3"
        slow = threading.Thread(target=lambda: answers.append(httpx.get(url, timeout=60)))
        slow.start()
        service.wait_for("slow_started")
        service.process.send_signal(how)
        service.wait_for("draining")
        ready = httpx.get(f"{service.url}/ready")
        assert ready.status_code == 503
        assert "stopping" in ready.json()["detail"]
        late = httpx.get(f"{service.url}/things/1")
        assert late.status_code == 200
        assert late.headers["connection"] == "close"
        code, errors = service.end()
        slow.join()
    assert (code, errors) == (0, "")
    assert answers[0].json() == {"done": True}
    events = [(line["event"], line.get("route")) for line in service.lines]
    assert events.index(("request", "/slow")) < events.index(("dependencies_closed", None))
    assert events[-1] == ("stopped", None)


def test_requests_that_do_not_end_are_cut_off_after_the_grace() -> None:
    with (
        running(
            APP,
            DRAIN_DELAY_SECONDS="0",
            SHUTDOWN_GRACE_SECONDS="1",
            REQUEST_TIMEOUT_SECONDS="100",
        ) as service,
        socket.create_connection(("127.0.0.1", httpx.URL(service.url).port or 0)) as peer,
    ):
        peer.sendall(b"GET /slow?seconds=99 HTTP/1.1\r\nHost: x\r\n\r\n")
        service.wait_for("slow_started")
        started = time.monotonic()
        code, _ = service.stop()
    assert code == 0
    assert time.monotonic() - started < 50
    assert "dependencies_closed" in [line["event"] for line in service.lines]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "eighty"),
        ("LOG_LEVEL", "loud"),
        ("REQUEST_TIMEOUT_SECONDS", "0"),
        ("SHUTDOWN_GRACE_SECONDS", "1.5"),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_line(variable: str, value: str) -> None:
    with launch(APP, **{variable: value}) as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 78
    assert output == ""
    (line,) = errors.splitlines()
    assert line.startswith(f"tests: {variable}='{value}' is refused: ")


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("127.0.0.1", "Address already in use"),
        ("192.0.2.1", "Cannot assign requested address"),
        ("no.such.host.invalid", ""),
    ],
)
def test_an_address_that_cannot_be_had_stops_the_start_with_one_line(
    host: str, reason: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with launch(APP, HOST=host, PORT=port) as process:
            _, errors = process.communicate(timeout=60)
    assert process.returncode == 69
    (line,) = errors.splitlines()
    assert line.startswith(f"tests: cannot listen on {host}:{port}: ")
    assert reason in line


def test_a_megabyte_gets_its_answer_over_a_real_connection() -> None:
    with running(APP) as service:
        headers = {"Content-Type": "application/json"}
        with httpx.Client(base_url=service.url, headers=headers) as client:
            declared = client.post("/things", content=b" " * 1_000_000)
            chunked = client.post("/things", content=iter([b" " * 10_000] * 100))
        for response in (declared, chunked):
            assert response.status_code == 413
            assert response.headers["content-type"] == "application/problem+json"
        assert service.stop() == (0, "")


def test_a_service_that_cannot_start_says_why_in_one_line() -> None:
    with launch(APP, START_PROBLEM="the tables are of another version") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 70
    assert errors == "tests: the tables are of another version\n"
