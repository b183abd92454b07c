"""Idempotency claims: who works on the request of a key, until when, and the answer it got.

A key is claimed by the first request that carries it, in the transaction that writes its order. Its
owner has a lease; when that ends without an answer, the owner is taken for crashed and the next
request of the key takes the claim over. Every change names the owner that it expects, so a slow
owner that lost its claim can write nothing any more.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from libs.dynamo import Item, Put, Update, whole_number
from services.order_api.answers import Answer

KEY_LIFETIME_SECONDS = 24 * 60 * 60
"""How long an Idempotency-Key is remembered."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One key's item."""

    key: str
    order_id: str
    fingerprint: str
    """Of the request's body: a key stands for one request."""
    owner: str
    """Token of the attempt that works on the request."""
    lease_until: int
    """Unix milliseconds."""
    answer: Answer | None = None

    @property
    def is_abandoned(self) -> bool:
        """Whether its owner had its time and gave no answer."""
        return self.answer is None and self.lease_until <= _now()

    def taken_over(self, lease_seconds: float) -> "Claim":
        """Return the claim as a new owner holds it."""
        return replace(self, owner=_new_owner(), lease_until=_now() + round(lease_seconds * 1000))


def new_claim(key: str, *, order_id: str, fingerprint: str, lease_seconds: float) -> Claim:
    """Return the claim of a request that is new as far as its owner knows."""
    return Claim(
        key=key,
        order_id=order_id,
        fingerprint=fingerprint,
        owner=_new_owner(),
        lease_until=_now() + round(lease_seconds * 1000),
    )


def claim_from(item: Item) -> Claim:
    """Return the claim that an item holds."""
    order_id = str(item["claimed_order_id"])
    answered = "answer_status" in item
    return Claim(
        key=str(item["pk"]).removeprefix("KEY#"),
        order_id=order_id,
        fingerprint=str(item["fingerprint"]),
        owner=str(item["claim_owner"]),
        lease_until=whole_number(item["lease_until"]),
        answer=Answer(order_id, whole_number(item["answer_status"]), str(item["answer_body"]))
        if answered
        else None,
    )


def claim_key(key: str) -> dict[str, str]:
    """Return the key of the claim's item."""
    return {"pk": f"KEY#{key}"}


def take(claim: Claim, *, table: str) -> Put:
    """Return the action that claims a key which nobody claimed in its lifetime."""
    now = int(time.time())
    return Put(
        table=table,
        item={
            **claim_key(claim.key),
            "claimed_order_id": claim.order_id,
            "fingerprint": claim.fingerprint,
            "claim_owner": claim.owner,
            "lease_until": claim.lease_until,
            "expires_at": now + KEY_LIFETIME_SECONDS,
        },
        # DynamoDB drops expired items late, so an expired one counts as absent.
        condition="attribute_not_exists(pk) OR expires_at <= :now",
        values={":now": now},
    )


def take_over(claim: Claim, *, from_owner: str, table: str) -> Update:
    """Return the action that makes `claim.owner` the owner of a claim that another abandoned."""
    return _owned(
        claim.key,
        "SET claim_owner = :me, lease_until = :until",
        {":owner": from_owner, ":me": claim.owner, ":until": claim.lease_until},
        table=table,
    )


def complete(claim: Claim, answer: Answer, *, table: str) -> Update:
    """Return the action with which the owner keeps the answer for whoever repeats the request."""
    return _owned(
        claim.key,
        "SET answer_status = :status, answer_body = :body",
        {":owner": claim.owner, ":status": answer.status, ":body": answer.body},
        table=table,
    )


def give_up(claim: Claim, *, table: str) -> Update:
    """Return the action with which the owner ends its own lease, so that a repeat can go on."""
    return _owned(
        claim.key,
        "SET lease_until = :now",
        {":owner": claim.owner, ":now": _now()},
        table=table,
    )


def _owned(key: str, update: str, values: Mapping[str, object], *, table: str) -> Update:
    return Update(
        table=table,
        key=claim_key(key),
        update=update,
        condition="claim_owner = :owner AND attribute_not_exists(answer_status)",
        values=values,
    )


def _new_owner() -> str:
    return secrets.token_hex(8)


def _now() -> int:
    return time.time_ns() // 1_000_000
