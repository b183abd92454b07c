"""`up` and `demo` as programs: the README's commands, their refusals and their ends."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import re
import shlex
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.dev.catalogue import load_catalogue
from tools.dev.demo_orders import orders
from tools.dev.ports import PORTS
from tools.dev.queues import STOCK_ALERTS
from tools.dev.running import read_program
from tools.dev.up import SERVICES
from tools.sns_local.topics import take

# Not resolved: the built programs lie beside this test's folder in the runfiles.
FOLDER = Path(__file__).parent.parent
OFFSET = 10_000
START_SECONDS = 90
STOP_SECONDS = 30
WEBHOOK_SECONDS = 30
DEMO_SECONDS = 150
ORDERS = 200
TOUCHED_SKU = "enamel-mug"
LOW_SKU = "kettle"
# Three servers and eight programs.
CHILDREN = 11
PROMISES = 16


class Up:
    """A running `up`, with what it printed so far."""

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [
                *(str(FOLDER / "up"), f"--data-dir={data_dir}", f"--port-offset={OFFSET}"),
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.text = ""
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self.text += line
                self._lines.put(line)
        self._lines.put("")

    def wait_for(self, part: str) -> None:
        """Wait until a line has the part."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            line = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            assert line, f"`up` ended:\n{self.text}"
            if part in line:
                return

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def children(self) -> dict[str, int]:
        """Return the process ids of the programs, by what their command line ends with."""
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdecimal():
                continue
            with contextlib.suppress(OSError):
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                if int(parent) == self.process.pid:
                    found[(folder / "cmdline").read_text().replace("\0", " ")] = int(folder.name)
        return found


@contextlib.contextmanager
def running(data_dir: Path, *arguments: str) -> Iterator[Up]:
    up = Up(data_dir, *arguments)
    try:
        up.wait_for("Ctrl-C stops everything")
        yield up
    finally:
        if up.process.poll() is None:
            up.end()


def run(
    name: str, *arguments: str, seconds: int = START_SECONDS
) -> subprocess.CompletedProcess[str]:
    command = [str(FOLDER / name), f"--port-offset={OFFSET}", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds)


def get(path: str, program: str = "order_api") -> Any:
    address = f"http://127.0.0.1:{PORTS[program] + OFFSET}{path}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.load(answer)


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def up(data_dir: Path) -> Iterator[Up]:
    with running(data_dir) as program:
        yield program


def test_the_table_has_addresses_that_answer(up: Up) -> None:
    rows = re.findall(r"^(\w+) +(http\S+) +(http\S+) +(http\S+)$", up.text, re.MULTILINE)
    assert [row[0] for row in rows] == list(SERVICES)
    for _, *addresses in rows:
        for address in (f"{addresses[0]}/ready", *addresses[1:]):
            with urllib.request.urlopen(address, timeout=10) as answer:
                assert answer.status == 200


@pytest.mark.usefixtures("up")
def test_the_catalogue_is_in_stock() -> None:
    for sku, on_hand in load_catalogue().items():
        assert get(f"/v1/inventory/{sku}", "order_processor")["on_hand"] == on_hand


def test_the_printed_command_places_an_order(up: Up) -> None:
    """The command is read as a shell reads it; curl itself is not part of the build."""
    printed = re.search(r"^  (curl .*\\\n.*)$", up.text, re.MULTILINE)
    assert printed
    words = shlex.split(printed[1].replace("$(date +%s%N)", "some-key"))
    options: dict[str, list[str]] = {"-H": [], "-d": [], "-sS": []}
    address = next(word for word in words if word.startswith("http"))
    for option, value in itertools.pairwise(words):
        if option in ("-H", "-d"):
            options[option].append(value)
    request = urllib.request.Request(
        address,
        data=options["-d"][0].encode(),
        headers=dict(header.split(": ", 1) for header in options["-H"]),
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201
        order = json.load(answer)
    assert order["status"] == "CONFIRMED"
    assert order["lines"][0]["sku"] == TOUCHED_SKU
    assert get(f"/v1/orders/{order['order_id']}") == order


@pytest.mark.usefixtures("up")
def test_an_order_is_told_to_the_subscriber_by_signed_webhooks() -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORTS['order_api'] + OFFSET}/v1/orders",
        data=json.dumps(
            {"customer_id": "me", "lines": [{"sku": TOUCHED_SKU, "quantity": 1}]}
        ).encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": "a-webhook"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        order_id = json.load(answer)["order_id"]
    wanted = [f"{order_id}.1", f"{order_id}.2"]
    deadline = time.monotonic() + WEBHOOK_SECONDS
    while time.monotonic() < deadline:
        deliveries = get("/deliveries?after=0", "subscriber")["deliveries"]
        taken = [one["id"] for one in deliveries if not one["problem"]]
        if [name for name in taken if name in wanted] == wanted:
            return
        time.sleep(0.1)
    pytest.fail(f"the subscriber was sent {deliveries}")


@pytest.mark.usefixtures("up")
def test_low_stock_is_told_to_the_topic() -> None:
    for on_hand in (100, 5):
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORTS['order_processor'] + OFFSET}/v1/inventory/{LOW_SKU}",
            data=json.dumps({"on_hand": on_hand}).encode(),
            headers={"Content-Type": "application/json"},
            method="PUT",
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
    deadline = time.monotonic() + WEBHOOK_SECONDS
    alerts: list[Any] = []
    while not alerts and time.monotonic() < deadline:
        alerts = take(f"http://127.0.0.1:{PORTS['sns'] + OFFSET}", STOCK_ALERTS)
        time.sleep(0.1)
    (alert,) = alerts
    assert (alert["data"]["sku"], alert["data"]["on_hand"]) == (LOW_SKU, 5)


@pytest.mark.usefixtures("up")
def test_only_loopback_listens() -> None:
    wildcards = ("00000000", "0" * 32)
    wanted = {port + OFFSET for port in PORTS.values()}
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            address, _, port = line.split()[1].partition(":")
            if line.split()[3] == "0A" and int(port, 16) in wanted:
                assert address not in wildcards
                listening.add(int(port, 16))
    assert listening == wanted


@pytest.fixture(scope="module")
def orders_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("orders") / "orders.ndjson"
    made = orders(list(load_catalogue()), count=ORDERS, seed=7)
    path.write_text("".join(json.dumps(order) + "\n" for order in made))
    return path


def demo(orders_file: Path, data_dir: Path, *arguments: str) -> dict[str, int]:
    """Run the demo and return its counts; all promises must be kept."""
    program = run(
        *("demo", f"--orders={orders_file}", f"--data-dir={data_dir}", *arguments),
        seconds=DEMO_SECONDS,
    )
    report = program.stdout
    assert program.returncode == 0, report + program.stderr
    assert len(re.findall(r"^  ok      \w", report, re.MULTILINE)) == PROMISES
    assert "BROKEN" not in report
    assert re.search(r"^latency: p50 \d+ ms, p95 \d+ ms, p99 \d+ ms$", report, re.MULTILINE)
    repeats = re.search(r"(\d+) sent twice at once and (\d+) again .* (\d+) of \3 got", report)
    assert repeats
    assert [int(number) for number in repeats.groups()] == [ORDERS / 20, ORDERS / 20, ORDERS / 10]
    counts = {
        name.strip(): int(count)
        for name, count in re.findall(r"^( *[a-z-]+) +(\d+)$", report, re.MULTILINE)
    }
    events = re.search(r"^webhooks: (\d+) events of these orders", report, re.MULTILINE)
    killed = re.search(r"killed after (\d+) orders, and ready again after", report)
    collector = re.search(r"collector \(.* killed after (\d+) orders of the web shop, and", report)
    due = re.findall(r"^([\w-]+) +\d+ +\d+ +\d+\.\d +[1-9]\d*$", report, re.MULTILINE)
    waited = re.search(r"PENDING: (\d+), of which \1 were settled", report)
    return {
        **counts,
        "events": int(events[1]) if events else 0,
        "killed after": int(killed[1]) if killed else 0,
        "collector killed after": int(collector[1]) if collector else 0,
        "to reorder": len(due),
        "waited": int(waited[1]) if waited else 0,
    }


def test_the_demo_kills_two_services_and_every_promise_is_kept(
    up: Up, data_dir: Path, orders_file: Path
) -> None:
    counts = demo(orders_file, data_dir)
    assert counts["placed"] == ORDERS
    assert counts["killed after"] == ORDERS // 3
    assert counts["waited"] > 0
    assert min(counts[state] for state in ("confirmed", "shipped", "cancelled", "rejected")) > 0
    assert counts["unknown-sku"] > 0
    closed = counts["shipped"] + counts["cancelled"]
    assert counts["confirmed"] + closed + counts["rejected"] == ORDERS
    assert counts["events"] == 2 * ORDERS + closed
    assert counts["collector killed after"] > 0
    assert 0 < counts["to reorder"] < len(load_catalogue())
    for name in ("order_processor", "collector"):
        assert f"up: {name} was killed by SIGKILL; starting it again in" in up.text
        assert f"up: {name} is ready again after" in up.text


@pytest.mark.usefixtures("up")
def test_the_demo_can_be_repeated_and_leave_all_services_alone(
    data_dir: Path, orders_file: Path
) -> None:
    """It meets the stock, the orders and the jobs that the first run left."""
    counts = demo(orders_file, data_dir, "--no-kill")
    assert (counts["placed"], counts["killed after"]) == (ORDERS, 0)
    assert counts["collector killed after"] == 0
    assert counts["to reorder"] > 0
    assert len(get("/api/v1/jobs", "collector")["jobs"]) == 6


def test_logs_are_shown_by_program(up: Up) -> None:
    for name in (*PORTS, "functions"):
        assert re.search(rf"^{name} +\| ", up.text, re.MULTILINE)


@pytest.mark.usefixtures("up")
def test_a_second_up_on_the_folder_is_refused(data_dir: Path) -> None:
    second = run("up", f"--data-dir={data_dir}")
    assert second.returncode == 1
    assert re.fullmatch(r"up: another `up` \(process \d+\) uses .*--data-dir\n", second.stderr)


@pytest.mark.usefixtures("up")
def test_a_port_in_use_is_refused_in_one_line(tmp_path: Path) -> None:
    second = run("up", f"--data-dir={tmp_path}")
    assert second.returncode == 1
    assert re.fullmatch(r"up: port \d+ of \w+ is in use: .*--port-offset N\n", second.stderr)


def test_ctrl_c_stops_everything_in_order(up: Up) -> None:
    """Ends the `up` of the tests above; those below start their own on its ports."""
    children = up.children()
    assert len(children) == CHILDREN
    assert up.end(signal.SIGINT) == 0
    assert all(is_gone(pid) for pid in children.values())
    stopped = re.findall(r'^(\w+) +\| .*"event":"stopped"', up.text, re.MULTILINE)
    assert stopped.index("order_api") < stopped.index("order_processor")
    assert "Traceback" not in up.text
    for port in PORTS.values():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port + OFFSET))


def test_a_restart_keeps_the_stock_and_sigterm_stops_it(up: Up, data_dir: Path) -> None:
    assert up.process.returncode == 0
    with running(data_dir) as again:
        stock = get(f"/v1/inventory/{TOUCHED_SKU}", "order_processor")
        assert stock["reserved"] > 0
        assert len(get("/api/v1/jobs", "collector")["jobs"]) == 6
        assert again.end(signal.SIGTERM) == 0


def test_fresh_forgets_the_stock_and_a_killed_up_leaves_no_child(up: Up, data_dir: Path) -> None:
    assert up.process.returncode == 0
    with running(data_dir, "--fresh") as fresh:
        stock = get(f"/v1/inventory/{TOUCHED_SKU}", "order_processor")
        assert (stock["on_hand"], stock["reserved"]) == (load_catalogue()[TOUCHED_SKU], 0)
        assert get("/api/v1/jobs", "collector")["jobs"] == []
        children = fresh.children()
        assert len(children) == CHILDREN
        fresh.end(signal.SIGKILL)
    assert all(is_gone(pid) for pid in children.values())


@pytest.mark.parametrize(
    ("part", "name"), [("dynamodb_local", "dynamodb"), ("sqs_local", "sqs"), ("sns_local", "sns")]
)
def test_a_server_that_dies_is_named_and_the_rest_is_stopped(
    up: Up, tmp_path: Path, part: str, name: str
) -> None:
    assert up.process.returncode == 0
    with running(tmp_path) as other:
        children = other.children()
        os.kill(next(pid for line, pid in children.items() if part in line), signal.SIGKILL)
        assert other.process.wait(STOP_SECONDS) == 1
    assert f"up: {name} was killed by SIGKILL; its last lines:" in other.text
    assert all(is_gone(pid) for pid in children.values())


def test_a_killed_service_is_started_again_and_one_that_ends_is_not(up: Up, tmp_path: Path) -> None:
    assert up.process.returncode == 0
    with running(tmp_path) as other:
        for name in ("order_api", "order_processor", "subscriber", "functions"):
            os.kill(read_program(tmp_path, name).pid, signal.SIGKILL)
            other.wait_for(f"up: {name} was killed by SIGKILL; starting it again in 0.2 s")
            other.wait_for(f"up: {name} is ready again after")
        for name in ("order_api", "order_processor"):
            assert get("/health", name)
        children = other.children()
        assert len(children) == CHILDREN
        # A service that is asked to stop ends with a status, as one does that cannot go on.
        os.kill(read_program(tmp_path, "order_api").pid, signal.SIGTERM)
        assert other.process.wait(STOP_SECONDS) == 1
    assert "up: order_api ended with 0; its last lines:" in other.text
    assert all(is_gone(pid) for pid in children.values())
