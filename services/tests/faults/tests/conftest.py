"""Options of a run, and what every run needs: DynamoDB Local and a queue."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.dynamo.testing import CREDENTIALS
from tools.dynamodb_local import server as dynamodb_local
from tools.sqs_local import server as sqs_local

_QUEUE = "events.fifo"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take what `--test_arg` passes on."""
    parser.addoption("--seconds", type=float, help="how long clients shop")
    parser.addoption(
        "--seed",
        type=int,
        # Set by --runs_per_test, so that each of the runs makes other choices.
        default=int(os.environ.get("TEST_RANDOM_SEED", "1")),
        help="of all choices: what clients do, which faults, which kills",
    )


@pytest.fixture
def seconds(pytestconfig: pytest.Config) -> float | None:
    """How long clients shop, if the command line says it."""
    chosen: float | None = pytestconfig.getoption("--seconds")
    return chosen


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    """The run's seed."""
    chosen: int = pytestconfig.getoption("--seed")
    return chosen


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[str]:
    """Endpoint of a DynamoDB Local, with credentials in the environment."""
    with dynamodb_local.start() as db, pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield db.endpoint


@pytest.fixture
def queue_url() -> Iterator[str]:
    """URL of an empty queue."""
    with sqs_local.start(queues=[_QUEUE]) as sqs:
        yield sqs.queue_url(_QUEUE)


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """Where the history of a failed run is kept."""
    return Path(os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR", tmp_path))
