"""Short forms of the requests that most tests make."""

import json
import secrets

import httpx

ORDER = {"customer_id": "ann", "lines": [{"sku": "APPLE", "quantity": 2}]}


async def place(
    client: httpx.AsyncClient, order: object = ORDER, *, key: str | None = None
) -> httpx.Response:
    """Place an order under `key`, else under a new one."""
    headers = {
        "Idempotency-Key": key or secrets.token_hex(8),
        "Content-Type": "application/json",
    }
    # Not httpx's own encoding, which cannot send escaped halves of surrogate pairs.
    return await client.post("/v1/orders", content=json.dumps(order), headers=headers)
