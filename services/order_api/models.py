"""What order_api alone takes: the rest is in libs/contracts/orders.py."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from libs.contracts.orders import CustomerId


class ListQuery(BaseModel):
    """Parameters of the list of orders."""

    model_config = ConfigDict(extra="forbid")

    customer_id: CustomerId
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
