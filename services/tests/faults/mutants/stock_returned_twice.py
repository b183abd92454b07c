"""order_processor that closes a reservation whether or not it was closed meanwhile."""

from collections.abc import Sequence
from dataclasses import replace

from libs.dynamo import Dynamo, Update
from libs.dynamo.actions import Action
from services.order_processor.app import app

__all__ = ["app"]

_transact = Dynamo.transact


async def _transact_anyway(dynamo: Dynamo, actions: Sequence[Action]) -> None:
    await _transact(dynamo, [_unconditional(action) for action in actions])


def _unconditional(action: Action) -> Action:
    if isinstance(action, Update) and action.condition == "#status = :held":
        # DynamoDB refuses a value that no expression names.
        return replace(action, condition="#status = :held OR attribute_exists(order_id)")
    return action


Dynamo.transact = _transact_anyway  # type: ignore[assignment, method-assign]
