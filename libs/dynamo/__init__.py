"""Typed access to DynamoDB: tables, conditional and transactional writes."""

from libs.dynamo.actions import Delete, Put, Update
from libs.dynamo.client import Dynamo, Page, connect
from libs.dynamo.errors import (
    CancellationReason,
    ConditionFailedError,
    ConflictError,
    DynamoError,
    RequestRefusedError,
    TableExistsError,
    TableMissingError,
    ThrottledError,
    TransactionCancelledError,
    UnavailableError,
)
from libs.dynamo.partitions import PARTITIONS, partition_of
from libs.dynamo.retry import Backoff
from libs.dynamo.settings import DynamoSettings
from libs.dynamo.tables import Index, TableMismatchError, TableSpec, create_tables
from libs.dynamo.values import Item, whole_number

__all__ = [
    "PARTITIONS",
    "Backoff",
    "CancellationReason",
    "ConditionFailedError",
    "ConflictError",
    "Delete",
    "Dynamo",
    "DynamoError",
    "DynamoSettings",
    "Index",
    "Item",
    "Page",
    "Put",
    "RequestRefusedError",
    "TableExistsError",
    "TableMismatchError",
    "TableMissingError",
    "TableSpec",
    "ThrottledError",
    "TransactionCancelledError",
    "UnavailableError",
    "Update",
    "connect",
    "create_tables",
    "partition_of",
    "whole_number",
]
