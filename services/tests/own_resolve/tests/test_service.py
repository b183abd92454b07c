"""The service with pandas of its own resolve and all else of the workspace's."""

import httpx
import pydantic

from libs.service_kit.testing import running
from services.tests.own_resolve.tests.helpers import SALES, WEEKS


def test_the_service_answers_with_its_own_pandas_and_the_shared_libraries() -> None:
    with running("services.tests.own_resolve.app:app", LOG_LEVEL="info") as service:
        answer = httpx.post(f"{service.url}/v1/weekly", json=SALES)
        assert 200 == answer.status_code
        assert "2" == answer.json()["pandas"].split(".")[0]
        weeks = [(week["sku"], week["monday"], week["units"]) for week in answer.json()["weeks"]]
        assert WEEKS == weeks
        refused = httpx.post(f"{service.url}/v1/weekly", json=[{**SALES[0], "quantity": "2"}])
        assert "urn:granary:problem:validation-failed" == refused.json()["type"]
        (told,) = [service.wait_for("summed up 5 records")]
    assert ("own_resolve", 3) == (told["service"], told["weeks"])
    assert pydantic.VERSION >= "2"
