"""FIFO topics of the local SNS, each with a queue that shows what was published to it."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

ACCOUNT = "123456789012"
REGION = "us-east-1"
"""The region of every topic; the server keeps those of other regions apart."""
_FIFO_NAME = re.compile(r"[A-Za-z0-9_-]{1,75}\.fifo")
MOST_MESSAGES = 10


def is_fifo_name(name: str) -> bool:
    """Tell whether it can name both a FIFO topic and a FIFO queue."""
    return _FIFO_NAME.fullmatch(name) is not None


def topic_arn(topic: str) -> str:
    """Return the ARN of a topic of that name."""
    return f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic}"


# A client takes longer to make than all that is asked of it.
@functools.cache
def sns_client(endpoint: str) -> SNSClient:
    """Return a client of the SNS at `endpoint`."""
    return _session().client("sns", endpoint_url=endpoint)


@functools.cache
def sqs_client(endpoint: str) -> SQSClient:
    """Return a client of the queues at `endpoint`, which are not those of tools/sqs_local."""
    return _session().client("sqs", endpoint_url=endpoint)


def create(endpoint: str, topic: str) -> None:
    """Create a FIFO topic and a FIFO queue of the same name that gets the bare messages."""
    sns, sqs = sns_client(endpoint), sqs_client(endpoint)
    arn = sns.create_topic(Name=topic, Attributes={"FifoTopic": "true"})["TopicArn"]
    sqs.create_queue(QueueName=topic, Attributes={"FifoQueue": "true"})
    sns.subscribe(
        TopicArn=arn,
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{topic}",
        # Else the queue gets an envelope of SNS' own with the message in it.
        Attributes={"RawMessageDelivery": "true"},
    )


def take(endpoint: str, topic: str) -> list[dict[str, Any]]:
    """Return what was published to a topic since the last call, as JSON, in order."""
    sqs = sqs_client(endpoint)
    url = f"{endpoint}/{ACCOUNT}/{topic}"
    taken: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=MOST_MESSAGES).get(
        "Messages"
    ):
        for message in messages:
            taken.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return taken


def _session() -> boto3.Session:
    return boto3.Session(
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106
        region_name=REGION,
    )
