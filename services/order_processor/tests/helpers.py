"""Short forms of the requests that most tests make."""

import httpx

type Lines = dict[str, int]


async def put_stock(client: httpx.AsyncClient, sku: str, on_hand: int) -> None:
    """Set the units on hand."""
    response = await client.put(f"/v1/inventory/{sku}", json={"on_hand": on_hand})
    assert response.status_code == 200, response.text


async def stock(client: httpx.AsyncClient, sku: str) -> tuple[int, int, int]:
    """Return the units on hand, reserved and sold."""
    level = (await client.get(f"/v1/inventory/{sku}")).json()
    return level["on_hand"], level["reserved"], level["sold"]


async def reserve(client: httpx.AsyncClient, order_id: str, lines: Lines) -> httpx.Response:
    """Ask for the stock of an order, given as SKU -> quantity."""
    body = {
        "order_id": order_id,
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()],
    }
    return await client.post("/v1/reservations", json=body)
