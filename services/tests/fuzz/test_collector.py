"""collector does what its OpenAPI description says, whatever it is asked."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from libs.service_kit.testing import running
from services.tests.fuzz.fuzzing import assert_nothing_found, fuzz

LEAST = 500
PATIENT = {"PROBE_TIMEOUT_SECONDS": "20", "REQUEST_TIMEOUT_SECONDS": "60"}
TOKEN = "token-of-the-fuzzing-client"
"""As in collector.toml."""
JOBS = "/api/v1/jobs"


def _site(folder: Path) -> dict[str, str]:
    """Return the environment of a site with something to collect, and one client."""
    (folder / "sales.csv").write_text("record_id,sku\n1,APPLE\n2,PEAR\n")
    (folder / "sales.ndjson").write_text('{"record_id": "1"}\n{"record_id": "2"}\n')
    (folder / "token").write_text("secret-of-the-shop")
    sources = {
        "files": {"exports": str(folder)},
        "databases": {"shop": {"url": f"sqlite:///{folder}/shop.sqlite3"}},
        "secrets": {"shop-token": {"file": f"{folder}/token", "origins": ["http://127.0.0.1:1"]}},
        "networks": ["127.0.0.0/8"],
    }
    (folder / "sources.json").write_text(json.dumps(sources))
    clients = {"fuzzer": sha256(TOKEN.encode()).hexdigest()}
    (folder / "clients.json").write_text(json.dumps(clients))
    return {
        "DATA_DIR": f"{folder}/data",
        "SOURCES_FILE": f"{folder}/sources.json",
        "CLIENTS_FILE": f"{folder}/clients.json",
        # Quotas have tests of their own; here they would hide what is behind them.
        "MAX_ACTIVE_JOBS_PER_CLIENT": "10000",
        "MAX_JOBS_PER_MINUTE_PER_CLIENT": "100000",
        "POLL_SECONDS": "0.2",
    }


def test_collector_is_as_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site"
    site.mkdir()
    with running("services.collector.app:app", **_site(site), **PATIENT) as service:
        run = fuzz(service.url, configuration="collector.toml", folder=tmp_path)
    with capsys.disabled():
        print(f"\n{run.summary}")
    assert_nothing_found(
        run,
        least=LEAST,
        succeeding={
            "GET /health",
            "GET /ready",
            "GET /metrics",
            f"POST {JOBS}/trigger",
            f"GET {JOBS}",
            f"GET {JOBS}/status/{{job_id}}",
            f"GET {JOBS}/result/{{job_id}}",
            f"GET {JOBS}/result/{{job_id}}/download",
            f"POST {JOBS}/cancel/{{job_id}}",
        },
    )
